/**
 * What the rules let through, packet by packet and without OpenVPN. Each packet is sent twice: without the lock it must
 * arrive, or the second result would say nothing.
 */
import { describe, expect, test } from "vitest";
import { lockTransaction } from "../../lib/firewall/transaction.ts";
import { rulesetOf } from "./cases.ts";
import { opened } from "./tunnel.ts";
import { newWire, sendUdp } from "./wire.ts";
import { type Probe, icmp6, judge, tcp, udp } from "./probe.ts";

const timeout = 120_000;
const client = "client\ndev tun\nremote 198.51.100.1 1194 udp\n";

describe("the carrier passes only with its tuple and its identity:", () => {
  test.for<{ name: string; policy?: string; profiles: readonly string[]; probes: readonly Probe[] }>([
    {
      name: "the user",
      profiles: [`${client}user nobody\n`, "client\ndev tun\nremote 2001:db8:2::1 443 tcp\n"],
      probes: [
        udp("198.51.100.1", 1194, true),
        udp("198.51.100.1", 1194, true, { uid: 65534 }),
        udp("198.51.100.1", 1194, false, { uid: 1000 }),
        udp("198.51.100.1", 1195, false),
        udp("198.51.100.2", 1194, false),
        tcp("198.51.100.1", 1194, false),
        tcp("2001:db8:2::1", 443, true),
        tcp("2001:db8:2::1", 443, false, { uid: 65534 }),
        udp("2001:db8:2::1", 443, false),
      ],
    },
    {
      name: "the mark",
      profiles: [`${client}mark 7\n`],
      probes: [
        udp("198.51.100.1", 1194, true, { mark: 7 }),
        udp("198.51.100.1", 1194, true, { mark: 7, uid: 1000 }),
        udp("198.51.100.1", 1194, false),
        udp("198.51.100.1", 1194, false, { mark: 8 }),
        udp("198.51.100.1", 1195, false, { mark: 7 }),
        tcp("198.51.100.1", 1194, false, { mark: 7 }),
      ],
    },
    {
      name: "no identity, where the policy says so",
      policy: 'identity = "none"\n',
      profiles: [client],
      probes: [
        udp("198.51.100.1", 1194, true, { uid: 1000 }),
        udp("198.51.100.1", 1195, false),
        tcp("198.51.100.1", 1194, false),
      ],
    },
    {
      name: "the one of its own profile, never another's",
      profiles: [`${client}mark 7\n`, "client\ndev tun\nremote 198.51.100.3 1194 udp\nuser nobody\n"],
      probes: [
        udp("198.51.100.1", 1194, true, { mark: 7, uid: 1000 }),
        udp("198.51.100.3", 1194, false, { mark: 7, uid: 1000 }),
        udp("198.51.100.3", 1194, true, { uid: 65534 }),
        udp("198.51.100.1", 1194, false, { uid: 65534 }),
      ],
    },
  ])("$name", { timeout }, async ({ policy = "", profiles, probes }) => {
    await judge(await newWire(), "nic1", lockTransaction(rulesetOf(policy, profiles)), probes);
  });
});

test("link upkeep passes in its exact form", { timeout }, async () => {
  await judge(await newWire(), "nic1", lockTransaction(rulesetOf("", [client])), [
    udp("255.255.255.255", 67, true, { sourcePort: 68 }),
    udp("192.168.7.2", 67, true, { sourcePort: 68 }),
    udp("192.168.7.2", 67, false, { sourcePort: 1068 }),
    udp("192.168.7.2", 68, false, { sourcePort: 68 }),
    udp("203.0.113.1", 67, false, { sourcePort: 68 }),
    udp("2001:db8::2", 547, false, { sourcePort: 546 }),
    icmp6("ff02::2", 133, 255, true),
    icmp6("ff02::2", 133, 64, false),
    icmp6("2001:db8::2", 135, 255, true),
    icmp6("2001:db8::2", 136, 255, true),
    icmp6("2001:db8::2", 136, 254, false),
    icmp6("2001:db8::2", 128, 255, false),
    icmp6("2001:db8::2", 134, 255, false),
    icmp6("2001:db8::2", 137, 255, false),
    icmp6("ff02::16", 143, 255, false),
  ]);
});

test("the LAN passes where it is asked for, and never its DNS", { timeout }, async () => {
  const policy = '[lan]\nallow = ["192.168.7.0/24", "fd00:7::/64"]\n';
  const name = [53, 853, 5353, 5355];
  await judge(await newWire(), "nic1", lockTransaction(rulesetOf(policy, [client])), [
    udp("192.168.7.2", 9999, true),
    tcp("192.168.7.2", 631, true),
    udp("fd00:7::2", 9999, true),
    tcp("fd00:7::2", 631, true),
    ...name.flatMap((port) => [
      udp("192.168.7.2", port, false),
      tcp("192.168.7.2", port, false),
      udp("fd00:7::2", port, false),
      tcp("fd00:7::2", port, false),
    ]),
    udp("192.168.8.2", 9999, false),
    udp("192.0.2.2", 9999, false),
    udp("2001:db8::2", 9999, false),
  ]);
});

test("multicast passes where it is asked for, with mDNS and without other DNS", { timeout }, async () => {
  const policy = '[lan]\nallow = ["192.168.7.0/24"]\nmulticast = true\n';
  await judge(await newWire(), "nic1", lockTransaction(rulesetOf(policy, [client])), [
    udp("224.0.0.251", 5353, true),
    udp("239.255.255.250", 1900, true),
    udp("255.255.255.255", 9, true),
    udp("224.0.0.252", 5355, false),
    udp("224.0.0.1", 53, false),
    udp("232.1.1.1", 9, false),
  ]);
});

test("an exception passes, and each of its packets counts once", { timeout }, async () => {
  const wire = await newWire();
  const policy = ["out", "in"].flatMap((direction) =>
    ["192.0.2.2", "2001:db8::/64"].map(
      (address, index) =>
        `[[allow]]\nname = "${direction} ${index}"\ndirection = "${direction}"\naddress = "${address}"\nprotocol = "udp"\nport = 161\n`,
    ),
  );
  await judge(wire, "nic1", lockTransaction(rulesetOf(policy.join(""), [client])), [
    udp("192.0.2.2", 161, true),
    udp("192.0.2.2", 162, false),
    tcp("192.0.2.2", 161, false),
    udp("192.0.2.2", 9161, false, { sourcePort: 161 }),
    udp("198.51.100.9", 161, false),
    udp("2001:db8::2", 161, true),
    udp("2001:db8:1::2", 161, false),
  ]);
  await sendUdp(wire.outside, "192.0.2.1", 161);
  await sendUdp(wire.outside, "192.0.2.1", 161);
  await sendUdp(wire.outside, "192.0.2.1", 162);
  await sendUdp(wire.outside, "2001:db8::1", 161);
  const counters = await wire.host.sh("nft list counters");
  const packets = (name: string) =>
    Number(new RegExp(`${name} \\{\\n\\s*packets ([0-9]+)`).exec(counters)?.[1]);
  expect(["out_0", "out_1", "in_0", "in_1"].map((name) => packets(`exception_${name}`))).toEqual([
    1, 1, 2, 1,
  ]);
});

describe("inside the tunnel", () => {
  test.for<{ name: string; policy: string; probes: readonly Probe[] }>([
    {
      name: "every resolver may be asked",
      policy: "",
      probes: [
        udp("10.8.0.1", 53, true),
        udp("10.8.0.9", 53, true),
        tcp("10.8.0.9", 853, true),
        udp("fd00:8::9", 53, true),
        udp("10.8.0.9", 9, true),
      ],
    },
    {
      name: "only a pushed resolver may be asked",
      policy: '[tunnel]\ndns = "pushed"\n',
      probes: [
        udp("10.8.0.1", 53, true),
        tcp("10.8.0.1", 853, true),
        udp("fd00:8::1", 53, true),
        udp("10.8.0.9", 53, false),
        tcp("10.8.0.9", 853, false),
        udp("fd00:8::9", 53, false),
        udp("10.8.0.9", 9, true),
      ],
    },
    {
      name: "only a resolver of the policy may be asked",
      policy: '[tunnel]\ndns = ["10.8.0.9"]\n',
      probes: [
        udp("10.8.0.9", 53, true),
        tcp("10.8.0.9", 853, true),
        udp("10.8.0.1", 53, false),
        udp("fd00:8::1", 53, false),
        udp("10.8.0.1", 9, true),
      ],
    },
    {
      name: "no IPv6 passes where the policy refuses it",
      policy: "[tunnel]\nipv6 = false\n",
      probes: [udp("10.8.0.1", 9, true), udp("fd00:8::1", 9, false), udp("fd00:8::1", 53, false)],
    },
  ])("$name", { timeout }, async ({ policy, probes }) => {
    const rules = opened(rulesetOf(policy, [client]), ["10.8.0.2", "fd00:8::2"], ["10.8.0.1", "fd00:8::1"]);
    const wire = await newWire();
    await wire.outside.sh("ip address add 10.8.0.9/24 dev tun1; ip address add fd00:8::9/64 dev tun1 nodad");
    const mac = (await wire.outside.sh("cat /sys/class/net/tun1/address")).trim();
    for (const address of ["10.8.0.9", "fd00:8::9"]) {
      await wire.host.sh(`ip neighbour replace ${address} lladdr ${mac} dev tun0 nud permanent`);
    }
    await judge(wire, "tun1", rules, probes);
  });

  test("nothing passes before a hook has opened it", { timeout }, async () => {
    await judge(await newWire(), "tun1", lockTransaction(rulesetOf("", [client])), [
      udp("10.8.0.1", 9, false),
      udp("fd00:8::1", 9, false),
    ]);
  });
});
