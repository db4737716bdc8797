import { parseAddress } from "../address.ts";
import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import { Refusal } from "../refusal.ts";
import { parseOpened } from "./since.ts";
import type { OpenTunnel } from "./transaction.ts";

/** A table as `nft -j list table` shows it, brought into a form in which two tables can be compared. */
export type Listing = {
  /** Whether the table has any flag: a dormant one lists as ever and does nothing. */
  readonly flagged: boolean;
  /** Of each chain: its hook, whether its policy is to drop, and its rules, without handles and counts. */
  readonly chains: ReadonlyMap<
    string,
    { readonly hook: string; readonly drops: boolean; readonly rules: readonly string[] }
  >;
  /** Of each set and map: its type, and its elements in order. */
  readonly sets: ReadonlyMap<string, { readonly type: string; readonly elements: readonly string[] }>;
  /** Of each set, those of its elements that have a timeout: the seconds that are left. */
  readonly times: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Of each named counter: the packets. */
  readonly counters: ReadonlyMap<string, number>;
};

/** Throws Refusal for a listing of another version than the one this was written for. */
export function parseListing(json: string): Listing {
  let flagged = false;
  const chains = new Map<string, { hook: string; drops: boolean; rules: string[] }>();
  const sets = new Map<string, { type: string; elements: string[] }>();
  const times = new Map<string, ReadonlyMap<string, number>>();
  const counters = new Map<string, number>();
  for (const object of objectsOf(json)) {
    const { metainfo, table, chain, rule, map, set = map, counter } = object;
    if (metainfo !== undefined && metainfo["json_schema_version"] !== 1) throw unknownListing();
    // nft 1.0.6 writes something else than the flags here, but only where there are some.
    if (table?.["flags"] !== undefined) flagged = true;
    if (chain !== undefined) {
      const { name, type, hook, prio, policy } = chain;
      chains.set(String(name), {
        hook: JSON.stringify([type, hook, prio, policy]),
        drops: policy === "drop",
        rules: [],
      });
    }
    if (rule !== undefined)
      chains.get(String(rule["chain"]))?.rules.push(JSON.stringify([rule["comment"], rule["expr"]]));
    if (set !== undefined) {
      const { name, type, flags, elem, map: to } = set;
      const elements = Array.isArray(elem) ? elem.map((element) => elementText(element)).toSorted() : [];
      sets.set(String(name), {
        type: JSON.stringify(to === undefined ? [type, flags] : [type, flags, to]),
        elements,
      });
      if (Array.isArray(elem)) times.set(String(name), new Map(elem.flatMap(timeOf)));
    }
    if (counter !== undefined) counters.set(String(counter["name"]), Number(counter["packets"]));
  }
  return { flagged, chains, sets, times, counters };
}

/** The interfaces that are open by the set of tunnels. nft names an element's index by who has it now, if anybody. */
export function openTunnels(listing: Listing): readonly OpenTunnel[] {
  const elements = listing.sets.get("tunnels")?.elements ?? [];
  return elements.flatMap(parseOpenTunnel).map((tunnel) => ({
    ...tunnel,
    resolvers: resolversOf(listing, tunnel.device).flatMap((text) => parseAddress(text) ?? []),
  }));
}

/** The cards that are open for a time, each with the seconds that are left of it. */
export function pausedCards({ times }: Listing): readonly (readonly [InterfaceName, number])[] {
  return [...(times.get("paused") ?? [])].flatMap(([element, left]) =>
    parseOpenTunnel(element).map(({ device }) => [device, left] as const),
  );
}

function parseOpenTunnel(element: string): readonly Omit<OpenTunnel, "resolvers">[] {
  // Whatever is said after the two names, it is open.
  const [, holder = "", opened, comment = ""] =
    /^(\S+) \. (\S+)(?: comment "(.*)"| .*)?$/s.exec(element) ?? [];
  const device = holder === opened ? parseInterfaceName(holder) : undefined;
  return device === undefined ? [] : [{ device, opened: parseOpened(comment) }];
}

/** Where the names of a tunnel's far side may be looked up, as hooks have brought it. */
export function resolversOf({ sets }: Listing, device: InterfaceName): readonly string[] {
  const elements = ["resolvers4", "resolvers6"].flatMap((name) => sets.get(name)?.elements ?? []);
  return elements.flatMap((element) => {
    const [holder, address, ...rest] = element.split(" . ");
    return holder === device && address !== undefined && rest.length === 0 ? [address] : [];
  });
}

type Fields = Readonly<Record<string, unknown>>;

function objectsOf(json: string): readonly Readonly<Record<string, Fields | undefined>>[] {
  try {
    const { nftables } = JSON.parse(json) as {
      nftables: readonly Readonly<Record<string, Fields | undefined>>[];
    };
    if (Array.isArray(nftables)) return nftables;
  } catch {
    // Told below.
  }
  throw unknownListing();
}

/** An element as a person reads it: `198.51.100.1 . udp . 1194`, `10.0.0.0/8`; what it has besides its value, after it. */
function elementText(element: unknown): string {
  if (typeof element !== "object" || element === null) return String(element);
  // Of a map.
  if (Array.isArray(element)) return element.map(elementText).join(" : ");
  const { concat, prefix, elem } = element as {
    concat?: readonly unknown[];
    prefix?: { addr: string; len: number };
    elem?: { val: unknown; comment?: string };
  };
  if (elem !== undefined) {
    const { val, ...more } = elem;
    const { comment, ...others } = more;
    const isComment = typeof comment === "string" && Object.keys(others).length === 0;
    return `${elementText(val)} ${isComment ? `comment "${comment}"` : JSON.stringify(more)}`;
  }
  if (concat !== undefined) return concat.map(elementText).join(" . ");
  if (prefix !== undefined) return `${prefix.addr}/${prefix.len}`;
  return JSON.stringify(element);
}

function timeOf(element: unknown): readonly (readonly [string, number])[] {
  const { elem } = (element ?? {}) as { elem?: { expires?: unknown } };
  return typeof elem?.expires === "number" ? [[elementText(element), elem.expires]] : [];
}

function unknownListing(): Refusal {
  return new Refusal(
    "nft lists its rules in a form that is not known",
    "report this with the output of: nft --version",
  );
}
