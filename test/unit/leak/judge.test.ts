import { describe, expect, test } from "vitest";
import type { IpPacket } from "../../../lib/leak/frame.ts";
import { type Allowed, type Reason, reasonFor } from "../../../lib/leak/judge.ts";
import { parseRemotes } from "../../../lib/leak/remote.ts";
import { type Policy, defaultPolicy } from "../../../lib/policy/policy.ts";
import { parsePolicy } from "../../../lib/policy/toml.ts";
import { interfaceName } from "./surroundings.ts";

const remotes = parseRemotes("198.51.100.1:1194/udp,198.51.100.1:443/tcp,[2001:db8::1]:1194/udp");
const wide = policyOf(`
[lan]
allow = ["192.168.1.0/24", "fd00::/8"]
multicast = true
[forward]
from = ["eth1", "vif*"]
dhcp = true
[[allow]]
name = "out"
direction = "out"
address = "203.0.113.7"
protocol = "tcp"
port = 22
[[allow]]
name = "in"
direction = "in"
address = "203.0.113.0/24"
protocol = "tcp"
port = 80
`);

function policyOf(text: string): Policy {
  return parsePolicy([{ file: "policy.toml", text }]);
}

function packet(changes: Partial<IpPacket>): IpPacket {
  const family = changes.family ?? 4;
  return {
    family,
    length: 100,
    source: family === 4 ? "192.168.1.2" : "fe80::2",
    destination: family === 4 ? "203.0.113.9" : "2001:db8::9",
    hopLimit: 64,
    protocol: 17,
    extensions: [],
    ...changes,
  };
}

function reason(
  changes: Partial<IpPacket>,
  policy: Policy = defaultPolicy,
  card = "eth0",
): Reason | undefined {
  const allowed: Allowed = { remotes, policy, own: ["192.168.1.2", "fe80::2"] };
  const etherType = changes.family === 6 ? 0x86dd : 0x0800;
  return reasonFor({ etherType, ip: packet(changes) }, interfaceName(card), allowed);
}

const udp = (source: number, destination: number) => ({ protocol: 17, ports: { source, destination } });
const tcp = (source: number, destination: number, tcpFlags = 2) => ({
  protocol: 6,
  ports: { source, destination },
  tcpFlags,
});
const icmp6 = (type: number, more: Partial<IpPacket> = {}) =>
  ({ family: 6, protocol: 58, hopLimit: 255, icmp: { type, code: 0 }, ...more }) as const;

test.for([
  [0x0806, "link upkeep"],
  [0x888e, "link upkeep"],
  [0x88b5, undefined],
  [0x0800, undefined],
])("a frame of type %i without a packet in it: %s", ([etherType, expected]) => {
  const allowed: Allowed = { remotes, policy: wide, own: [] };
  expect(reasonFor({ etherType: Number(etherType) }, interfaceName("eth0"), allowed)).toBe(expected);
});

describe("the safest policy", () => {
  test.for<[string, Partial<IpPacket>, Reason | undefined]>([
    ["the carrier", { destination: "198.51.100.1", ...udp(40000, 1194) }, "carrier"],
    ["the carrier over TCP", { destination: "198.51.100.1", ...tcp(40000, 443, 16) }, "carrier"],
    ["its reset by a program", { destination: "198.51.100.1", ...tcp(40000, 443, 20) }, "carrier"],
    ["a reset by the kernel", { destination: "198.51.100.1", ...tcp(40000, 443, 4) }, undefined],
    [
      "a later piece of it",
      { destination: "198.51.100.1", protocol: 17, fragment: { offset: 1480 } },
      "carrier",
    ],
    [
      "a first piece of another",
      { destination: "198.51.100.1", ...udp(1, 9), fragment: { offset: 0 } },
      undefined,
    ],
    ["another port", { destination: "198.51.100.1", ...udp(40000, 1195) }, undefined],
    ["the port by another protocol", { destination: "198.51.100.1", ...tcp(40000, 1194) }, undefined],
    ["another address", { destination: "198.51.100.2", ...udp(40000, 1194) }, undefined],
    [
      "a source route",
      { family: 6, destination: "2001:db8::1", ...udp(1, 1194), extensions: [43] },
      undefined,
    ],
    ["DHCP by broadcast", { destination: "255.255.255.255", ...udp(68, 67) }, "link upkeep"],
    ["DHCP to a router", { destination: "192.168.1.1", ...udp(68, 67) }, "link upkeep"],
    ["DHCP to the internet", { destination: "203.0.113.9", ...udp(68, 67) }, undefined],
    ["a DHCP server's answer", { destination: "192.168.1.9", ...udp(67, 68) }, undefined],
    ["DHCPv6", { family: 6, destination: "ff02::1:2", ...udp(546, 547) }, "link upkeep"],
    ["DHCPv6 to the internet", { family: 6, destination: "2001:db8::9", ...udp(546, 547) }, undefined],
    ["a neighbour solicitation", icmp6(135), "link upkeep"],
    ["one that crossed a router", icmp6(135, { hopLimit: 254 }), undefined],
    ["one in pieces", icmp6(135, { fragment: { offset: 0 } }), undefined],
    ["a router advertisement", icmp6(134), undefined],
    ["a membership report", icmp6(143, { hopLimit: 1, extensions: [0] }), undefined],
    ["the LAN", { destination: "192.168.1.50", ...tcp(40000, 9100) }, undefined],
    ["mDNS", { destination: "224.0.0.251", ...udp(5353, 5353) }, undefined],
    ["a ping", { protocol: 1, icmp: { type: 8, code: 0 } }, undefined],
  ])("%s", ([, changes, expected]) => {
    expect(reason(changes)).toBe(expected);
  });
});

describe("a wide policy", () => {
  test.for<[string, Partial<IpPacket>, Reason | undefined, string?]>([
    ["the LAN", { destination: "192.168.1.50", ...tcp(40000, 9100) }, "LAN"],
    ["another LAN", { destination: "192.168.2.50", ...tcp(40000, 9100) }, undefined],
    ["DNS to the LAN", { destination: "192.168.1.1", ...udp(40000, 53) }, undefined],
    ["DNS over TLS to the LAN", { destination: "192.168.1.1", ...tcp(40000, 853) }, undefined],
    ["mDNS to one machine", { destination: "192.168.1.1", ...udp(5353, 5353) }, undefined],
    ["mDNS", { destination: "224.0.0.251", ...udp(5353, 5353) }, "LAN"],
    ["LLMNR", { destination: "224.0.0.252", ...udp(40000, 5355) }, undefined],
    ["a group of the internet", { destination: "233.252.0.1", ...udp(40000, 9) }, undefined],
    ["an exception", { destination: "203.0.113.7", ...tcp(40000, 22) }, "exception"],
    ["its port by another protocol", { destination: "203.0.113.7", ...udp(40000, 22) }, undefined],
    ["answers by an exception", { destination: "203.0.113.9", ...tcp(80, 40000, 18) }, "exception"],
    ["the same from another port", { destination: "203.0.113.9", ...tcp(81, 40000, 18) }, undefined],
    [
      "a forwarded answer",
      { source: "203.0.113.9", destination: "10.1.1.1", ...udp(53, 4000) },
      "forwarded",
      "eth1",
    ],
    [
      "the same at a card that a pattern means",
      { source: "203.0.113.9", destination: "10.1.1.1", ...udp(53, 4000) },
      "forwarded",
      "vif3.0",
    ],
    [
      "the same at another card",
      { source: "203.0.113.9", destination: "10.1.1.1", ...udp(53, 4000) },
      undefined,
    ],
    ["a lease for them", { destination: "10.1.1.1", ...udp(67, 68) }, "forwarded", "eth1"],
    ["a lease at another card", { destination: "10.1.1.1", ...udp(67, 68) }, undefined],
    ["its own packet there", { destination: "10.1.1.1", ...udp(4000, 9) }, undefined, "eth1"],
  ])("%s", ([, changes, expected, card]) => {
    expect(reason(changes, wide, card)).toBe(expected);
  });
});
