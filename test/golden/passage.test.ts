/**
 * What `explain` says of a packet is what the kernel does with it. Every verdict of the rules gets a counter; each packet is really sent,
 * and has to be counted at those rules, and no others, that passageOf() takes it through.
 */
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Address, parseAddress } from "../../lib/address.ts";
import { parseListing } from "../../lib/firewall/listing.ts";
import type { Packet, What } from "../../lib/firewall/packet.ts";
import { passageOf } from "../../lib/firewall/passage.ts";
import type { Ruleset } from "../../lib/firewall/ruleset.ts";
import type { Statement } from "../../lib/firewall/statement.ts";
import { type InterfaceName, parseInterfaceName } from "../../lib/interface.ts";
import { parseDuration } from "../../lib/duration.ts";
import { pauseTransaction } from "../../lib/firewall/timed.ts";
import { parsePort } from "../../lib/port.ts";
import { routeTo } from "../../lib/system/routes.ts";
import type { Machine } from "../lab/machine.ts";
import { readCases } from "./cases.ts";
import { opened } from "./tunnel.ts";
import { type Wire, newWire } from "./wire.ts";

const program = fileURLToPath(new URL("counting.py", import.meta.url));
const cases = readCases().filter(({ name, expected }) => expected.includes(`/${name}/`));
const generated = 12;
const timeout = 240_000;

type Sent = {
  readonly to: string;
  readonly protocol: What["protocol"];
  readonly port: number;
  readonly uid: number;
  readonly mark: number;
};

/** The remotes of the golden cases, what their policies name, what is beside these, and what is nowhere. */
const destinations = [
  "198.51.100.1",
  "198.51.100.8",
  "198.51.100.9",
  "2001:db8:2::1",
  "2001:db8:2::8",
  "203.0.113.7",
  "203.0.113.8",
  "2001:db8:7::5",
  "2001:db8:8::5",
  "192.168.0.9",
  "192.168.7.2",
  "10.1.2.3",
  "172.16.3.4",
  "fd00:1::9",
  "fd00:7::2",
  "192.0.2.2",
  "224.0.0.251",
  "239.1.2.3",
  "232.1.2.3",
  "255.255.255.255",
  "ff02::fb",
  "ff05::2",
  "fe80::9",
  "10.8.0.1",
  "10.8.0.9",
  "fd00:8::1",
  "fd00:8::9",
];
const ports = [22, 53, 67, 80, 123, 161, 443, 547, 631, 853, 1194, 5353, 5355, 51413];
const marks = [0, 0, 7, 1194, 51820, 0x1000_0000];
const uids = [0, 1000, 65534];

const anySent: fc.Arbitrary<Sent> = fc.record({
  to: fc.constantFrom(...destinations),
  protocol: fc.constantFrom("tcp" as const, "udp" as const, "udp" as const, "ping" as const),
  port: fc.constantFrom(...ports),
  uid: fc.constantFrom(...uids),
  mark: fc.constantFrom(...marks),
});

/** What must not be missed by chance. */
const table: readonly Sent[] = destinations.map((to) => ({
  to,
  protocol: "udp",
  port: 53,
  uid: 1000,
  mark: 0,
}));

/** TCP knows no groups. */
function isPossible({ to, protocol }: Sent): boolean {
  return protocol !== "tcp" || !/^(2[23]\d|255)\.|^ff/.test(to);
}

describe("packets out pass exactly the rules that are told, by the policy and profiles of", () => {
  test.for(cases)("$name", { timeout }, async ({ ruleset }) => {
    const wire = await counted(ruleset);
    await sendAll(wire);
  });
});

describe("packets out pass exactly the rules that are told in a pause, by the policy and profiles of", () => {
  test.for(cases.filter(({ name }) => ["empty-policy", "everything-at-once"].includes(name)))(
    "$name",
    { timeout },
    async ({ ruleset }) => {
      const wire = await counted(ruleset);
      await wire.host.load(
        pauseTransaction(present(parseInterfaceName("nic0")), present(parseDuration("1h"))),
      );
      await sendAll(wire);
    },
  );
});

describe("packets in pass exactly the rules that are told, by the policy of", () => {
  test.for(cases)("$name", { timeout }, async ({ ruleset }) => {
    const wire = await counted(ruleset);
    await wire.outside.sh(
      "ip address add 203.0.113.7/32 dev lo; ip address add 2001:db8:7::5/128 dev lo; ip address add 192.168.0.9/32 dev lo",
    );
    const ends = [
      { device: "nic0", own: "192.0.2.1", peers: ["192.0.2.2", "203.0.113.7", "192.168.0.9"] },
      { device: "nic0", own: "192.168.7.1", peers: ["192.168.7.2"] },
      { device: "nic0", own: "2001:db8::1", peers: ["2001:db8::2", "2001:db8:7::5"] },
      { device: "nic0", own: "fd00:7::1", peers: ["fd00:7::2"] },
      { device: "tun0", own: "10.8.0.2", peers: ["10.8.0.1"] },
      { device: "tun0", own: "fd00:8::2", peers: ["fd00:8::1"] },
    ];
    const all = ends.flatMap(({ device, own, peers }) =>
      peers.flatMap((from) =>
        [22, 80, 123, 161, 631, 51413, 67].flatMap((port) =>
          (["tcp", "udp", "ping"] as const).map((protocol) => ({ device, from, to: own, protocol, port })),
        ),
      ),
    );
    const sent = fc.sample(fc.shuffledSubarray(all, { minLength: 20, maxLength: 20 }), 1).flat();
    const listing = await listed(wire.host);
    const seen = await count(wire.outside, "in", wire.host.name, sent);
    for (const [index, { device, from, to, protocol, port }] of sent.entries()) {
      const packet: Packet = {
        source: addressOf(from),
        destination: addressOf(to),
        what: whatOf(protocol, port),
        sourcePort: present(parsePort("40000")),
        incoming: present(parseInterfaceName(device)),
        mark: 0,
        forIncoming: true,
      };
      const told = passageOf(listing, "in", packet);
      expect(seen[index], JSON.stringify(packet)).toEqual(placesOf(told.rules));
    }
  });
});

/** Sends the table and as many packets again, and compares. */
async function sendAll(wire: Wire): Promise<void> {
  const sent = [...table, ...fc.sample(anySent.filter(isPossible), generated)];
  const routes = await routesOf(wire.host);
  const packets = sent.map((each) => packetOf(each, present(routes.get(each.to))));
  const listing = await listed(wire.host);
  const seen = await count(
    wire.host,
    "out",
    wire.host.name,
    sent.map((each, index) => ({ ...each, scope: packets[index]?.outgoing })),
  );
  for (const [index, packet] of packets.entries()) {
    const told = passageOf(listing, "out", packet);
    expect(seen[index], JSON.stringify(packet)).toEqual(placesOf(told.rules));
  }
  expect(seen.length).toBe(sent.length);
}

/** A host with these rules, a counter at each verdict, open for its tunnel. What the kernel sends by itself is kept from them. */
async function counted(ruleset: Ruleset): Promise<Wire> {
  const wire = await newWire();
  const chains = ruleset.chains.map((chain) => ({
    ...chain,
    rules: chain.rules.map(({ statement, comment }) => ({
      // Before the last words: what stands there decides.
      statement: statement.replace(
        /(?<=^|\s)(?=(accept|drop|return|reject with .*|jump \w+|goto \w+|masquerade fully-random|dnat ip6? to .*)$)/,
        "counter ",
      ) as Statement,
      comment,
    })),
  }));
  for (const machine of [wire.host, wire.outside])
    await machine.sh("sysctl -qw net.ipv4.ping_group_range='0 2147483647'");
  await wire.host.load(opened({ ...ruleset, chains }, ["10.8.0.2", "fd00:8::2"], ["10.8.0.1", "fd00:8::1"]));
  const others = "icmpv6 type { 130, 131, 132, 133, 134, 135, 136, 143 } drop\nmeta l4proto igmp drop";
  await wire.host.load(`
table inet others {
	chain out {
		type filter hook output priority -500; policy accept;
		oif lo drop
		${others}
	}
	chain in {
		type filter hook prerouting priority -500; policy accept;
		${others}
	}
}`);
  return wire;
}

async function listed(host: Machine) {
  return parseListing(await host.sh("nft -j -n list table inet vpn_firewall"));
}

type Way = Pick<Packet, "source"> & { readonly device: InterfaceName };

/** Here neither port nor mark changes a route. */
async function routesOf(host: Machine): Promise<ReadonlyMap<string, Way>> {
  const ways = destinations.map(async (to): Promise<[string, Way]> => {
    const route = await routeTo(addressOf(to), { protocol: "ping" }, 0, ({ file, args }) =>
      host.run(file, args),
    );
    if (typeof route !== "string") return [to, route];
    // Of a link-local address, which the test's own process does not see.
    const [device = ""] = route.split(" ");
    return [to, { device: present(parseInterfaceName(device)), source: addressOf("fe80::1") }];
  });
  return new Map(await Promise.all(ways));
}

function packetOf({ to, protocol, port, uid, mark }: Sent, { device, source }: Way): Packet {
  return {
    source,
    destination: addressOf(to),
    what: whatOf(protocol, port),
    sourcePort: present(parsePort("40000")),
    outgoing: device,
    uid,
    mark,
    forIncoming: false,
  };
}

/** At which rules each packet was counted. */
async function count(
  from: Machine,
  direction: "out" | "in",
  at: string,
  packets: readonly object[],
): Promise<readonly (readonly string[])[]> {
  const { stdout, stderr, exitCode } = await from.run("/usr/bin/python3", ["-I", program, direction, at], {
    input: JSON.stringify(packets),
    env: { PATH: "/usr/sbin:/usr/bin" },
    limit: 200,
  });
  expect(exitCode, stderr).toBe(0);
  const chains =
    direction === "in"
      ? /^(prerouting|redirecting|input|from_tunnel)$/
      : /^(?!(prerouting|redirecting|input|from_tunnel)$)/;
  return stdout
    .trim()
    .split("\n")
    .map((line) =>
      (JSON.parse(line) as [string, number, number][])
        .filter(([chain]) => chains.test(chain))
        // Not how often: of a broadcast the kernel takes a copy for itself through postrouting.
        .map(([chain, index]) => `${chain} ${index}`)
        .toSorted(),
    );
}

function placesOf(rules: readonly { readonly chain: string; readonly index: number }[]): readonly string[] {
  return [...new Set(rules.map(({ chain, index }) => `${chain} ${index}`))].toSorted();
}

function whatOf(protocol: What["protocol"], port: number): What {
  return protocol === "ping" ? { protocol } : { protocol, port: present(parsePort(String(port))) };
}

function addressOf(text: string): Address {
  return present(parseAddress(text));
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("a value of this test cannot be read");
  return value;
}
