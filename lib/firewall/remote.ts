import type { Address } from "../address.ts";
import { parsePort } from "../port.ts";
import { parseDecimal } from "../text.ts";
import type { Listing } from "./listing.ts";
import { type Expression, elementWords, fieldsOf } from "./match.ts";
import type { What } from "./packet.ts";

/** How OpenVPN's packets to a remote are known, by what is in force. */
export type KnownSender = {
  readonly what: What & { readonly protocol: "tcp" | "udp" };
  readonly by: "mark" | "user";
  readonly number: number;
};

const protocols = { 6: "tcp", 17: "udp" } as const;

/** Who may send to an address as OpenVPN, and to which of its ports. */
export function sendersTo({ family, text }: Address, { sets }: Listing): readonly KnownSender[] {
  return (["mark", "user"] as const).flatMap((by) =>
    (sets.get(`remotes_by_${by}${family}`)?.elements ?? []).flatMap((element) => {
      const [identity = "", address, protocolNumber, portText = ""] = elementWords(element);
      const number = parseDecimal(identity);
      const protocol =
        protocolNumber === "6" || protocolNumber === "17" ? protocols[protocolNumber] : undefined;
      const port = parsePort(portText);
      if (address !== text || number === undefined || protocol === undefined || port === undefined) return [];
      return [{ what: { protocol, port }, by, number }];
    }),
  );
}

/** Whether a profile has a remote there. */
export function isRemote({ family, text }: Address, { sets }: Listing): boolean {
  const remotes = sets.get(`remotes${family}`)?.elements ?? [];
  return remotes.some((element) => elementWords(element)[0] === text);
}

/** The services of this machine that rules for arriving packets name. */
export function servicesNamed({ chains }: Listing): readonly What[] {
  const services = new Map<string, What>();
  for (const name of ["input", "from_tunnel"]) {
    for (const text of chains.get(name)?.rules ?? []) {
      const [, expressions] = JSON.parse(text) as [unknown, readonly Expression[]];
      for (const service of expressions.flatMap(serviceOf)) services.set(JSON.stringify(service), service);
    }
  }
  return [...services.values()];
}

function serviceOf(expression: Expression): readonly What[] {
  return [...serviceMatched(expression), ...servicesMapped(expression)];
}

/** The keys of a map of counters, as exceptions have it: address, protocol, port. */
function servicesMapped(expression: Expression): readonly What[] {
  const { key, data } = fieldsOf(fieldsOf(expression["counter"])["map"]);
  const { set } = fieldsOf(data);
  if (!JSON.stringify(key ?? "").includes('"dport"') || !Array.isArray(set)) return [];
  return set.flatMap(([tuple]: unknown[]) => {
    const { concat } = fieldsOf(tuple);
    const [, number, portNumber]: readonly unknown[] = Array.isArray(concat) ? concat : [];
    const protocol = number === 6 || number === 17 ? protocols[number] : undefined;
    const port = parsePort(String(portNumber));
    return protocol === undefined || port === undefined ? [] : [{ protocol, port }];
  });
}

function serviceMatched(expression: Expression): readonly What[] {
  const { left, right } = fieldsOf(expression["match"]);
  const { protocol, field } = fieldsOf(fieldsOf(left)["payload"]);
  const port = parsePort(String(right));
  return (protocol === "tcp" || protocol === "udp") && field === "dport" && port !== undefined
    ? [{ protocol, port }]
    : [];
}
