import { describe, expect, test } from "vitest";
import {
  type Interfaces,
  type Links,
  type Report,
  type RulesReport,
  compare,
  isAsAsked,
  reportText,
} from "../../../lib/commands/report.ts";
import { notYet } from "../../../lib/commands/link-report.ts";
import type { NamesReport } from "../../../lib/commands/names-report.ts";
import type { Listing } from "../../../lib/firewall/listing.ts";
import { lockRuleset } from "../../../lib/firewall/lock.ts";
import { parseInterfaceName } from "../../../lib/interface.ts";
import { parsePolicy } from "../../../lib/policy/toml.ts";

const policy = parsePolicy([
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
const ruleset = lockRuleset(policy, []);

type Chains = Readonly<Record<string, { hook: string; drops?: boolean; rules: readonly string[] }>>;
type Sets = Readonly<Record<string, { type: string; elements: readonly string[] }>>;

function listing(chains: Chains, sets: Sets, counters: Readonly<Record<string, number>> = {}): Listing {
  return {
    flagged: false,
    chains: new Map(Object.entries(chains).map(([name, chain]) => [name, { drops: false, ...chain }])),
    sets: new Map(Object.entries(sets)),
    counters: new Map(Object.entries(counters)),
  };
}

const chains: Chains = {
  output: { hook: "drop", rules: ["1", "2"] },
  leaving: { hook: "", rules: ["3"] },
};
const sets: Sets = {
  tunnels: { type: "iface_index", elements: [] },
  remotes4: { type: "tuple", elements: ["a", "b"] },
  lan4: { type: "net", elements: ["b"] },
};

const links: Links = { nics: { eth0: "as asked" }, arp: "as asked", blocked: 5 };

const interfaces: Interfaces = {
  isPresent: () => true,
  isTunnel: (name) => name.startsWith("tun"),
};

const noNames: NamesReport = { names: {}, hosts: "as asked" };
const now = new Date("2026-03-01T00:00:00.000Z");

function report(actual: Listing): RulesReport {
  return compare({ ruleset, policy }, listing(chains, sets), actual, links, interfaces);
}

describe("compare()", () => {
  test("gives closed where everything is as asked, with counts", () => {
    const counters = { blocked_out: 1, blocked_in: 2, blocked_forward: 3, exception_ssh_from_the_office: 4 };
    expect(report(listing(chains, sets, counters))).toEqual({
      state: "closed",
      tunnels: [],
      table: "as asked",
      chains: { leaving: "as asked", output: "as asked" },
      sets: { lan4: "as asked", remotes4: "as asked", tunnels: "as asked" },
      nics: { eth0: "as asked" },
      arp: "as asked",
      blocked: { out: 1, in: 2, forward: 3, nic: 5 },
      exceptions: { "SSH from the office": 4 },
    });
  });

  test("gives open with the tunnels that are there; a dead one has lost its index", () => {
    const open = {
      ...sets,
      tunnels: { type: "iface_index", elements: ["17 . tun2", "eth0 . tun3", "tun0 . tun0", "tun1 . tun1"] },
    };
    expect(report(listing(chains, open))).toMatchObject({ state: "open", tunnels: ["tun0", "tun1"] });
    const dead = { ...sets, tunnels: { type: "iface_index", elements: ["17 . tun0"] } };
    expect(report(listing(chains, dead))).toMatchObject({ state: "closed", tunnels: [] });
  });

  test.for<[string, Listing, object]>([
    [
      "a missing chain",
      listing({ output: { hook: "drop", rules: ["1", "2"] } }, sets),
      { leaving: "missing" },
    ],
    [
      "a chain of another's",
      listing({ ...chains, extra: { hook: "", rules: ["1"] } }, sets),
      { extra: "not ours" },
    ],
    [
      "a rule less",
      listing({ ...chains, output: { hook: "drop", rules: ["1"] } }, sets),
      { output: "1 rules instead of 2" },
    ],
    [
      "rules in another order",
      listing({ ...chains, output: { hook: "drop", rules: ["2", "1"] } }, sets),
      { output: "other rules" },
    ],
    [
      "another policy of a chain",
      listing({ ...chains, output: { hook: "accept", rules: ["1", "2"] } }, sets),
      { output: "another hook, priority or policy" },
    ],
  ])("gives damaged for %s", ([, actual, verdict]) => {
    const { state, chains: verdicts } = report(actual);
    expect(state).toBe("damaged");
    expect(verdicts).toMatchObject(verdict);
  });

  test.for<[string, Sets, object]>([
    [
      "a missing set",
      { tunnels: { type: "iface_index", elements: [] } },
      { lan4: "missing", remotes4: "missing" },
    ],
    ["a set of another's", { ...sets, extra: { type: "t", elements: [] } }, { extra: "not ours" }],
    [
      "another type",
      { ...sets, remotes4: { type: "t", elements: ["a", "b"] } },
      { remotes4: "another type" },
    ],
    [
      "a missing element",
      { ...sets, remotes4: { type: "tuple", elements: ["a"] } },
      { remotes4: "missing b" },
    ],
    [
      "other elements",
      { ...sets, remotes4: { type: "tuple", elements: ["c", "d"] } },
      { remotes4: "missing a, b" },
    ],
    [
      "a network more in the LAN",
      { ...sets, lan4: { type: "net", elements: ["b", "c"] } },
      { lan4: "more than asked: c" },
    ],
    [
      "a NIC among the tunnels",
      { ...sets, tunnels: { type: "iface_index", elements: ["eth0 . eth0", "tun0 . tun0"] } },
      { tunnels: "open through eth0, which is no tunnel" },
    ],
  ])("gives damaged for %s", ([, actual, verdict]) => {
    const { state, sets: verdicts } = report(listing(chains, actual));
    expect(state).toBe("damaged");
    expect(verdicts).toMatchObject(verdict);
  });

  test("gives damaged for a table with flags, which may be asleep", () => {
    expect(report({ ...listing(chains, sets), flagged: true })).toMatchObject({ state: "damaged" });
  });

  test("tells a remote that a connection brought, which is no damage", () => {
    const more = { ...sets, remotes4: { type: "tuple", elements: ["a", "b", "c"] } };
    const told = report(listing(chains, more));
    expect(told.state).toBe("closed");
    expect(told.sets["remotes4"]).toBe("more than asked, brought by a connection: c");
    expect(isAsAsked({ ...told, ...noNames })).toBe(false);
    expect(isAsAsked({ ...report(listing(chains, sets)), ...noNames })).toBe(true);
    expect(isAsAsked({ state: "disabled" })).toBe(false);
  });

  test("gives damaged for an empty chain that drops, and open for a tunnel that the policy names", () => {
    const dropping = { ...chains, extra: { hook: "output", drops: true, rules: [] } };
    expect(report(listing(dropping, sets)).chains).toMatchObject({ extra: "not ours" });
    const named = { ...policy, interfaces: ["wg0"].flatMap((name) => parseInterfaceName(name) ?? []) };
    const all = listing(chains, sets);
    expect(compare({ ruleset, policy: named }, all, all, links, interfaces)).toMatchObject({
      state: "open",
      tunnels: ["wg0"],
    });
    const absent = { ...interfaces, isPresent: () => false };
    expect(compare({ ruleset, policy: named }, all, all, links, absent)).toMatchObject({
      state: "closed",
      tunnels: [],
    });
  });

  test.for<[links: Partial<Links>, state: string, asAsked: boolean]>([
    [{}, "closed", true],
    [{ arp: "this kernel cannot do it", nics: { eth0: "this kernel cannot do it" } }, "closed", true],
    [{ nics: { eth0: "as asked", eth1: notYet } }, "closed", false],
    [{ arp: notYet }, "closed", false],
    [{ nics: { eth0: "other rules" } }, "damaged", false],
    [{ arp: "missing" }, "damaged", false],
  ])("with the layers below %j is %s", ([changes, state, asAsked]) => {
    const all = listing(chains, sets);
    const told = compare({ ruleset, policy }, all, all, { ...links, ...changes }, interfaces);
    expect(told.state).toBe(state);
    expect(isAsAsked({ ...told, ...noNames })).toBe(asAsked);
  });

  test("passes over an empty chain that an earlier policy left", () => {
    const { state } = report(listing({ ...chains, masquerading: { hook: "nat", rules: [] } }, sets));
    expect(state).toBe("closed");
  });
});

describe("reportText() begins with the state:", () => {
  const common = { ...report(listing(chains, sets)), ...noNames };
  test.for<[Report, RegExp]>([
    [{ state: "disabled" }, /^DISABLED: [^\n]+$/],
    [common, /^CLOSED: no tunnel is open\ntable: as asked\nchain leaving: as asked\n/],
    [{ ...common, state: "open", tunnels: ["tun0", "tun1"] }, /^OPEN through tun0, tun1 only\n/],
    [{ ...common, state: "damaged" }, /^DAMAGED: [^\n]+\n/],
  ])("%j", ([shown, expected]) => {
    expect(reportText(shown, now)).toMatch(expected);
  });

  test("and has a line for each chain, set and exception, and one for what was blocked", () => {
    expect(reportText(common, now).split("\n").slice(1)).toEqual([
      "table: as asked",
      "chain leaving: as asked",
      "chain output: as asked",
      "set lan4: as asked",
      "set remotes4: as asked",
      "set tunnels: as asked",
      "NIC guard at eth0: as asked",
      "ARP: as asked",
      "exception SSH from the office: 0 packets",
      "blocked: out 0, in 0, forward 0, at the NIC 5 packets",
    ]);
  });
});
