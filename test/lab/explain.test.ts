/** What explain tells of packets on a machine with a card and a tunnel, line by line, and of one that is not as it should be. */
import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { type Installation, goodProfile, install, transcript } from "./installation.ts";

/** With a network card towards the LAN and the internet, before any rules. */
async function withCard(policy = "", profile = goodProfile): Promise<Installation> {
  const installation = await install(policy);
  await writeFile(installation.profile, profile);
  await installation.machine.sh(`
    ip link add eth0 type veth peer name far
    ip link set far up
    ip link set eth0 up
    ip address add 192.168.1.2/24 dev eth0
    ip address add 2001:db8:1::2/64 dev eth0 nodad
    ip route add default via 192.168.1.1
    ip -6 route add default via 2001:db8:1::1`);
  return installation;
}

async function connect(installation: Installation): Promise<void> {
  await installation.addTunnel();
  await installation.machine.sh(`
    ip address add 10.8.0.2/24 dev tun0
    ip address add fd00:8::1000/64 dev tun0 nodad
    ip route add 0.0.0.0/1 dev tun0
    ip route add 128.0.0.0/1 dev tun0
    ip route add 198.51.100.1 via 192.168.1.1`);
  await installation.hook("up");
}

async function explained(installation: Installation, ...words: readonly string[]): Promise<string> {
  return transcript(installation, await installation.run(["explain", ...words]));
}

describe("explain on a machine that is closed", () => {
  test("tells of the internet, and of the server", async () => {
    const installation = await withCard("", `${goodProfile}mark 1194\n`);
    await installation.succeed("enable");
    expect(await explained(installation, "203.0.113.7:443/tcp")).toMatchInlineSnapshot(`
      "203.0.113.7, tcp port 443, from an ordinary program: refused
        way: eth0, from 192.168.1.2, by 192.168.1.1
        clause: none of the five reasons
        rule: in output: meta l4proto tcp reject with tcp reset comment "local programs fail fast"
        otherwise: nothing should be changed: it goes through the tunnel once the VPN has connected
      exit 0"
    `);
    expect(await explained(installation, "198.51.100.1:1194/udp")).toMatchInlineSnapshot(`
      "198.51.100.1, udp port 1194, from an ordinary program: refused
        way: eth0, from 192.168.1.2, by 192.168.1.1
        clause: none of the five reasons
        rule: in output: reject with icmpx admin-prohibited comment "local programs fail fast"
        otherwise: nothing should be changed: that is the VPN's server, and only the VPN's program sends there
      198.51.100.1, udp port 1194, from the VPN, by its mark 1194: leaves outside the tunnel
        way: eth0, from 192.168.1.2, by 192.168.1.1
        clause: 1, carrier: the VPN's own packets to its server
        rule: in leaving: meta mark . ip daddr . meta l4proto . th dport @remotes_by_mark4 accept comment "1 carrier, by the VPN's mark"
        NIC guard: lets it out at eth0, for the rules have stamped it
        otherwise: nothing should be changed: without it there is no VPN
      exit 0"
    `);
    expect(await explained(installation, "[2001:db8::7]:53")).toMatchInlineSnapshot(`
      "2001:db8::7, tcp port 53, from an ordinary program: refused
        way: eth0, from 2001:db8:1::2, by 2001:db8:1::1
        clause: none of the five reasons: 3 LAN: never DNS
        rule: in leaving: meta l4proto { tcp, udp } th dport { 53, 853, 5353, 5355 } return comment "3 LAN: never DNS"
        otherwise: nothing should be changed: it goes through the tunnel once the VPN has connected
      2001:db8::7, udp port 53, from an ordinary program: refused
        way: eth0, from 2001:db8:1::2, by 2001:db8:1::1
        clause: none of the five reasons: 3 LAN: never DNS
        rule: in leaving: meta l4proto { tcp, udp } th dport { 53, 853, 5353, 5355 } return comment "3 LAN: never DNS"
        otherwise: nothing should be changed: it goes through the tunnel once the VPN has connected
      exit 0"
    `);
    expect(await explained(installation, "192.168.1.50")).toMatchInlineSnapshot(`
      "192.168.1.50, ping, from an ordinary program: refused
        way: eth0, from 192.168.1.2
        clause: none of the five reasons
        rule: in output: reject with icmpx admin-prohibited comment "local programs fail fast"
        otherwise: to allow it: allow = ["192.168.1.50"] under [lan]
      exit 0"
    `);
    expect(await explained(installation, "127.0.0.1:631/tcp")).toMatchInlineSnapshot(`
      "127.0.0.1, tcp port 631, from an ordinary program: stays on this machine
        way: lo, from 127.0.0.1
        clause: none: it leaves no interface
        rule: in leaving: oif "lo" accept comment "loopback leaves no interface"
        otherwise: nothing should be changed: loopback leaves no interface
      exit 0"
    `);
  });

  test("tells of a server that any program of OpenVPN's user reaches", async () => {
    const installation = await withCard("", `${goodProfile}user nobody\n`);
    await installation.succeed("enable");
    expect(await explained(installation, "198.51.100.1")).toMatchInlineSnapshot(`
      "198.51.100.1, ping, from an ordinary program: refused
        way: eth0, from 192.168.1.2, by 192.168.1.1
        clause: none of the five reasons
        rule: in output: reject with icmpx admin-prohibited comment "local programs fail fast"
        otherwise: nothing should be changed: that is the VPN's server, and only the VPN's program sends there
      198.51.100.1, udp port 1194, from the VPN, or whatever else user 0 runs: leaves outside the tunnel
        way: eth0, from 192.168.1.2, by 192.168.1.1
        clause: 1, carrier: the VPN's own packets to its server
        rule: in leaving: meta skuid . ip daddr . meta l4proto . th dport @remotes_by_user4 accept comment "1 carrier, by the VPN's user"
        NIC guard: lets it out at eth0, for the rules have stamped it
        otherwise: to leave it to the VPN's program alone: a mark, as of vpn-firewall install PROFILE --mark
      198.51.100.1, udp port 1194, from the VPN, or whatever else user 65534 runs: leaves outside the tunnel
        way: eth0, from 192.168.1.2, by 192.168.1.1
        clause: 1, carrier: the VPN's own packets to its server
        rule: in leaving: meta skuid . ip daddr . meta l4proto . th dport @remotes_by_user4 accept comment "1 carrier, by the VPN's user"
        NIC guard: lets it out at eth0, for the rules have stamped it
        otherwise: to leave it to the VPN's program alone: a mark, as of vpn-firewall install PROFILE --mark
      exit 0"
    `);
  });
});

describe("explain on a machine that is connected", () => {
  test("tells of the tunnel, and of what goes past it", async () => {
    const installation = await withCard(
      `
[lan]
allow = ["192.168.1.0/24"]
inbound = ["tcp/22"]
[tunnel]
dns = "pushed"
ipv6 = false
inbound = ["tcp/51413"]
[[allow]]
name = "time"
direction = "out"
address = "2001:db8:7::1"
protocol = "udp"
port = 123
`,
    );
    await installation.succeed("enable");
    await connect(installation);
    expect(await explained(installation, "203.0.113.7:443/tcp")).toMatchInlineSnapshot(`
      "203.0.113.7, tcp port 443, from an ordinary program: leaves through the tunnel
        way: tun0, from 10.8.0.2
        clause: none is needed: the tunnel is open, and is no network card
        rule: in into_tunnel: accept comment "the tunnel"
        otherwise: nothing should be changed
      exit 0"
    `);
    expect(await explained(installation, "10.8.0.1:53/udp")).toMatchInlineSnapshot(`
      "10.8.0.1, udp port 53, from an ordinary program: leaves through the tunnel
        way: tun0, from 10.8.0.2
        clause: none is needed: the tunnel is open, and is no network card
        rule: in into_tunnel: oif . ip daddr @resolvers4 meta l4proto { tcp, udp } th dport { 53, 853 } accept comment "a resolver that was pushed"
        otherwise: nothing should be changed
      exit 0"
    `);
    expect(await explained(installation, "10.8.0.9:53/udp")).toMatchInlineSnapshot(`
      "10.8.0.9, udp port 53, from an ordinary program: refused
        way: tun0, from 10.8.0.2
        clause: none of the five reasons: other resolvers are refused
        rule: in into_tunnel: meta l4proto { tcp, udp } th dport { 53, 853 } return comment "other resolvers are refused"
        otherwise: to have it asked: dns = ["10.8.0.9"], or "any", under [tunnel]
      exit 0"
    `);
    expect(await explained(installation, "[fd00:8::1]:443/tcp")).toMatchInlineSnapshot(`
      "fd00:8::1, tcp port 443, from an ordinary program: refused
        way: tun0, from fd00:8::1000
        clause: none of the five reasons: the policy refuses IPv6 in the tunnel
        rule: in into_tunnel: meta nfproto ipv6 return comment "the policy refuses IPv6 in the tunnel"
        otherwise: to allow it: ipv6 = true under [tunnel]
      exit 0"
    `);
    expect(await explained(installation, "192.168.1.50:631/tcp")).toMatchInlineSnapshot(`
      "192.168.1.50, tcp port 631, from an ordinary program: leaves outside the tunnel
        way: eth0, from 192.168.1.2
        clause: 3, LAN, only where asked for, and never DNS
        rule: in leaving: ip daddr @lan4 accept comment "3 LAN, fixed private ranges only"
        NIC guard: lets it out at eth0, for the rules have stamped it
        otherwise: to refuse it: leave its network out of allow under [lan]
      from there, tcp port 22 here: comes in
        rule: in input: ip saddr @lan4 tcp dport 22 accept comment "3 LAN: asked for by the policy"
      exit 0"
    `);
    expect(await explained(installation, "192.168.1.1:53/udp")).toMatchInlineSnapshot(`
      "192.168.1.1, udp port 53, from an ordinary program: refused
        way: eth0, from 192.168.1.2
        clause: none of the five reasons: 3 LAN: never DNS
        rule: in leaving: meta l4proto { tcp, udp } th dport { 53, 853, 5353, 5355 } return comment "3 LAN: never DNS"
        otherwise: nothing should be changed: DNS never goes to the LAN; have the VPN's resolver used
      from there, tcp port 22 here: comes in
        rule: in input: ip saddr @lan4 tcp dport 22 accept comment "3 LAN: asked for by the policy"
      exit 0"
    `);
    expect(await explained(installation, "[2001:db8:7::1]:123/udp")).toMatchInlineSnapshot(`
      "2001:db8:7::1, udp port 123, from an ordinary program: leaves outside the tunnel
        way: eth0, from 2001:db8:1::2, by 2001:db8:1::1
        clause: 4, an exception of the policy
        rule: in leaving: ip6 daddr . meta l4proto . th dport { 2001:db8:7::1 . udp . 123 } accept comment "4 exceptions"
        NIC guard: lets it out at eth0, for the rules have stamped it
        otherwise: to refuse it: remove the [[allow]] named "time"
      exit 0"
    `);
    expect(await explained(installation, "[2001:db8:7::1]:443/tcp")).toMatchInlineSnapshot(`
      "2001:db8:7::1, tcp port 443, from an ordinary program: refused
        way: eth0, from 2001:db8:1::2, by 2001:db8:1::1
        clause: none of the five reasons
        rule: in output: meta l4proto tcp reject with tcp reset comment "local programs fail fast"
        otherwise: it goes to eth0, past the tunnel: look at ip route get 2001:db8:7::1; or if it shall: an [[allow]] with direction = "out", address = "2001:db8:7::1", protocol = "tcp", port = 443
      exit 0"
    `);
    expect(await explained(installation, "203.0.113.7:443/tcp", "--json")).toMatchInlineSnapshot(`
      "{
        "state": "open",
        "differences": [],
        "packets": [
          {
            "to": "203.0.113.7",
            "what": {
              "protocol": "tcp",
              "port": 443
            },
            "sender": "an ordinary program",
            "way": "tun0, from 10.8.0.2",
            "verdict": "through the tunnel",
            "clause": "none is needed: the tunnel is open, and is no network card",
            "rule": {
              "chain": "into_tunnel",
              "comment": "the tunnel",
              "text": "accept comment \\"the tunnel\\""
            },
            "otherwise": "nothing should be changed"
          }
        ],
        "incoming": []
      }
      exit 0"
    `);
  });
});

test("explain on a machine that is disabled says that nothing decides", async () => {
  const installation = await withCard();
  expect(await explained(installation, "203.0.113.7")).toMatchInlineSnapshot(`
    "DISABLED: nothing decides, whatever has a route leaves; close with: vpn-firewall enable
    exit 3"
  `);
  expect(await explained(installation, "203.0.113.7", "--json")).toMatchInlineSnapshot(`
    "{
      "state": "disabled"
    }
    exit 3"
  `);
});

test("explain on a machine that is damaged says so first, and tells what the rules in force do", async () => {
  const installation = await withCard();
  await installation.succeed("enable");
  await installation.machine.load("insert rule inet vpn_firewall leaving udp dport 9 accept\n");
  expect(await explained(installation, "203.0.113.7:9/udp")).toMatchInlineSnapshot(`
    "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable
      chain leaving: 16 rules instead of 15
    what follows is by the rules in force
    203.0.113.7, udp port 9, from an ordinary program: leaves outside the tunnel
      way: eth0, from 192.168.1.2, by 192.168.1.1
      clause: none of the five reasons: it is not as the policy asks for
      rule: in leaving: udp dport 9 accept
      NIC guard: lets it out at eth0, for the rules have stamped it
      otherwise: run: vpn-firewall enable, which puts back what the policy asks for
    exit 0"
  `);
  await installation.machine.load("flush chain inet vpn_firewall stamping\n");
  expect(await explained(installation, "203.0.113.7:9/udp")).toMatchInlineSnapshot(`
    "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable
      chain leaving: 16 rules instead of 15
      chain stamping: 0 rules instead of 2
    what follows is by the rules in force
    203.0.113.7, udp port 9, from an ordinary program: refused at the NIC
      way: eth0, from 192.168.1.2, by 192.168.1.1
      clause: none of the five reasons
      rule: in leaving: udp dport 9 accept
      NIC guard: drops it at eth0: no rule has stamped it
      otherwise: run: vpn-firewall enable, which stamps again what may leave through eth0
    exit 0"
  `);
});

test("explain cannot tell where the second layer is not as it should be, and would decide", async () => {
  const installation = await withCard("", `${goodProfile}mark 1194\n`);
  await installation.succeed("enable");
  await installation.machine.load("flush chain netdev vpn_firewall egress_eth0\n");
  expect(await explained(installation, "198.51.100.1:1194/udp")).toMatchInlineSnapshot(`
    "2> vpn-firewall: error: Cannot tell: the rules let it through, and the NIC guard at eth0 is not as the policy asks for: other rules
    2> vpn-firewall: hint: repair it with: vpn-firewall enable, or see: nft list table netdev vpn_firewall
    exit 1"
  `);
  expect(await explained(installation, "203.0.113.7:9/udp")).toMatchInlineSnapshot(`
    "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable
      NIC guard at eth0: other rules
    what follows is by the rules in force
    203.0.113.7, udp port 9, from an ordinary program: refused
      way: eth0, from 192.168.1.2, by 192.168.1.1
      clause: none of the five reasons
      rule: in output: reject with icmpx admin-prohibited comment "local programs fail fast"
      otherwise: nothing should be changed: it goes through the tunnel once the VPN has connected
    exit 0"
  `);
});

test("explain in a pause says so first, and what it lets out", async () => {
  const installation = await withCard();
  await installation.succeed("enable");
  await installation.succeed("pause", "10m", "eth0");
  expect(await explained(installation, "203.0.113.7:80")).toMatchInlineSnapshot(`
    "PAUSED: for a time DNS and TCP leave outside the tunnel; end it with: vpn-firewall pause end
    203.0.113.7, tcp port 80, from an ordinary program: leaves outside the tunnel
      way: eth0, from 192.168.1.2, by 192.168.1.1
      clause: 4, an exception of the policy
      rule: in pausing: meta l4proto tcp ct direction original accept comment "4 exception: pause, TCP"
      NIC guard: lets it out at eth0, for the rules have stamped it
      otherwise: to refuse it at once: vpn-firewall pause end
    203.0.113.7, udp port 80, from an ordinary program: refused
      way: eth0, from 192.168.1.2, by 192.168.1.1
      clause: none of the five reasons
      rule: in output: reject with icmpx admin-prohibited comment "local programs fail fast"
      otherwise: nothing should be changed: it goes through the tunnel once the VPN has connected
    exit 0"
  `);
});

test("explain tells of a card that has no guard yet", async () => {
  const installation = await withCard("", `${goodProfile}mark 1194\n`);
  await installation.succeed("enable");
  await installation.machine.load("delete table netdev vpn_firewall\n");
  expect(await explained(installation, "198.51.100.1")).toMatchInlineSnapshot(`
    "198.51.100.1, ping, from an ordinary program: refused
      way: eth0, from 192.168.1.2, by 192.168.1.1
      clause: none of the five reasons
      rule: in output: reject with icmpx admin-prohibited comment "local programs fail fast"
      otherwise: nothing should be changed: that is the VPN's server, and only the VPN's program sends there
    198.51.100.1, udp port 1194, from the VPN, by its mark 1194: leaves outside the tunnel
      way: eth0, from 192.168.1.2, by 192.168.1.1
      clause: 1, carrier: the VPN's own packets to its server
      rule: in leaving: meta mark . ip daddr . meta l4proto . th dport @remotes_by_mark4 accept comment "1 carrier, by the VPN's mark"
      NIC guard: none at eth0: not in force yet; put in force with: vpn-firewall enable
      otherwise: nothing should be changed: without it there is no VPN
    exit 0"
  `);
});

test("explain where the first layer is dormant, or gone, tells of the second; and without that, of none", async () => {
  const installation = await withCard();
  await installation.succeed("enable");
  await installation.machine.load("table inet vpn_firewall { flags dormant; }\n");
  expect(await explained(installation, "203.0.113.7:9/udp")).toMatchInlineSnapshot(`
    "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable
      table: has flags: a dormant table does nothing
    what follows is by the rules in force
    203.0.113.7, udp port 9, from an ordinary program: refused at the NIC
      way: eth0, from 192.168.1.2, by 192.168.1.1
      clause: none of the five reasons
      NIC guard: drops it at eth0: no rule has stamped it
      otherwise: run: vpn-firewall enable, which stamps again what may leave through eth0
    exit 0"
  `);
  await installation.machine.load("delete table inet vpn_firewall\n");
  expect(await explained(installation, "203.0.113.7:9/udp")).toMatchInlineSnapshot(`
    "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable
      table inet vpn_firewall: missing
    what follows is by the rules in force
    203.0.113.7, udp port 9, from an ordinary program: refused at the NIC
      way: eth0, from 192.168.1.2, by 192.168.1.1
      clause: none of the five reasons
      NIC guard: drops it at eth0: no rule has stamped it
      otherwise: run: vpn-firewall enable, which stamps again what may leave through eth0
    exit 0"
  `);
  await installation.machine.load("delete table netdev vpn_firewall\n");
  expect(await explained(installation, "203.0.113.7:9/udp")).toMatchInlineSnapshot(`
    "DISABLED: nothing decides, whatever has a route leaves; close with: vpn-firewall enable
    exit 3"
  `);
});

test("explain says that it cannot tell where a rule is none of ours to understand", async () => {
  const installation = await withCard();
  await installation.succeed("enable");
  await installation.machine.load("insert rule inet vpn_firewall leaving ip ttl 64 accept\n");
  expect(await explained(installation, "203.0.113.7:9/udp")).toMatchInlineSnapshot(`
    "2> vpn-firewall: error: Cannot tell: rule 1 of the chain leaving is none that this version knows
    2> vpn-firewall: hint: see: nft list chain inet vpn_firewall leaving
    exit 1"
  `);
});

test("explain tells where there is no route, and refuses what is no address", async () => {
  const installation = await withCard();
  await installation.succeed("enable");
  await installation.machine.sh("ip route delete default");
  expect(await explained(installation, "203.0.113.7:9/udp")).toMatchInlineSnapshot(`
    "203.0.113.7, udp port 9, from an ordinary program: goes nowhere
      way: none: Network is unreachable
      clause: none: nothing is sent
      otherwise: look at the routes: ip route get 203.0.113.7
    exit 0"
  `);
  expect(await explained(installation, "example.com:443")).toMatchInlineSnapshot(`
    "2> vpn-firewall: error: "example.com:443" is not an address, or not only that
    2> vpn-firewall: hint: give ADDRESS, ADDRESS:PORT or ADDRESS:PORT/tcp, and IPv6 with a port as [ADDRESS]:PORT
    exit 2"
  `);
});
