import { isRedirectMap } from "../firewall/dns-redirect.ts";
import { type Listing, openTunnels } from "../firewall/listing.ts";
import type { Content, Ruleset } from "../firewall/ruleset.ts";
import type { InterfaceName } from "../interface.ts";
import { type LinkReport, asAsked, isSound, notInKernel } from "./link-report.ts";

/** The differences between what is in force and what the policy asks for; "as asked" where there is none. */
export type Verdicts = LinkReport & {
  readonly table: string;
  readonly chains: Readonly<Record<string, string>>;
  readonly sets: Readonly<Record<string, string>>;
};

/** Remotes of a profile that the policy does not name, or of a name that has moved: open to their OpenVPN, until `enable`. */
const broughtByHooks = "more than asked, brought by a connection:";

/** `wanted` is the listing of `ruleset` alone. */
export function compare(
  ruleset: Ruleset,
  wanted: Listing,
  actual: Listing,
  links: LinkReport,
  isTunnel: (name: InterfaceName) => boolean,
): Verdicts {
  const strangers = openTunnels(actual).filter(({ device }) => !isTunnel(device));
  return {
    nics: links.nics,
    arp: links.arp,
    table: actual.flagged ? "has flags: a dormant table does nothing" : asAsked,
    chains: compareChains(wanted, actual),
    sets: {
      ...compareSets(ruleset, wanted, actual),
      ...(strangers.length > 0 && {
        tunnels: `open through ${strangers.map(({ device }) => device).join(", ")}, which is no tunnel`,
      }),
    },
  };
}

/** Whether other rules are in force than were asked for; what is only missing yet, or came with a connection, is no damage. */
export function isDamaged({ table, chains, sets, nics, arp }: Verdicts): boolean {
  const rules = [table, ...Object.values(chains), ...Object.values(sets)];
  return !(
    rules.every((verdict) => verdict === asAsked || verdict.startsWith(broughtByHooks)) &&
    [arp, ...Object.values(nics)].every(isSound)
  );
}

/** A line for each that differs. */
export function differencesIn({ table, chains, sets, nics, arp }: Verdicts): readonly string[] {
  const layers = [...nicLines(nics), ["ARP", arp]].filter(([, verdict]) => verdict !== notInKernel);
  const isGone = Object.values(chains).every((verdict) => verdict === "missing");
  // Then each of them is.
  const rules = isGone
    ? [["table inet vpn_firewall", "missing"]]
    : [
        ["table", table],
        ...Object.entries(chains).map(([name, verdict]) => [`chain ${name}`, verdict]),
        ...Object.entries(sets).map(([name, verdict]) => [`set ${name}`, verdict]),
      ];
  return [...rules, ...layers].flatMap(([what = "", verdict = ""]) =>
    verdict === asAsked ? [] : [`${what}: ${verdict}`],
  );
}

/** What stands below the lock, and how it is. */
export function layerLines({ nics, arp }: LinkReport): readonly string[] {
  return [...nicLines(nics), ["ARP", arp]].map(([layer = "", verdict = ""]) => `${layer}: ${verdict}`);
}

function nicLines(nics: LinkReport["nics"]): readonly (readonly string[])[] {
  return Object.entries(nics).map(([name, verdict]) => [`NIC guard at ${name}`, verdict]);
}

function compareChains(wanted: Listing, actual: Listing): Readonly<Record<string, string>> {
  // A chain that an earlier policy had stays behind without rules, and accepts.
  const used = [...actual.chains].filter(
    ([name, { rules, drops }]) => rules.length > 0 || drops || wanted.chains.has(name),
  );
  return compareAll(wanted.chains, new Map(used), (want, is) => {
    if (want.hook !== is.hook) return "another hook, priority or policy";
    if (want.rules.join("\n") === is.rules.join("\n")) return asAsked;
    return want.rules.length === is.rules.length
      ? "other rules"
      : `${is.rules.length} rules instead of ${want.rules.length}`;
  });
}

function compareSets(ruleset: Ruleset, wanted: Listing, actual: Listing): Readonly<Record<string, string>> {
  const owners = new Map<string, Content["of"]>(ruleset.sets.map(({ name, content }) => [name, content.of]));
  const used = [...actual.sets].filter(([name]) => wanted.sets.has(name) || !isRedirectMap(name));
  return compareAll(wanted.sets, new Map(used), (want, is, name) => {
    if (want.type !== is.type) return "another type";
    const owner = owners.get(name);
    if (owner === "hooks") return asAsked;
    if (owner === "time") return withoutEnd(actual, name);
    const missing = want.elements.filter((element) => !is.elements.includes(element));
    const extra = is.elements.filter((element) => !want.elements.includes(element));
    if (missing.length > 0) return `missing ${missing.join(", ")}`;
    if (extra.length === 0) return asAsked;
    return `${owner === "profiles" ? broughtByHooks : "more than asked:"} ${extra.join(", ")}`;
  });
}

/** What another program has put there so that it stays. */
function withoutEnd({ sets, times }: Listing, set: string): string {
  const staying = sets.get(set)?.elements.filter((element) => times.get(set)?.has(element) !== true) ?? [];
  return staying.length === 0 ? asAsked : `without an end: ${staying.join(", ")}`;
}

function compareAll<Value>(
  wanted: ReadonlyMap<string, Value>,
  actual: ReadonlyMap<string, Value>,
  compareOne: (want: Value, is: Value, name: string) => string,
): Readonly<Record<string, string>> {
  const names = [...new Set([...wanted.keys(), ...actual.keys()])].toSorted();
  return Object.fromEntries(
    names.map((name) => {
      const want = wanted.get(name);
      const is = actual.get(name);
      if (is === undefined) return [name, "missing"];
      return [name, want === undefined ? "not ours" : compareOne(want, is, name)];
    }),
  );
}
