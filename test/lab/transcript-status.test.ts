/** What status shows, byte for byte. */
import { expect, test } from "vitest";
import { install, transcript } from "./installation.ts";

const policy = `
[[allow]]
name = "ssh from the office"
direction = "in"
address = "203.0.113.7"
protocol = "tcp"
port = 22
`;

test("status of a machine that is disabled", async () => {
  const installation = await install();
  expect(transcript(installation, await installation.run(["status"]))).toMatchInlineSnapshot(`
    "DISABLED: nothing keeps traffic from leaving outside the tunnel; close with: vpn-firewall enable
    exit 3"
  `);
  expect(transcript(installation, await installation.run(["status", "--json"]))).toMatchInlineSnapshot(`
    "{
      "state": "disabled"
    }
    exit 3"
  `);
});

test("status of a machine whose ARP rules alone are left: they close nothing", async () => {
  const installation = await install();
  await installation.machine.sh("ip link add eth0 type veth peer name far");
  await installation.succeed("enable");
  await installation.machine.load("delete table inet vpn_firewall; delete table netdev vpn_firewall");
  expect(await installation.machine.rules()).toContain("table arp vpn_firewall");
  expect((await installation.run(["status"])).stdout).toMatch(/^DISABLED: /);
});

test("status of a machine that is closed", async () => {
  const installation = await install(policy);
  await installation.succeed("enable");
  expect(transcript(installation, await installation.run(["status"]))).toMatchInlineSnapshot(`
    "CLOSED: no tunnel is open
    table: as asked
    chain forward: as asked
    chain forwarding: as asked
    chain from_tunnel: as asked
    chain input: as asked
    chain into_tunnel: as asked
    chain leaving: as asked
    chain output: as asked
    chain postrouting: as asked
    chain prerouting: as asked
    chain stamping: as asked
    set lan4: as asked
    set lan6: as asked
    set remotes4: as asked
    set remotes6: as asked
    set remotes_by_anyone4: as asked
    set remotes_by_anyone6: as asked
    set remotes_by_mark4: as asked
    set remotes_by_mark6: as asked
    set remotes_by_user4: as asked
    set remotes_by_user6: as asked
    set resolvers4: as asked
    set resolvers6: as asked
    set tunnel_addresses4: as asked
    set tunnel_addresses6: as asked
    set tunnels: as asked
    ARP: as asked
    exception ssh from the office: 0 packets
    blocked: out 0, in 0, forward 0, at the NIC 0 packets
    exit 0"
  `);
  expect(transcript(installation, await installation.run(["status", "--json"]))).toMatchInlineSnapshot(`
    "{
      "state": "closed",
      "tunnels": [],
      "table": "as asked",
      "chains": {
        "forward": "as asked",
        "forwarding": "as asked",
        "from_tunnel": "as asked",
        "input": "as asked",
        "into_tunnel": "as asked",
        "leaving": "as asked",
        "output": "as asked",
        "postrouting": "as asked",
        "prerouting": "as asked",
        "stamping": "as asked"
      },
      "sets": {
        "lan4": "as asked",
        "lan6": "as asked",
        "remotes4": "as asked",
        "remotes6": "as asked",
        "remotes_by_anyone4": "as asked",
        "remotes_by_anyone6": "as asked",
        "remotes_by_mark4": "as asked",
        "remotes_by_mark6": "as asked",
        "remotes_by_user4": "as asked",
        "remotes_by_user6": "as asked",
        "resolvers4": "as asked",
        "resolvers6": "as asked",
        "tunnel_addresses4": "as asked",
        "tunnel_addresses6": "as asked",
        "tunnels": "as asked"
      },
      "nics": {},
      "arp": "as asked",
      "blocked": {
        "out": 0,
        "in": 0,
        "forward": 0,
        "nic": 0
      },
      "exceptions": {
        "ssh from the office": 0
      },
      "names": {},
      "hosts": "as asked"
    }
    exit 0"
  `);
});

test("status of a machine that is open, and damaged, and healed by a hook", async () => {
  const installation = await install();
  await installation.addTunnel();
  await installation.hook("up");
  const headline = async () => {
    const shown = transcript(installation, await installation.run(["status"])).split("\n");
    return shown.filter((line) => !line.endsWith(": as asked")).join("\n");
  };
  expect(await headline()).toMatchInlineSnapshot(`
    "OPEN through tun0 only
    blocked: out 0, in 0, forward 0, at the NIC 0 packets
    exit 0"
  `);
  await installation.machine.load(`
flush chain inet vpn_firewall output
add rule inet vpn_firewall input accept
delete element inet vpn_firewall remotes4 { 198.51.100.1 . udp . 1194 }
add element inet vpn_firewall lan4 { 0.0.0.0/1 }
add chain inet vpn_firewall extra
add rule inet vpn_firewall extra accept
`);
  expect(await headline()).toMatchInlineSnapshot(`
    "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable
    chain extra: not ours
    chain input: 15 rules instead of 14
    chain output: 0 rules instead of 6
    set lan4: more than asked: 0.0.0.0/1
    set remotes4: missing 198.51.100.1 . 17 . 1194
    blocked: out 0, in 0, forward 0, at the NIC 0 packets
    exit 3"
  `);
  expect(transcript(installation, await installation.run(["enable"]))).toMatchInlineSnapshot(`
    "2> vpn-firewall: closed: what leaves is the carrier of DIR/vpn/client.ovpn
    2> vpn-firewall: saved for boot: DIR/state/closed.nft
    exit 0"
  `);
  await installation.machine.sh("nft flush ruleset");
  await installation.hook("route-up");
  expect(await headline()).toMatchInlineSnapshot(`
    "OPEN through tun0 only
    blocked: out 0, in 0, forward 0, at the NIC 0 packets
    exit 0"
  `);
});
