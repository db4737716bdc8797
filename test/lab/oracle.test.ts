import { describe, expect, test } from "vitest";
import { remotes } from "./addresses.ts";
import { ethernet, extension, icmp, ipv4, ipv6, ipv6Fragment, tcp, udp } from "./frame-builder.ts";
import { judge, type Allowed } from "./oracle.ts";

const carrierOnly: Allowed = { remotes: [remotes.udp, remotes.tcp, remotes.udp6] };
const server = "198.51.100.1";
const server6 = "2001:db8:2::1";
const ack = 0x10;
const rst = 0x04;

function reason(bytes: Buffer, allowed: Allowed = carrierOnly): string {
  return judge({ time: 0, bytes }, allowed).reason;
}

describe("judge() finds the carrier by address, protocol and port", () => {
  test.each([
    ["udp to a remote", ipv4({ to: server, protocol: 17 }, udp(40000, 1194)), "carrier"],
    ["tcp to a remote", ipv4({ to: server, protocol: 6 }, tcp(40000, 443, ack, "opaque")), "carrier"],
    ["udp to a remote over IPv6", ipv6({ to: server6, protocol: 17 }, udp(40000, 1194)), "carrier"],
    ["its first fragment", ipv4({ to: server, protocol: 17, more: true }, udp(40000, 1194)), "carrier"],
    ["its later fragment", ipv4({ to: server, protocol: 17, offset: 1480 }, Buffer.alloc(9)), "carrier"],
    [
      "its later fragment over IPv6",
      ipv6({ to: server6, protocol: 44 }, ipv6Fragment(17, 1448, false, Buffer.alloc(9))),
      "carrier",
    ],
    ["a reset by OpenVPN's socket", ipv4({ to: server, protocol: 6 }, tcp(40000, 443, rst | ack)), "carrier"],

    ["another port", ipv4({ to: server, protocol: 17 }, udp(40000, 1195)), "leak"],
    ["another protocol", ipv4({ to: server, protocol: 6 }, tcp(40000, 1194, ack)), "leak"],
    ["another address", ipv4({ to: "198.51.100.3", protocol: 17 }, udp(40000, 1194)), "leak"],
    ["from a probe's port", ipv4({ to: server, protocol: 6 }, tcp(61000, 443, 2)), "leak"],
    ["a later fragment of gre", ipv4({ to: server, protocol: 47, offset: 1480 }, Buffer.alloc(9)), "leak"],
    ["a first fragment to another port", ipv4({ to: server, protocol: 17, more: true }, udp(1, 53)), "leak"],
    ["behind a routing header", ipv6({ to: server6, protocol: 43 }, extension(17, udp(40000, 1194))), "leak"],
    ["a reset by the kernel", ipv4({ to: server, protocol: 6 }, tcp(40000, 443, rst)), "leak"],
    ["port unreachable", ipv4({ to: server, protocol: 1 }, icmp(3, 3)), "leak"],
    ["echo to the server", ipv4({ to: server, protocol: 1 }, icmp(8)), "leak"],
    [
      "a marker in the clear",
      ipv4({ to: server, protocol: 17 }, udp(40000, 1194, "…vf-marker-x-1…")),
      "leak",
    ],
    [
      "a marker in a later fragment",
      ipv4({ to: server, protocol: 17, offset: 1480 }, Buffer.from("vf-marker-x")),
      "leak",
    ],
  ])("%s", (_, frame, expected) => {
    expect(reason(frame)).toBe(expected);
  });
});

describe("judge() knows the link's upkeep and nothing beside it", () => {
  const neighbour = { to: "ff02::1:ff00:1", protocol: 58, hopLimit: 255 };
  const linkLocal = { from: "fe80::2", to: "ff02::1:2", protocol: 17 };
  test.each([
    ["ARP", ethernet(0x0806, Buffer.alloc(28)), "link upkeep"],
    ["EAPOL", ethernet(0x888e, Buffer.alloc(4)), "link upkeep"],
    ["a router solicitation", ipv6({ ...neighbour, to: "ff02::2" }, icmp(133)), "link upkeep"],
    ["a neighbour solicitation", ipv6(neighbour, icmp(135)), "link upkeep"],
    ["a neighbour advertisement", ipv6({ ...neighbour, to: "2001:db8:1::1" }, icmp(136)), "link upkeep"],
    [
      "DHCP's client",
      ipv4({ from: "0.0.0.0", to: "255.255.255.255", protocol: 17 }, udp(68, 67)),
      "link upkeep",
    ],
    ["DHCPv6's client", ipv6(linkLocal, udp(546, 547)), "link upkeep"],
    ["DHCPv6 to a server on the link", ipv6({ ...linkLocal, to: "fe80::1" }, udp(546, 547)), "link upkeep"],

    ["a solicitation that may be routed", ipv6({ ...neighbour, hopLimit: 64 }, icmp(135)), "leak"],
    ["a solicitation with a code", ipv6(neighbour, icmp(135, 1)), "leak"],
    [
      "a solicitation behind a header",
      ipv6({ ...neighbour, protocol: 60 }, extension(58, icmp(135))),
      "leak",
    ],
    [
      "a solicitation in fragments",
      ipv6({ ...neighbour, protocol: 44 }, ipv6Fragment(58, 0, true, icmp(135))),
      "leak",
    ],
    ["a router advertisement", ipv6({ ...neighbour, to: "ff02::1" }, icmp(134)), "leak"],
    ["a redirect", ipv6(neighbour, icmp(137)), "leak"],
    ["an MLD report", ipv6({ to: "ff02::16", protocol: 0, hopLimit: 1 }, extension(58, icmp(143))), "leak"],
    ["an IGMP report", ipv4({ to: "224.0.0.22", protocol: 2 }, Buffer.alloc(8)), "leak"],
    ["a marker in an ARP frame", ethernet(0x0806, Buffer.from("vf-marker-x".padStart(40))), "leak"],
    ["a DHCP server's answer", ipv4({ to: "192.168.1.9", protocol: 17 }, udp(67, 68)), "leak"],
    ["DHCPv6 beyond the link", ipv6({ ...linkLocal, to: "2001:db8:2::1" }, udp(546, 547)), "leak"],
    ["DHCPv6 to a group of others", ipv6({ ...linkLocal, to: "ff02::1" }, udp(546, 547)), "leak"],
    ["DHCPv6 from a global address", ipv6({ ...linkLocal, from: "2001:db8:1::2" }, udp(546, 547)), "leak"],
    ["DHCP's ports to the internet", ipv4({ to: "203.0.113.7", protocol: 17 }, udp(68, 67)), "leak"],
    ["DHCPv6's ports over IPv4", ipv4({ to: "192.168.1.1", protocol: 17 }, udp(546, 547)), "leak"],
    ["an unknown type of frame", ethernet(0x88b5, Buffer.alloc(46)), "leak"],
    ["a tagged frame", ethernet(0x8100, Buffer.alloc(46)), "leak"],
    ["a cut IPv4 header", ethernet(0x0800, Buffer.from([0x45, 0, 0])), "leak"],
    ["a cut IPv6 header", ethernet(0x86dd, Buffer.from([0x60, 0, 0])), "leak"],
    ["half a frame", Buffer.alloc(9), "leak"],
  ])("%s", (_, frame, expected) => {
    expect(reason(frame)).toBe(expected);
  });
});

describe("judge() allows what the history asked for, and only that", () => {
  const lan: Allowed = { remotes: [], lan: ["192.168.1.0/24", "fe80::/10"] };
  const multicast: Allowed = { ...lan, multicast: true };
  const office: Allowed = {
    remotes: [],
    exceptions: [
      { address: "203.0.113.7", protocol: "tcp", port: 22, direction: "in" },
      { address: "203.0.113.7", protocol: "udp", port: 123, direction: "out" },
    ],
  };
  const toPrinter = { to: "192.168.1.50", protocol: 17 };
  test.each([
    ["the printer", lan, ipv4({ to: "192.168.1.50", protocol: 6 }, tcp(61000, 9100, 2)), "LAN"],
    ["a marker for the printer", lan, ipv4(toPrinter, udp(61000, 9999, "vf-marker-x")), "LAN"],
    ["the link's own addresses", lan, ipv6({ to: "fe80::1", protocol: 58 }, icmp(128)), "LAN"],
    ["beyond the LAN", lan, ipv4({ to: "192.168.2.1", protocol: 17 }, udp(1, 9999)), "leak"],
    ["DNS to the LAN", lan, ipv4(toPrinter, udp(1, 53)), "leak"],
    ["DNS over TLS to the LAN", lan, ipv4({ to: "192.168.1.50", protocol: 6 }, tcp(1, 853, 2)), "leak"],
    ["mDNS to one machine", lan, ipv4(toPrinter, udp(5353, 5353)), "leak"],
    ["LLMNR to one machine", multicast, ipv4(toPrinter, udp(1, 5355)), "leak"],
    ["multicast not asked for", lan, ipv4({ to: "239.255.255.250", protocol: 17 }, udp(1, 1900)), "leak"],
    ["multicast", multicast, ipv4({ to: "239.255.255.250", protocol: 17 }, udp(1, 1900)), "LAN"],
    ["mDNS", multicast, ipv6({ to: "ff02::fb", protocol: 17 }, udp(5353, 5353)), "LAN"],
    ["LLMNR", multicast, ipv6({ to: "ff02::1:3", protocol: 17 }, udp(1, 5355)), "leak"],
    ["global multicast", multicast, ipv6({ to: "ff0e::1", protocol: 17 }, udp(1, 1900)), "leak"],
    [
      "an answer that is excepted",
      office,
      ipv4({ to: "203.0.113.7", protocol: 6 }, tcp(22, 9, ack)),
      "exception",
    ],
    [
      "a question that is excepted",
      office,
      ipv4({ to: "203.0.113.7", protocol: 17 }, udp(9, 123)),
      "exception",
    ],
    ["the exception's other way", office, ipv4({ to: "203.0.113.7", protocol: 6 }, tcp(9, 22, 2)), "leak"],
    ["the exception's neighbour", office, ipv4({ to: "203.0.113.8", protocol: 17 }, udp(9, 123)), "leak"],
    [
      "an answer to a forwarded machine",
      { remotes: [], forwardedAnswersTo: ["192.168.1.77"] },
      ipv4({ from: "203.0.113.7", to: "192.168.1.77", protocol: 6 }, tcp(80, 9, ack)),
      "forwarded answer",
    ],
    [
      "an answer to a machine nobody named",
      { remotes: [], forwardedAnswersTo: ["192.168.1.77"] },
      ipv4({ from: "203.0.113.7", to: "192.168.1.78", protocol: 6 }, tcp(80, 9, ack)),
      "leak",
    ],
  ] satisfies [string, Allowed, Buffer, string][])("%s", (_, allowed, frame, expected) => {
    expect(reason(frame, allowed)).toBe(expected);
  });

  test("judge() refuses a history that allows what is no network", () => {
    const allowed: Allowed = { remotes: [], lan: ["192.168.1.1/24"] };
    expect(() => reason(ipv4({ to: "192.168.1.50", protocol: 17 }, udp(1, 9999)), allowed)).toThrow(
      "192.168.1.1/24, which is not a network",
    );
  });
});

describe("judge() describes a frame in one line", () => {
  test.each([
    [
      ipv4({ to: "203.0.113.53", protocol: 17 }, udp(61004, 53)),
      "udp 192.168.1.2:61004 > 203.0.113.53:53, DNS",
    ],
    [
      ipv4({ to: "203.0.113.7", protocol: 6 }, tcp(61000, 80, 2)),
      "tcp 192.168.1.2:61000 > 203.0.113.7:80, SYN",
    ],
    [
      ipv6({ to: "2001:db8:2::7", protocol: 6 }, tcp(61000, 80, ack, "hello")),
      "tcp [2001:db8:1::2]:61000 > [2001:db8:2::7]:80, 5 bytes of data",
    ],
    [
      ipv6({ from: "fe80::2", to: "ff02::16", protocol: 0 }, extension(58, icmp(143))),
      "icmpv6 fe80::2 > ff02::16, extension headers 0, MLD report",
    ],
    [
      ipv4({ to: "203.0.113.7", protocol: 17, offset: 1480 }, Buffer.alloc(9)),
      "udp 192.168.1.2 > 203.0.113.7, fragment at 1480",
    ],
    [ipv4({ to: "203.0.113.7", protocol: 99 }, Buffer.alloc(9)), "ip protocol 99 192.168.1.2 > 203.0.113.7"],
    [ethernet(0x88b5, Buffer.alloc(46)), "frame of type 0x88b5"],
  ])("%#", (bytes, line) => {
    expect(judge({ time: 0, bytes }, carrierOnly).description).toBe(line);
  });
});

test("judge() tells the marker, the time and the size of a frame", () => {
  const bytes = ipv4(
    { to: "203.0.113.7", protocol: 17 },
    udp(61000, 9999, "vf-marker-udp-4-plain-root-abc123."),
  );
  expect(judge({ time: 12.5, bytes }, carrierOnly)).toEqual({
    reason: "leak",
    description: "udp 192.168.1.2:61000 > 203.0.113.7:9999",
    marker: "vf-marker-udp-4-plain-root-abc123",
    time: 12.5,
    bytes: bytes.length,
  });
});
