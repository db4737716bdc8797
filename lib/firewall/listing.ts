import { Refusal } from "../refusal.ts";

/** A table as `nft -j list table` shows it, brought into a form in which two tables can be compared. */
export type Listing = {
  /** Of each chain: its hook, and its rules, without handles and counts. */
  readonly chains: ReadonlyMap<string, { readonly hook: string; readonly rules: readonly string[] }>;
  /** Of each set: its type, and its elements in order. */
  readonly sets: ReadonlyMap<string, { readonly type: string; readonly elements: readonly string[] }>;
  /** Of each named counter: the packets. */
  readonly counters: ReadonlyMap<string, number>;
};

/** Throws Refusal for a listing of another version than the one this was written for. */
export function parseListing(json: string): Listing {
  const chains = new Map<string, { hook: string; rules: string[] }>();
  const sets = new Map<string, { type: string; elements: string[] }>();
  const counters = new Map<string, number>();
  for (const object of objectsOf(json)) {
    const { metainfo, chain, rule, set, counter } = object;
    if (metainfo !== undefined && metainfo["json_schema_version"] !== 1) throw unknownListing();
    if (chain !== undefined) {
      const { name, type, hook, prio, policy } = chain;
      chains.set(String(name), { hook: JSON.stringify([type, hook, prio, policy]), rules: [] });
    }
    if (rule !== undefined)
      chains.get(String(rule["chain"]))?.rules.push(JSON.stringify([rule["comment"], rule["expr"]]));
    if (set !== undefined) {
      const { name, type, flags, elem } = set;
      const elements = Array.isArray(elem) ? elem.map((element) => elementText(element)).toSorted() : [];
      sets.set(String(name), { type: JSON.stringify([type, flags]), elements });
    }
    if (counter !== undefined) counters.set(String(counter["name"]), Number(counter["packets"]));
  }
  return { chains, sets, counters };
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

/** An element as a person reads it: `198.51.100.1 . udp . 1194`, `10.0.0.0/8`. */
function elementText(element: unknown): string {
  if (typeof element !== "object" || element === null) return String(element);
  const { concat, prefix } = element as {
    concat?: readonly unknown[];
    prefix?: { addr: string; len: number };
  };
  if (concat !== undefined) return concat.map(elementText).join(" . ");
  if (prefix !== undefined) return `${prefix.addr}/${prefix.len}`;
  return JSON.stringify(element);
}

function unknownListing(): Refusal {
  return new Refusal(
    "nft lists its rules in a form that is not known",
    "report this with the output of: nft --version",
  );
}
