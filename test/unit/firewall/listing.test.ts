import { describe, expect, test } from "vitest";
import { openTunnels, parseListing, pausedCards, resolversOf } from "../../../lib/firewall/listing.ts";
import { Refusal } from "../../../lib/refusal.ts";

const metainfo = { metainfo: { version: "1.0.6", json_schema_version: 1 } };
const listing = (...objects: readonly object[]) =>
  parseListing(JSON.stringify({ nftables: [metainfo, { table: { name: "vpn_firewall" } }, ...objects] }));

const rule = (handle: number, verdict: string) => ({
  rule: { chain: "output", handle, comment: verdict, expr: [{ [verdict]: null }] },
});

const set = (flags: readonly string[], ...elem: readonly string[]) =>
  listing({ set: { name: "s", type: "ipv4_addr", flags, elem } }).sets.get("s");

describe("parseListing()", () => {
  test("keeps of a chain what decides, and of its rules their order", () => {
    const chain = { name: "output", handle: 7, type: "filter", hook: "output", prio: 0, policy: "drop" };
    const { chains } = listing({ chain }, rule(9, "accept"), rule(8, "drop"));
    expect(chains).toEqual(
      new Map([
        [
          "output",
          {
            hook: '["filter","output",0,"drop"]',
            drops: true,
            rules: ['["accept",[{"accept":null}]]', '["drop",[{"drop":null}]]'],
          },
        ],
      ]),
    );
    expect(listing({ chain: { ...chain, handle: 70 } }, rule(90, "accept"), rule(80, "drop")).chains).toEqual(
      chains,
    );
    expect(listing({ chain: { ...chain, policy: "accept" } }).chains).not.toEqual(listing({ chain }).chains);
  });

  test.for<[unknown, string]>([
    ["198.51.100.1", "198.51.100.1"],
    ["tun0", "tun0"],
    [7, "7"],
    [{ prefix: { addr: "10.0.0.0", len: 8 } }, "10.0.0.0/8"],
    [{ concat: ["198.51.100.1", 17, 1194] }, "198.51.100.1 . 17 . 1194"],
    [{ concat: ["tun0", { prefix: { addr: "fd00::", len: 8 } }] }, "tun0 . fd00::/8"],
    [{ range: ["a", "b"] }, '{"range":["a","b"]}'],
    [null, "null"],
  ])("shows the element %j as %s", ([element, text]) => {
    expect(listing({ set: { name: "s", type: "t", elem: [element] } }).sets.get("s")?.elements).toEqual([
      text,
    ]);
  });

  test("sorts the elements of a set, and knows its type and flags", () => {
    expect(set(["interval"], "b", "a")).toEqual({ type: '["ipv4_addr",["interval"]]', elements: ["a", "b"] });
    expect(set([], "b", "a")?.type).not.toBe(set(["interval"])?.type);
  });

  test("knows how long each element stays that has a timeout", () => {
    const timed = { elem: { val: "a", timeout: 300, expires: 252 } };
    const { times } = listing({ set: { name: "s", type: "t", elem: ["b", timed, null] } });
    expect(times.get("s")).toEqual(new Map([['a {"timeout":300,"expires":252}', 252]]));
  });

  test("pausedCards() gives the cards whose index and name still belong together", () => {
    const elem = [
      ["eth0", "eth0"],
      [17, "eth1"],
    ].map((concat) => ({
      elem: { val: { concat }, timeout: 300, expires: 252 },
    }));
    const paused = listing({
      set: { name: "paused", type: "t", elem: [...elem, { concat: ["eth2", "eth2"] }] },
    });
    expect(pausedCards(paused)).toEqual([["eth0", 252]]);
  });

  test("reads a set without elements, and the packets of a counter", () => {
    const { sets, counters } = listing(
      { set: { name: "s", type: "t" } },
      { counter: { name: "blocked_out", packets: 12, bytes: 900 } },
    );
    expect(sets.get("s")?.elements).toEqual([]);
    expect(counters).toEqual(new Map([["blocked_out", 12]]));
  });

  test.for([
    "",
    "{",
    "null",
    "[]",
    "{}",
    '{"nftables": {}}',
    '{"nftables": [{"metainfo": {"json_schema_version": 2}}]}',
    "Error: No such file or directory",
  ])("refuses %j", (text) => {
    expect(() => parseListing(text)).toThrow(Refusal);
  });
});

test.for<[object, boolean]>([
  [{ name: "vpn_firewall" }, false],
  [{ name: "vpn_firewall", flags: "dormant" }, true],
  [{ name: "vpn_firewall", flags: ["dormant"] }, true],
])("parseListing() knows of the table %j whether it has flags: %s", ([table, flagged]) => {
  expect(listing({ table }).flagged).toBe(flagged);
});

test("openTunnels() gives the tunnels whose index and name still belong together", () => {
  const elem = [
    { concat: ["tun0", "tun0"] },
    { concat: ["eth0", "tun1"] },
    { concat: [17, "tun2"] },
    { concat: ["17", "tun3"] },
    "tun4",
  ];
  expect(openTunnels(listing({ set: { name: "tunnels", type: [], elem } }))).toEqual([
    { device: "tun0", resolvers: [] },
  ]);
  expect(openTunnels(listing())).toEqual([]);
});

test.for<[more: object, opened: number | undefined]>([
  [{ comment: "opened 3721 s after boot" }, 3721],
  [{ comment: "opened 0 s after boot" }, 0],
  // Open, though nobody knows since when.
  [{ comment: "opened 03721 s after boot" }, undefined],
  [{ comment: "somebody's own" }, undefined],
  [{ comment: "" }, undefined],
  [{ counter: { packets: 0, bytes: 0 } }, undefined],
  [{ comment: "opened 3721 s after boot", expires: 7 }, undefined],
])("openTunnels() reads of an element with %j when it was opened: %s", ([more, opened]) => {
  const elem = [{ elem: { val: { concat: ["tun0", "tun0"] }, ...more } }];
  expect(openTunnels(listing({ set: { name: "tunnels", type: [], elem } }))).toEqual([
    { device: "tun0", opened, resolvers: [] },
  ]);
});

test("an element with a comment, or more, is another than one without", () => {
  const elem = [
    { elem: { val: "198.51.100.1", comment: "x" } },
    { elem: { val: "198.51.100.2", expires: 7 } },
    "198.51.100.3",
  ];
  expect(listing({ set: { name: "s", type: "t", elem } }).sets.get("s")?.elements).toEqual([
    '198.51.100.1 comment "x"',
    '198.51.100.2 {"expires":7}',
    "198.51.100.3",
  ]);
});

test("a map is read like a set: from each key to its value", () => {
  const map = {
    name: "m",
    type: "inet_proto",
    map: "ipv4_addr",
    elem: [
      [17, "10.8.0.1"],
      [6, "10.8.0.1"],
    ],
  };
  expect(listing({ map }).sets.get("m")).toEqual({
    type: '["inet_proto",null,"ipv4_addr"]',
    elements: ["17 : 10.8.0.1", "6 : 10.8.0.1"],
  });
});

test("openTunnels() and resolversOf() give the resolvers of the tunnel alone", () => {
  const all = listing(
    { set: { name: "tunnels", type: [], elem: [{ concat: ["tun0", "tun0"] }] } },
    {
      set: {
        name: "resolvers4",
        elem: [
          { concat: ["tun0", "10.8.0.1"] },
          { concat: ["tun1", "10.9.0.1"] },
          { concat: ["7", "1.1.1.1"] },
        ],
      },
    },
    { set: { name: "resolvers6", elem: [{ concat: ["tun0", "fd00:8::1"] }] } },
  );
  const [tun0] = openTunnels(all);
  expect(tun0?.resolvers.map(({ text }) => text)).toEqual(["10.8.0.1", "fd00:8::1"]);
  expect(tun0 && resolversOf(all, tun0.device)).toEqual(["10.8.0.1", "fd00:8::1"]);
});
