/** One hole in our rules makes exactly its kind leak: the test tells kinds apart, and misses none. */
import { expect, test } from "vitest";
import { type Lab, openLab } from "./lab.ts";
import { expectLeaks, expectNothingLeaked, leaksOf, runTest } from "./tested.ts";
import { everyKind, inBoth, packetSockets } from "./tested-kinds.ts";
import { command, vpnFirewall } from "./vpn-firewall.ts";

type Hole = readonly [rules: readonly string[], kinds: readonly string[]];

const through = (...matches: readonly string[]) =>
  matches.map((match) => `insert rule inet vpn_firewall leaving oifname eth0 ${match} accept`);
const atCard = (match: string) => `insert rule netdev vpn_firewall judging ${match} accept`;
const nobody = ["ip daddr 192.0.2.77", "ip6 daddr 2001:db8:1ea4::77"] as const;
const resolver = ["ip daddr 192.0.2.53", "ip6 daddr 2001:db8:1ea4::53"] as const;
const both = (addresses: readonly string[], match: string) =>
  through(...addresses.map((address) => `${address} ${match}`));

/** With the tunnel up: what follows the routes is not at the card. */
const connected: readonly Hole[] = [
  [both(nobody, "udp dport 9"), inBoth("UDP, bound to the card")],
  [both(nobody, "tcp dport 80"), inBoth("TCP, bound to the card")],
  [
    through("ip daddr 192.0.2.77 icmp type echo-request", "icmpv6 type echo-request"),
    inBoth("ping, bound to the card"),
  ],
  [both(resolver, "udp dport 53"), inBoth("DNS, bound to the card")],
  [both(resolver, "tcp dport 53"), inBoth("DNS, bound to the card")],
  [both(resolver, "tcp dport 853"), inBoth("DNS over TLS")],
  [through("ip daddr 192.168.1.0/24 udp dport 53"), ["DNS, the LAN's resolver 4"]],
  [through("ip6 daddr 2001:db8:1::/64 udp dport 53"), ["DNS, the LAN's resolver 6"]],
  [through("udp dport 5353"), inBoth("mDNS")],
  [through("udp dport 5355"), inBoth("LLMNR")],
  [through("udp dport 1900"), inBoth("SSDP")],
  [through("ip daddr 255.255.255.255"), ["broadcast 4"]],
  [through("meta l4proto igmp"), ["group membership 4"]],
  [both(nobody, "udp dport 10"), inBoth("fragments")],
  [through("meta l4proto gre"), inBoth("GRE")],
  [through("meta l4proto sctp"), inBoth("SCTP")],
  [through("meta l4proto 4"), inBoth("IPIP")],
  [through("meta l4proto 41"), inBoth("6in4")],
  [[atCard("udp dport 9")], inBoth("packet socket, IP")],
  [[atCard("meta protocol 0x88b5")], ["packet socket, unknown type 4"]],
  [["delete table netdev vpn_firewall"], [...inBoth("packet socket, IP"), "packet socket, unknown type 4"]],
  [through("ip daddr 198.51.100.1 udp dport 9"), ["VPN server, another port 4"]],
  [through("ip daddr 198.51.100.1 udp dport 1194"), ["VPN server, its port 4"]],
];

/** Without a tunnel: along the routes everything goes to the card. */
const closed: readonly Hole[] = [
  [both(nobody, "udp dport 9"), inBoth("UDP", "UDP, bound to the card")],
  [both(nobody, "tcp dport 80"), inBoth("TCP", "TCP, bound to the card")],
  [both(nobody, "meta l4proto { icmp, icmpv6 }"), inBoth("ping", "ping, bound to the card")],
  [both(resolver, "th dport 53"), inBoth("DNS", "DNS, bound to the card")],
];

async function openOurs(policy = ""): Promise<Lab> {
  const lab = await openLab({ subject: vpnFirewall({ policy }), profile: { mark: 1194 } });
  await lab.arm();
  return lab;
}

async function dig(lab: Lab, rules: readonly string[]): Promise<void> {
  await lab.host.run(["nft", "-f", "-"], { input: rules.join("\n") });
}

async function expectEach(lab: Lab, holes: readonly Hole[]): Promise<void> {
  for (const [rules, kinds] of holes) {
    await dig(lab, rules);
    const { code, report } = await runTest(lab);
    expect.soft(leaksOf(report), rules.join("; ")).toEqual(kinds.toSorted());
    expect.soft(code, rules.join("; ")).toBe(3);
    await lab.host.run(command(lab, "enable"));
  }
  expectNothingLeaked(await runTest(lab));
}

const patient = 600_000;

test("each hole shows while the tunnel is up", { timeout: patient }, async () => {
  await using lab = await openOurs();
  await lab.connect();
  await expectEach(lab, connected);
});

test("each hole shows while there is no tunnel", { timeout: patient }, async () => {
  await using lab = await openOurs();
  await expectEach(lab, closed);
});

test("a hole for an ordinary user alone shows as his", async () => {
  await using lab = await openOurs();
  await dig(lab, through("meta skuid 65534 ip daddr 192.0.2.77 udp dport 9"));
  const tested = await runTest(lab);
  expectLeaks(tested, ["UDP 4", "UDP, bound to the card 4"]);
  expect(
    tested.report.situations[0]?.rows
      .filter(({ fates }) => fates[0] === "leaked")
      .map(({ leaked }) => leaked),
  ).toEqual([{ nobody: 1 }, { nobody: 1 }]);
});

test("DNS that another program opens to a LAN which is allowed shows, and the LAN does not", async () => {
  await using lab = await openOurs('[lan]\nallow = ["192.168.1.0/24"]\n');
  await dig(lab, through("ip daddr 192.168.1.0/24 udp dport 53"));
  expectLeaks(await runTest(lab), ["DNS, the LAN's resolver 4"]);
});

test("rules that another program flushes show, kind by kind", async () => {
  await using lab = await openOurs();
  await lab.host.run(["nft", "flush", "ruleset"]);
  const { code, report } = await runTest(lab);
  expect(leaksOf(report)).toEqual(everyKind.toSorted());
  expect(report.facts).toMatchObject({ "vpn-firewall": "not in force" });
  expect(code).toBe(3);
});

test("chains that are flushed and accept show all but packet sockets, which the NIC guard stops", async () => {
  await using lab = await openOurs();
  const chains = ["output", "postrouting"];
  const hooks = chains.map(
    (chain) =>
      `chain inet vpn_firewall ${chain} { type filter hook ${chain} priority filter; policy accept; }`,
  );
  await dig(lab, [...chains.map((chain) => `flush chain inet vpn_firewall ${chain}`), ...hooks]);
  expectLeaks(
    await runTest(lab),
    everyKind.filter((kind) => !packetSockets.includes(kind)),
  );
});

test("other programs' traffic through a hole shows without a marker", async () => {
  await using lab = await openOurs();
  await dig(lab, through("ip daddr 203.0.113.7"));
  const program = `
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    s.sendto(b"user data", ("203.0.113.7", 9999))
    time.sleep(0.02)
`;
  const sender = lab.host.start("other", ["python3", "-c", program]);
  const { code, report } = await runTest(lab);
  await sender.kill();
  expect(leaksOf(report)).toEqual([]);
  expect(report.verdict).toBe("leaked");
  expect(report.other.map(({ description }) => description)).toEqual([
    expect.stringMatching(/^udp 192\.168\.1\.2:[0-9]+ > 203\.0\.113\.7:9999$/),
  ]);
  expect(code).toBe(3);
});
