import { describe, expect, test } from "vitest";
import { conditionsOf } from "../../../lib/status/conditions.ts";
import { type LinkReport, notYet } from "../../../lib/status/link-report.ts";
import type { NamesReport } from "../../../lib/status/names-report.ts";
import { type LockReport, type State, reportLock } from "../../../lib/status/report.ts";
import { reportText } from "../../../lib/status/report-text.ts";
import { parseInterfaceName } from "../../../lib/interface.ts";
import type { Listing } from "../../../lib/firewall/listing.ts";
import { type Sets, chains, listing, policy, seenWith, sets } from "./seen.ts";

function report(actual: Listing): LockReport {
  return reportLock(seenWith({ actual }));
}

function onTrial(left: number): LockReport {
  const actual = listing(chains, sets, {}, { unconfirmed: { "1 . 2": left } });
  return reportLock(seenWith({ actual, boot: "not saved" }));
}

describe("reportLock()", () => {
  test("gives closed where everything is as asked, with counts", () => {
    const counters = { exception_ssh_from_the_office: 4 };
    expect(report(listing(chains, sets, counters))).toMatchObject({
      version: 1,
      time: "2026-03-01T00:00:00.000Z",
      state: "closed",
      asAsked: true,
      conditions: [],
      tunnels: [],
      paused: {},
      unconfirmed: null,
      table: "as asked",
      chains: { leaving: "as asked", output: "as asked" },
      sets: { lan4: "as asked", remotes4: "as asked", tunnels: "as asked" },
      nics: { eth0: "as asked" },
      arp: "as asked",
      blocked: { out: 1, in: 2, forward: 3, nic: 5 },
      exceptions: { "SSH from the office": { direction: "in", port: 22, packets: 4 } },
    });
  });

  test("gives paused with the time that is left; what stays for ever is damage", () => {
    const none = { ...sets, paused: { type: "iface_index", elements: [] } };
    const gone = "17 . eth1 {}";
    const open = "eth0 . eth0 {}";
    const seen = (elements: readonly string[], times: Readonly<Record<string, number>>) =>
      reportLock(
        seenWith({
          wanted: listing(chains, none),
          actual: listing(
            chains,
            { ...none, paused: { type: "iface_index", elements } },
            { paused: 7 },
            { paused: times },
          ),
        }),
      );
    const paused = seen([gone, open], { [gone]: 9, [open]: 252 });
    expect(paused).toMatchObject({ state: "paused", asAsked: false, conditions: [], paused: { eth0: 252 } });
    const text = reportText(paused);
    expect(text.slice(0, 2)).toEqual(["PAUSED: eth0 is open for DNS and TCP for another 4 min 12 s", ""]);
    expect(text.join("\n")).toContain("exception pause: 7 packets");
    expect(seen([gone], { [gone]: 9 })).toMatchObject({ state: "closed", asAsked: true, paused: {} });
    const staying = seen(["eth2 . eth2", open], { [open]: 252 });
    expect(staying).toMatchObject({
      state: "damaged",
      sets: { paused: "without an end: eth2 . eth2" },
      conditions: [{ name: "paused", what: "PAUSED: eth0 is open for DNS and TCP for another 4 min 12 s" }],
    });
  });

  test("tells of an enable on trial instead of the boot, until its time is over", () => {
    expect([342, 300, 5].map((left) => onTrial(left).unconfirmed)).toEqual([42, 0, 0]);
    expect(onTrial(342)).toMatchObject({
      state: "closed",
      asAsked: false,
      conditions: [{ name: "unconfirmed" }],
    });
    expect(reportText(onTrial(342)).slice(0, 3)).toEqual([
      "CLOSED: no tunnel is open",
      "UNCONFIRMED: all goes back in 42 s, and nothing is saved, unless you say: vpn-firewall confirm",
      "",
    ]);
  });

  test("gives open with the tunnels that are there; a dead one has lost its index", () => {
    const open = {
      ...sets,
      tunnels: { type: "iface_index", elements: ["17 . tun2", "eth0 . tun3", "tun0 . tun0", "tun1 . tun1"] },
    };
    expect(report(listing(chains, open))).toMatchObject({
      state: "open",
      tunnels: [{ interface: "tun0" }, { interface: "tun1" }],
    });
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
    expect(told).toMatchObject({ state: "closed", asAsked: false });
    expect(told.sets["remotes4"]).toBe("more than asked, brought by a connection: c");
  });

  test("gives damaged for an empty chain that drops, and open for a tunnel that the policy names", () => {
    const dropping = { ...chains, extra: { hook: "output", drops: true, rules: [] } };
    expect(report(listing(dropping, sets)).chains).toMatchObject({ extra: "not ours" });
    const named = { ...policy, interfaces: ["wg0"].flatMap((name) => parseInterfaceName(name) ?? []) };
    expect(reportLock(seenWith({ policy: named }))).toMatchObject({
      state: "open",
      tunnels: [{ interface: "wg0", by: "policy", since: null, seconds: null, addresses: ["10.8.0.2"] }],
    });
    const { interfaces } = seenWith({});
    const absent = { ...interfaces, isPresent: () => false };
    expect(reportLock(seenWith({ policy: named, interfaces: absent }))).toMatchObject({
      state: "closed",
      tunnels: [],
    });
  });

  test.for<[links: Partial<LinkReport>, state: string, asAsked: boolean]>([
    [{}, "closed", true],
    [{ arp: "this kernel cannot do it", nics: { eth0: "this kernel cannot do it" } }, "closed", true],
    [{ nics: { eth0: "as asked", eth1: notYet } }, "closed", false],
    [{ arp: notYet }, "closed", false],
    [{ nics: { eth0: "other rules" } }, "damaged", false],
    [{ arp: "missing" }, "damaged", false],
  ])("with the layers below %j is %s", ([changes, state, asAsked]) => {
    const { links } = seenWith({});
    expect(reportLock(seenWith({ links: { ...links, ...changes } }))).toMatchObject({ state, asAsked });
  });

  test("passes over an empty chain that an earlier policy left", () => {
    const { state } = report(listing({ ...chains, masquerading: { hook: "nat", rules: [] } }, sets));
    expect(state).toBe("closed");
  });

  test.for<[names: Partial<NamesReport>, asAsked: boolean]>([
    [{}, true],
    [{ hosts: "not the names that are pinned" }, false],
    [{ names: { "vpn.example": { addresses: [], resolved: "", stale: true } } }, false],
  ])("with the names %j is as asked: %s", ([names, asAsked]) => {
    const { names: sound } = seenWith({});
    expect(reportLock(seenWith({ names: { ...sound, ...names } })).asAsked).toBe(asAsked);
  });

  test.for<[comment: string, since: string | null, seconds: number | null]>([
    [' comment "opened 280 s after boot"', "2026-02-28T23:48:00.000Z", 720],
    [' comment "opened 1000 s after boot"', "2026-03-01T00:00:00.000Z", 0],
    // Of a time that has not come yet it is not known what it means.
    [' comment "opened 1001 s after boot"', null, null],
    [' comment "of another"', null, null],
    ["", null, null],
  ])("with the element's%s is open since %s", ([comment, since, seconds]) => {
    const open: Sets = {
      ...sets,
      tunnels: { type: "iface_index", elements: [`tun0 . tun0${comment}`] },
      resolvers4: { type: "t", elements: ["tun0 . 10.8.0.1", "tun1 . 10.9.0.1"] },
    };
    expect(report(listing(chains, open)).tunnels).toEqual([
      {
        interface: "tun0",
        by: "hook",
        since,
        seconds,
        addresses: ["10.8.0.2"],
        resolvers: ["10.8.0.1"],
      },
    ]);
  });

  test("a NIC is no tunnel, whatever comment its element has", () => {
    const elements = ['eth0 . eth0 comment "opened 1 s after boot"', 'eth1 . eth1 {"expires":7}'];
    const { state, sets: verdicts } = report(
      listing(chains, { ...sets, tunnels: { type: "iface_index", elements } }),
    );
    expect(state).toBe("damaged");
    expect(verdicts["tunnels"]).toBe("open through eth0, eth1, which is no tunnel");
  });
});

test.for<[state: State, boot: string, names: readonly string[]]>([
  ["closed", "as asked", []],
  ["open", "not saved", ["opens-at-boot"]],
  ["damaged", "other rules", ["saved-otherwise"]],
  ["closed", "Cannot read it: EACCES", ["unreadable-at-boot"]],
  ["disabled", "not saved", []],
  ["disabled", "Cannot read it: EACCES", []],
  ["disabled", "as asked", ["closes-at-boot"]],
  ["disabled", "other rules", ["closes-at-boot"]],
])("conditionsOf() a machine that is %s, with the rules of a boot %s: %j", ([state, boot, names]) => {
  expect(conditionsOf(state, boot).map(({ name }) => name)).toEqual(names);
});
