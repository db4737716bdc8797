/** What the evaluator does with rules that are none of ours: it says that it cannot tell, where a guess would decide. */
import { expect, test } from "vitest";
import { parseAddress } from "../../../lib/address.ts";
import { parseListing } from "../../../lib/firewall/listing.ts";
import type { Packet } from "../../../lib/firewall/packet.ts";
import { passageOf } from "../../../lib/firewall/passage.ts";
import { parseInterfaceName } from "../../../lib/interface.ts";
import { parsePort } from "../../../lib/port.ts";
import { Refusal } from "../../../lib/refusal.ts";

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("a value of this test cannot be read");
  return value;
}

const packet: Packet = {
  source: present(parseAddress("192.0.2.1")),
  destination: present(parseAddress("203.0.113.7")),
  what: { protocol: "udp", port: present(parsePort("9")) },
  sourcePort: present(parsePort("40000")),
  outgoing: present(parseInterfaceName("eth0")),
  mark: 0,
  forIncoming: false,
};

/** Whether a packet passes, or that this cannot be told, where output has these rules and a policy. */
function told(rules: readonly (readonly object[])[], policy = "accept"): boolean | "cannot tell" {
  const chain = { family: "inet", table: "vpn_firewall", name: "output" };
  const base = { ...chain, type: "filter", hook: "output", prio: 0, policy };
  const listed = rules.map((expr) => ({ rule: { ...chain, chain: "output", expr } }));
  const commented = { elem: { val: "203.0.113.9", comment: "a { b" } };
  const sets = [
    { name: "known", type: "ipv4_addr", elem: ["203.0.113.8", commented] },
    { name: "own", type: "ipv4_addr", elem: [{ elem: { val: "203.0.113.7", comment: "x" } }] },
    { name: "timed", type: "ipv4_addr", elem: [{ elem: { val: "203.0.113.7", timeout: 9, expires: 1 } }] },
    { name: "quota", type: "ipv4_addr", elem: [{ elem: { val: "203.0.113.7", quota: { val: 1 } } }] },
  ];
  const json = JSON.stringify({ nftables: [{ chain: base }, ...sets.map((set) => ({ set })), ...listed] });
  try {
    return passageOf(parseListing(json), "out", packet).passes;
  } catch (error) {
    if (error instanceof Refusal) return "cannot tell";
    throw error;
  }
}

const drop = { drop: null };
const match = (left: object, right: unknown, op = "==") => ({ match: { op, left, right } });
const protocol = { meta: { key: "l4proto" } };
const destination = { payload: { protocol: "ip", field: "daddr" } };
const state = { ct: { key: "state" } };

test.each<[string, readonly object[], boolean | "cannot tell"]>([
  ["nothing to ask", [drop], false],
  ["a number that fits", [match(protocol, 17), drop], false],
  ["a number that does not", [match(protocol, 6), drop], true],
  ["a name for a number", [match(protocol, "udp"), drop], "cannot tell"],
  ["a name for a number, in a set", [match(protocol, { set: [6, "udp"] }), drop], "cannot tell"],
  [
    "an address in a network",
    [match(destination, { prefix: { addr: "203.0.113.0", len: 24 } }), drop],
    false,
  ],
  [
    "a range of addresses",
    [match(destination, { range: ["203.0.113.0", "203.0.113.9"] }), drop],
    "cannot tell",
  ],
  ["a name for an address", [match(destination, "example.com"), drop], "cannot tell"],
  ["a set", [match(destination, "@known"), drop], true],
  ["a set whose element has a comment", [match(destination, "@own"), drop], false],
  ["a set whose element has a time", [match(destination, "@timed"), drop], false],
  ["a set whose element has more", [match(destination, "@quota"), drop], "cannot tell"],
  ["none of a set", [match(destination, "@known", "!="), drop], false],
  ["a set that is not there", [match(destination, "@other"), drop], "cannot tell"],
  [
    "a field of another family",
    [match({ payload: { protocol: "ip6", field: "daddr" } }, "::1", "!="), drop],
    true,
  ],
  [
    "a header that the packet has not",
    [match({ payload: { protocol: "tcp", field: "dport" } }, 9, "!="), drop],
    true,
  ],
  [
    "a field that is not known",
    [match({ payload: { protocol: "ip", field: "ttl" } }, 64), drop],
    "cannot tell",
  ],
  ["bytes", [match({ payload: { base: "th", offset: 0, len: 8 } }, 64), drop], "cannot tell"],
  ["meta that is not known", [match({ meta: { key: "cgroup" } }, 64), drop], "cannot tell"],
  ["a user whom no rule names", [match({ meta: { key: "skuid" } }, 1000), drop], true],
  ["a state", [match(state, 8, "in"), drop], false],
  ["a state that it has not", [match(state, [2, 4], "in"), drop], true],
  ["a state by name", [match(state, "established", "in"), drop], "cannot tell"],
  ["the mark of a connection", [match({ ct: { key: "mark" } }, 1), drop], "cannot tell"],
  ["an operator that is not known", [match(protocol, 6, ">"), drop], "cannot tell"],
  ["a limit that decides", [{ limit: { rate: 6, per: "minute" } }, drop], "cannot tell"],
  ["a limit that does not", [{ limit: { rate: 6, per: "minute" } }, { log: {} }], true],
  ["a statement that is not known", [{ queue: null }], "cannot tell"],
  ["a statement that is not known, after what does not fit", [match(protocol, 6), { queue: null }], true],
  [
    "a mark that is set from elsewhere",
    [{ mangle: { key: { meta: { key: "mark" } }, value: 7 } }],
    "cannot tell",
  ],
])("passageOf() by %s", (_, rule, expected) => {
  expect(told([rule])).toBe(expected);
});

test("passageOf() by a chain's policy, where no rule decides", () => {
  expect([told([]), told([], "drop")]).toEqual([true, false]);
});
