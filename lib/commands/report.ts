import { exceptionCounter } from "../firewall/leaving.ts";
import { type Listing, openInterfaces } from "../firewall/listing.ts";
import type { Content, Ruleset } from "../firewall/ruleset.ts";
import type { InterfaceName } from "../interface.ts";
import type { Policy } from "../policy/policy.ts";
import { type LinkReport, asAsked, isSound, notInKernel } from "./link-report.ts";
import { type NamesReport, areNamesSound, namesText } from "./names-report.ts";

/** What `status` tells; `status --json` prints it as it is. */
export type Report = { readonly state: "disabled" } | (RulesReport & NamesReport);

/** What the kernel holds. */
export type RulesReport = {
  readonly state: "closed" | "open" | "damaged";
  /** The interfaces that are there and open: by a hook, or by name in the policy. */
  readonly tunnels: readonly string[];
  /** The differences between what is in force and what the policy asks for; "as asked" where there is none. */
  readonly table: string;
  readonly chains: Readonly<Record<string, string>>;
  readonly sets: Readonly<Record<string, string>>;
  /** Of each network card its guard. */
  readonly nics: Readonly<Record<string, string>>;
  /** The rules that keep a card from speaking of other interfaces' addresses. */
  readonly arp: string;
  readonly blocked: Readonly<Record<"out" | "in" | "forward" | "nic", number>>;
  /** Of each exception of the policy: the packets that went through it. */
  readonly exceptions: Readonly<Record<string, number>>;
};

/** What the machine says of an interface. */
export type Interfaces = {
  readonly isPresent: (name: InterfaceName) => boolean;
  readonly isTunnel: (name: InterfaceName) => boolean;
};

/** Remotes of a profile that the policy does not name, or of a name that has moved: open to their OpenVPN, until `enable`. */
const broughtByHooks = "more than asked, brought by a connection:";

/** What is below the lock, and how many packets stopped there. */
export type Links = LinkReport & { readonly blocked: number };

/** `wanted` is the listing of `ruleset` alone. */
export function compare(
  { ruleset, policy }: { readonly ruleset: Ruleset; readonly policy: Policy },
  wanted: Listing,
  actual: Listing,
  { nics, arp, blocked }: Links,
  { isPresent, isTunnel }: Interfaces,
): RulesReport {
  const table = actual.flagged ? "has flags: a dormant table does nothing" : asAsked;
  const chains = compareChains(wanted, actual);
  const opened = openInterfaces(actual);
  const sets = {
    ...compareSets(ruleset, wanted, actual),
    ...(opened.every(isTunnel)
      ? {}
      : {
          tunnels: `open through ${opened.filter((name) => !isTunnel(name)).join(", ")}, which is no tunnel`,
        }),
  };
  const tunnels = [...opened, ...policy.interfaces.filter(isPresent)];
  const sound =
    [table, ...Object.values(chains), ...Object.values(sets)].every(
      (verdict) => verdict === asAsked || verdict.startsWith(broughtByHooks),
    ) && [arp, ...Object.values(nics)].every(isSound);
  const packets = (counter: string) => actual.counters.get(counter) ?? 0;
  return {
    state: !sound ? "damaged" : tunnels.length > 0 ? "open" : "closed",
    tunnels,
    table,
    chains,
    sets,
    nics,
    arp,
    blocked: {
      out: packets("blocked_out"),
      in: packets("blocked_in"),
      forward: packets("blocked_forward"),
      nic: blocked,
    },
    exceptions: Object.fromEntries(
      policy.exceptions.map(({ name }) => [name, packets(exceptionCounter(name))]),
    ),
  };
}

/** Whether all is as the policy asks for. */
export function isAsAsked(report: Report): boolean {
  if (report.state === "disabled") return false;
  const { table, chains, sets, nics, arp } = report;
  const links = [arp, ...Object.values(nics)].filter((verdict) => verdict !== notInKernel);
  const rules = [table, ...Object.values(chains), ...Object.values(sets), ...links];
  return rules.every((verdict) => verdict === asAsked) && areNamesSound(report);
}

export function reportText(report: Report, now: Date): string {
  if (report.state === "disabled") {
    return "DISABLED: nothing keeps traffic from leaving outside the tunnel; close with: vpn-firewall enable";
  }
  const { state, tunnels, table, chains, sets, nics, arp, blocked, exceptions } = report;
  const headline = {
    closed: "CLOSED: no tunnel is open",
    open: `OPEN through ${tunnels.join(", ")} only`,
    damaged: "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable",
  }[state];
  return [
    headline,
    `table: ${table}`,
    ...Object.entries(chains).map(([name, verdict]) => `chain ${name}: ${verdict}`),
    ...Object.entries(sets).map(([name, verdict]) => `set ${name}: ${verdict}`),
    ...Object.entries(nics).map(([name, verdict]) => `NIC guard at ${name}: ${verdict}`),
    `ARP: ${arp}`,
    ...namesText(report, now),
    ...Object.entries(exceptions).map(([name, packets]) => `exception ${name}: ${packets} packets`),
    `blocked: out ${blocked.out}, in ${blocked.in}, forward ${blocked.forward}, at the NIC ${blocked.nic} packets`,
  ].join("\n");
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
  return compareAll(wanted.sets, actual.sets, (want, is, name) => {
    if (want.type !== is.type) return "another type";
    const owner = owners.get(name);
    if (owner === "hooks") return asAsked;
    const missing = want.elements.filter((element) => !is.elements.includes(element));
    const extra = is.elements.filter((element) => !want.elements.includes(element));
    if (missing.length > 0) return `missing ${missing.join(", ")}`;
    if (extra.length === 0) return asAsked;
    return `${owner === "profiles" ? broughtByHooks : "more than asked:"} ${extra.join(", ")}`;
  });
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
