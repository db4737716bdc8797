/** Whether the policy asks for what a rule says. */
import { BlockList, isIP } from "node:net";
import type { Exception } from "../../lib/policy/policy.ts";
import type { Asked } from "./asked.ts";
import { type Clause, counterOf } from "./clause.ts";

export const namesTunnels: Clause["permits"] = ({ policy }, { tunnels }) => lists(tunnels, policy.interfaces);
export const namesFrom: Clause["permits"] = ({ policy }, { from }) =>
  lists(
    from,
    policy.forward.from.filter((name) => !name.endsWith("*")),
  ) || policy.forward.from.some((name) => name.endsWith("*") && from === `"${name}"`);
export const namesBoth: Clause["permits"] = (asked, said) =>
  namesTunnels(asked, said) && namesFrom(asked, said);

/** All of them and no others, in whatever order: it says nothing to the kernel. */
function lists(text: string | undefined, names: readonly string[]): boolean {
  const listed = Array.from(text?.matchAll(/"([^"]+)"/g) ?? [], ([, name = ""]) => name);
  return names.length > 0 && listed.toSorted().join() === names.toSorted().join();
}

/** Every element one of the exceptions, or a part of its network, and with its own counter where it has one. */
export function exceptionsAre(direction: Exception["direction"]): Clause["permits"] {
  return ({ policy }, { ip, tuples = "", tunnels }) =>
    (tunnels === undefined || lists(tunnels, policy.interfaces)) &&
    tuples.split(", ").every((tuple) =>
      policy.exceptions.some((each) => {
        const { address, protocol, port } = each;
        const [, network = "", service, counter] = /^(\S+) \. (\S+ \. \d+)(?: : "(\w+)")?$/.exec(tuple) ?? [];
        return (
          each.direction === direction &&
          ip === (address.family === 4 ? "ip" : "ip6") &&
          isWithin(network, address) &&
          service === `${protocol} . ${port}` &&
          (counter === undefined || counter === counterOf(each))
        );
      }),
    );
}

function isWithin(text: string, { text: whole, prefix, family }: Exception["address"]): boolean {
  const [address = "", length = "128"] = text.split("/");
  const [first = ""] = whole.split("/");
  const outer = new BlockList();
  const name = family === 4 ? "ipv4" : "ipv6";
  outer.addSubnet(first, prefix, name);
  return isIP(address) === family && Number(length) >= prefix && outer.check(address, name);
}

export const forwards: Clause["permits"] = ({ policy }) => policy.forward.from.length > 0;
export const masquerades: Clause["permits"] = (asked) =>
  forwards(asked, {}) && asked.policy.forward.masquerade;
export const redirects: Clause["permits"] = ({ policy }) =>
  policy.forward.from.length > 0 && policy.forward.dns === "redirect";
export const redirectsFrom: Clause["permits"] = (asked, said) =>
  redirects(asked, said) && namesFrom(asked, said);
export const redirectsToPushed: Clause["permits"] = (asked, said) =>
  redirects(asked, said) && typeof asked.policy.tunnel.dns === "string";
export const goesToLan: Clause["permits"] = ({ policy }) =>
  policy.forward.lan && policy.lan.allow.length > 0 && policy.forward.from.length > 0;
export const goesToLanFrom: Clause["permits"] = (asked, said) =>
  goesToLan(asked, said) && namesFrom(asked, said);
/** What an engine leads on from a port that the LAN may reach. */
export const publishes: Clause["permits"] = ({ policy: { forward, lan } }) =>
  forward.from.length > 0 && lan.inbound.length > 0 && lan.allow.length > 0;
export const publishesFrom: Clause["permits"] = (asked, said) =>
  publishes(asked, said) &&
  namesFrom(asked, said) &&
  asked.policy.lan.inbound.some(
    (each) => each.protocol === said["protocol"] && String(each.port) === said["port"],
  );
/** The bit beside the stamp's, in a mask that has it, or all but these two. */
export const betweenBridges: Clause["permits"] = (asked, said) => {
  const { stamp } = asked.policy;
  const [bit, other] = [2 ** ((stamp + 1) % 31), 2 ** stamp];
  return (
    namesFrom(asked, said) &&
    (said["bridges"] === undefined || namesFrom(asked, { from: said["bridges"] })) &&
    Number.parseInt(said["between"] ?? "", 16) === bit &&
    (said["neither"] === undefined || Number.parseInt(said["neither"], 16) === 0xffffffff - bit - other)
  );
};
export const givesAddresses: Clause["permits"] = (asked, said) =>
  asked.policy.forward.dhcp && namesFrom(asked, said);
/** A port of the provider's, as the policy has it. */
export const leadsTo: Clause["permits"] = (
  { policy: { forward, interfaces } },
  { ip, peer, protocol, port, tunnels },
) =>
  (tunnels === undefined || lists(tunnels, interfaces)) &&
  forward.inbound.some(
    (each) =>
      each.protocol === protocol &&
      String(each.port) === port &&
      each.to.text === peer &&
      ip === (each.to.family === 4 ? "ip" : "ip6"),
  );
export const leadsToFrom: Clause["permits"] = (asked, said) => leadsTo(asked, said) && namesFrom(asked, said);
export const masqueradesFrom: Clause["permits"] = (asked, said) =>
  masquerades(asked, said) &&
  namesFrom(asked, said) &&
  (said["tunnels"] === undefined || namesTunnels(asked, said));

export const has6 = ({ policy }: Asked): boolean => policy.lan.allow.some(({ family }) => family === 6);
export const has4 = ({ policy }: Asked): boolean => policy.lan.allow.some(({ family }) => family === 4);
