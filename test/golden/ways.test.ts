/** Packets that take another way than the one that they were judged for, or come back another way. */
import { describe, expect, test } from "vitest";
import { lockTransaction } from "../../lib/firewall/transaction.ts";
import { rulesetOf } from "./cases.ts";
import { opened } from "./tunnel.ts";
import { type Wire, arriving, newWire, sendUdp } from "./wire.ts";

const timeout = 120_000;
const client = "client\ndev tun\nremote 198.51.100.1 1194 udp\n";
const plain = rulesetOf("", [client]);

/** Another program's table, which marks a packet when its route is decided, and a route by that mark. */
const reroute = `
table ip mangle {
	chain output {
		type route hook output priority mangle; policy accept;
		udp dport 7777 meta mark set 99
	}
}
`;

test(
  "a mark that another program sets does not lead a packet from the tunnel to the NIC",
  { timeout },
  async () => {
    const wire = await newWire();
    await wire.host.sh(`
    ip route replace default via 10.8.0.1
    ip route add default via 192.0.2.2 table 99
    ip rule add fwmark 99 table 99`);
    const leaks = () =>
      arriving(wire.outside, "nic1", "udp dport 7777", () => sendUdp(wire.host, "203.0.113.1", 7777));
    const rules = opened(plain);

    await wire.host.load(rules);
    expect(
      await arriving(wire.outside, "tun1", "udp dport 7777", () => sendUdp(wire.host, "203.0.113.1", 7777)),
    ).toBe(1);
    await wire.host.load(reroute);
    // Without postrouting the output chain accepts it: there the packet still goes into the tunnel.
    await wire.host.load(
      "flush chain inet vpn_firewall postrouting\nadd chain inet vpn_firewall postrouting { policy accept; }\n",
    );
    expect(await leaks()).toBe(1);
    await wire.host.load("add chain inet vpn_firewall postrouting { policy drop; }\n");
    await wire.host.load(rules);
    expect(await leaks()).toBe(0);
  },
);

/** How many packets for an address of the host come through the NIC as far as the rule of the exception. */
async function acceptedAt({ host, outside }: Wire, address: string): Promise<number> {
  const before = await counted(host, "exception_ssh");
  await sendUdp(outside, address, 22);
  return (await counted(host, "exception_ssh")) - before;
}

describe("CVE-2019-14899: an address of the tunnel", () => {
  const exception =
    '[[allow]]\nname = "ssh"\ndirection = "in"\naddress = "192.0.2.2"\nprotocol = "udp"\nport = 22\n';
  const ruleset = rulesetOf(exception, [client]);

  test("is not reached through the NIC", { timeout }, async () => {
    const wire = await newWire();
    await wire.outside.sh("ip route replace 10.8.0.2/32 via 192.0.2.1 dev nic1");
    await wire.host.sh("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.nic0.rp_filter=0");
    await wire.host.load(opened(ruleset));
    expect(await acceptedAt(wire, "10.8.0.2")).toBe(1);
    await wire.host.load(opened(ruleset, ["10.8.0.2", "fd00:8::2"]));
    expect(await acceptedAt(wire, "10.8.0.2")).toBe(0);
    expect(await counted(wire.host, "blocked_in")).toBe(1);
  });

  test(
    "is reached through the NIC if it is the NIC's own too: a server cannot take it away",
    { timeout },
    async () => {
      const wire = await newWire();
      await wire.host.load(opened(ruleset, ["192.0.2.1"]));
      expect(await acceptedAt(wire, "192.0.2.1")).toBe(1);
      expect(await counted(wire.host, "blocked_in")).toBe(0);
    },
  );
});

async function counted(host: Wire["host"], counter: string): Promise<number> {
  return Number(/packets ([0-9]+)/.exec(await host.sh(`nft list counter inet vpn_firewall ${counter}`))?.[1]);
}

describe("behind a link with a small MTU", () => {
  const exception =
    '[[allow]]\nname = "other"\ndirection = "out"\naddress = "198.51.100.7"\nprotocol = "udp"\nport = 2000\n';

  const profiles = [client, "client\ndev tun\nremote 2001:db8:2::1 1194 udp\n"];

  test("OpenVPN learns it, and without the lock everyone does", { timeout }, async () => {
    const free = await withSmallLink();
    expect(await learns(free, "198.51.100.7", 2000)).toBe(true);
    const wire = await withSmallLink();
    await wire.host.load(lockTransaction(rulesetOf(exception, profiles)));
    expect(await learns(wire, "198.51.100.1", 1194)).toBe(true);
    expect(await learns(wire, "2001:db8:2::1", 1194)).toBe(true);
  });

  test("an ICMP error about another flow than the carrier is not accepted", { timeout }, async () => {
    const wire = await withSmallLink();
    await wire.host.load(lockTransaction(rulesetOf(exception, profiles)));
    expect(await learns(wire, "198.51.100.7", 2000)).toBe(false);
    expect(await counted(wire.host, "exception_other")).toBe(10);
    expect(await counted(wire.host, "blocked_in")).toBeGreaterThan(0);
  });
});

/** Sends a large packet that must not be fragmented; whether a second one is refused here, so that its MTU is known. */
async function learns({ host }: Wire, to: string, port: number): Promise<boolean> {
  const v6 = to.includes(":");
  const said = await host.sh(`/usr/bin/python3 -I -S - <<'END'
import errno, socket, time
s = socket.socket(socket.${v6 ? "AF_INET6" : "AF_INET"}, socket.SOCK_DGRAM)
s.setsockopt(${v6 ? "41, 23" : "0, 10"}, 2)
s.connect(("${to}", ${port}))
for attempt in range(10):
  try:
      s.send(bytes(1400))
  except OSError as error:
      print(errno.errorcode[error.errno])
      break
  time.sleep(0.05)
END`);
  return said.includes("EMSGSIZE");
}

/** What is outside forwards to networks behind a link whose MTU is 1280. */
async function withSmallLink(): Promise<Wire> {
  const wire = await newWire();
  await wire.outside.sh(`
    ip link add far0 type veth peer name far1
    ip link set far0 mtu 1280 addrgenmode none
    ip link set far0 up
    ip link set far1 up
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0
    ip route add 198.51.100.0/24 dev far0
    ip route add 2001:db8:2::/64 dev far0`);
  return wire;
}
