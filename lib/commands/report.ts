import type { Listing } from "../firewall/listing.ts";
import { exceptionCounter } from "../firewall/leaving.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import type { Policy } from "../policy/policy.ts";

/** What `status` tells; `status --json` prints it as it is. */
export type Report =
  | { readonly state: "disabled" }
  | {
      readonly state: "closed" | "open" | "damaged";
      /** The interfaces that hooks have opened and that are there; a dead one opens nothing. */
      readonly tunnels: readonly string[];
      /** The differences between what is in force and what the policy asks for; "as asked" where there is none. */
      readonly chains: Readonly<Record<string, string>>;
      readonly sets: Readonly<Record<string, string>>;
      readonly blocked: Readonly<Record<"out" | "in" | "forward", number>>;
      /** Of each exception of the policy: the packets that went through it. */
      readonly exceptions: Readonly<Record<string, number>>;
    };

const asAsked = "as asked";

/** `wanted` is the listing of `ruleset` alone. */
export function compare(
  ruleset: Ruleset,
  exceptions: Policy["exceptions"],
  wanted: Listing,
  actual: Listing,
): Report {
  // A chain that an earlier policy had stays behind without rules.
  const used = new Map(
    [...actual.chains].filter(([name, { rules }]) => rules.length > 0 || wanted.chains.has(name)),
  );
  const chains = compareAll(wanted.chains, used, (want, is) => {
    if (want.hook !== is.hook) return "another hook, priority or policy";
    return want.rules.join("\n") === is.rules.join("\n")
      ? asAsked
      : difference(want.rules.length, is.rules.length);
  });
  const ofHooks = new Set<string>(
    ruleset.sets.flatMap(({ name, content }) => (content.of === "hooks" ? [name] : [])),
  );
  const sets = compareAll(wanted.sets, actual.sets, (want, is, name) => {
    if (want.type !== is.type) return "another type";
    return ofHooks.has(name) ? asAsked : differingElements(want.elements, is.elements);
  });
  // nft gives the name of an interface that is there, and the bare index of one that is gone.
  const tunnels = (actual.sets.get("tunnels")?.elements ?? []).filter((element) => !/^[0-9]+$/.test(element));
  const sound = [...Object.values(chains), ...Object.values(sets)].every((verdict) => verdict === asAsked);
  const packets = (counter: string) => actual.counters.get(counter) ?? 0;
  return {
    state: !sound ? "damaged" : tunnels.length > 0 ? "open" : "closed",
    tunnels,
    chains,
    sets,
    blocked: { out: packets("blocked_out"), in: packets("blocked_in"), forward: packets("blocked_forward") },
    exceptions: Object.fromEntries(exceptions.map(({ name }) => [name, packets(exceptionCounter(name))])),
  };
}

export function reportText(report: Report): string {
  if (report.state === "disabled") {
    return "DISABLED: nothing keeps traffic from leaving outside the tunnel; close with: vpn-firewall enable";
  }
  const { state, tunnels, chains, sets, blocked, exceptions } = report;
  const headline = {
    closed: "CLOSED: no tunnel is open",
    open: `OPEN through ${tunnels.join(", ")} only`,
    damaged: "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable",
  }[state];
  return [
    headline,
    ...Object.entries(chains).map(([name, verdict]) => `chain ${name}: ${verdict}`),
    ...Object.entries(sets).map(([name, verdict]) => `set ${name}: ${verdict}`),
    ...Object.entries(exceptions).map(([name, packets]) => `exception ${name}: ${packets} packets`),
    `blocked: out ${blocked.out}, in ${blocked.in}, forward ${blocked.forward} packets`,
  ].join("\n");
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

function difference(wanted: number, actual: number): string {
  return wanted === actual ? "other rules" : `${actual} rules instead of ${wanted}`;
}

function differingElements(wanted: readonly string[], actual: readonly string[]): string {
  const missing = wanted.filter((element) => !actual.includes(element));
  const extra = actual.filter((element) => !wanted.includes(element));
  const parts = [
    ...(missing.length > 0 ? [`missing ${missing.join(", ")}`] : []),
    ...(extra.length > 0 ? [`more than asked ${extra.join(", ")}`] : []),
  ];
  return parts.length === 0 ? asAsked : parts.join("; ");
}
