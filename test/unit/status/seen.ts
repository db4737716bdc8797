/** A machine as `status` sees it, made up: closed, with a NIC, and with everything as the policy asks for. */
import type { Seen } from "../../../lib/status/report.ts";
import type { Listing } from "../../../lib/firewall/listing.ts";
import { lockRuleset } from "../../../lib/firewall/lock.ts";
import { parsePolicy } from "../../../lib/policy/toml.ts";

export const policy = parsePolicy([
  {
    file: "policy.toml",
    text: `[[allow]]
name = "SSH from the office"
direction = "in"
address = "203.0.113.7"
protocol = "tcp"
port = 22
`,
  },
]);

export type Chains = Readonly<Record<string, { hook: string; drops?: boolean; rules: readonly string[] }>>;
export type Sets = Readonly<Record<string, { type: string; elements: readonly string[] }>>;

export const chains: Chains = {
  output: { hook: "drop", rules: ["1", "2"] },
  leaving: { hook: "", rules: ["3"] },
};
export const sets: Sets = {
  tunnels: { type: "iface_index", elements: [] },
  remotes4: { type: "tuple", elements: ["a", "b"] },
  lan4: { type: "net", elements: ["b"] },
};

export function listing(
  ofChains: Chains,
  ofSets: Sets,
  counters: Readonly<Record<string, number>> = {},
  times: Readonly<Record<string, Readonly<Record<string, number>>>> = {},
): Listing {
  return {
    flagged: false,
    chains: new Map(Object.entries(ofChains).map(([name, chain]) => [name, { drops: false, ...chain }])),
    sets: new Map(Object.entries(ofSets)),
    times: new Map(Object.entries(times).map(([set, left]) => [set, new Map(Object.entries(left))])),
    counters: new Map(Object.entries(counters)),
  };
}

/** Changed in these respects. */
export function seenWith(changes: Partial<Seen>): Seen {
  return {
    now: new Date("2026-03-01T00:00:00.000Z"),
    uptime: 1000.4,
    policy,
    ruleset: lockRuleset(policy, []),
    wanted: listing(chains, sets),
    actual: listing(chains, sets),
    links: { nics: { eth0: "as asked" }, arp: "as asked" },
    interfaces: {
      isPresent: () => true,
      isTunnel: (name) => name.startsWith("tun"),
      addressesOf: () => ["10.8.0.2"],
    },
    remotes: [],
    inner: [],
    names: { names: {}, hosts: "as asked" },
    samples: [{ at: 0, blocked: { out: 1, in: 2, forward: 3, nic: 5 } }],
    isGuarded: true,
    boot: "as asked",
    ...changes,
  };
}
