import { describe, expect, test } from "vitest";
import { refusalOf } from "./refuse.ts";

const office = `[[allow]]
name = "office"
direction = "in"
address = "203.0.113.7"
protocol = "tcp"
port = 22
`;

describe("parsePolicy() refuses a value that cannot stand", () => {
  test.each([
    ["stamp = 31", "a:1:9: stamp cannot be 31 | write the number of a bit from 0 to 30, without quotes"],
    ["stamp = -1", "a:1:9: stamp cannot be -1 | write the number of a bit from 0 to 30, without quotes"],
    [
      "stamp = 1.0",
      "a:1:9: stamp must be an integer, not the number 1 | write the number of a bit from 0 to 30, without quotes",
    ],
    ['identity = "Mark"', 'a:1:12: identity cannot be "Mark" | accepted: "auto", "mark", "user", "none"'],
    [
      'profiles = ["client.conf"]',
      'a:1:13: profiles[0] cannot be "client.conf" | write an absolute path, in which * and ? may stand in the last component, such as "/etc/openvpn/client/*.conf"',
    ],
    [
      'interfaces = ["lo"]',
      'a:1:15: interfaces[0] cannot be "lo" | the loopback interface is always open: it needs no entry',
    ],
    [
      'interfaces = ["tun*"]',
      'a:1:15: interfaces[0] cannot be "tun*" | write the name of one interface, at most 15 of A-Z a-z 0-9 _ . -, such as "wg0"',
    ],
    [
      'interfaces = ["eth0"]',
      'a:1:15: interfaces[0] cannot be "eth0": it is the name of a network card, and whatever is listed here is open as a tunnel | list tunnels only, such as "wg0" or "ppp0"; every other interface is closed without an entry',
    ],
    [
      'forward.from = ["lo"]',
      'a:1:17: forward.from[0] cannot be "lo" | the loopback interface is always open: it needs no entry',
    ],
    [
      'forward.from = ["*"]',
      'a:1:17: forward.from[0] cannot be "*" | a star stands at the end, after the beginning of names, as in "vif*"',
    ],
    [
      'forward.from = ["v*f"]',
      'a:1:17: forward.from[0] cannot be "v*f" | a star stands at the end, after the beginning of names, as in "vif*"',
    ],
    [
      'forward.from = ["vif1.0", "vif*"]',
      'a:1:17: forward.from[0]: "vif1.0" is among those that "vif*" means, which is listed too | leave one of the two out',
    ],
    [
      'forward.from = ["vif*", "vif1*"]',
      'a:1:25: forward.from[1]: "vif1*" is among those that "vif*" means, which is listed too | leave one of the two out',
    ],
    ['forward.dns = "pushed"', 'a:1:15: forward.dns cannot be "pushed" | accepted: "any", "redirect"'],
    [
      'forward = { from = ["eth1"], inbound = ["tcp/51413"] }',
      'a:1:41: forward.inbound[0] cannot be "tcp/51413" | write "tcp/PORT to ADDRESS" or "udp/PORT to ADDRESS" with one space beside "to", such as "tcp/51413 to 192.168.50.2"',
    ],
    [
      'forward = { from = ["eth1"], inbound = ["tcp/22 to 192.168.50.2:22"] }',
      'a:1:41: forward.inbound[0] cannot be "tcp/22 to 192.168.50.2:22" | write "tcp/PORT to ADDRESS" or "udp/PORT to ADDRESS" with one space beside "to", such as "tcp/51413 to 192.168.50.2"',
    ],
    [
      'forward = { from = ["eth1"], inbound = ["tcp/22 to 192.168.50.2", "tcp/22 to 192.168.50.3"] }',
      "a:1:67: forward.inbound[1] repeats forward.inbound[0] | leave one of the two out",
    ],
    [
      'lan.allow = ["192.168.0.7/24"]',
      'a:1:14: lan.allow[0] cannot be "192.168.0.7/24" | write ADDRESS/PREFIX with no bits set after the prefix, such as "192.168.0.0/24"',
    ],
    [
      'lan.allow = ["8.8.8.0/24"]',
      'a:1:14: lan.allow[0] cannot be "8.8.8.0/24": it is not within a private range | the private ranges: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, fc00::/7, fe80::/10',
    ],
    [
      'tunnel.inbound = ["22"]',
      'a:1:19: tunnel.inbound[0] cannot be "22" | write "tcp/PORT" or "udp/PORT" with a port from 1 to 65535, such as "tcp/22"',
    ],
    [
      '[lan]\nallow = ["10.0.0.0/8"]\ninbound = ["tcp/22", "udp/53"]',
      'a:3:22: lan.inbound[1] cannot be "udp/53": no DNS passes on the LAN | ports 53, 853, 5353 and 5355 stay closed to the LAN; a resolver for forwarded machines belongs behind the tunnel',
    ],
    [
      '[lan]\nallow = ["10.0.0.0/8"]\ninbound = ["udp/5353"]',
      'a:3:12: lan.inbound[0] cannot be "udp/5353": no DNS passes on the LAN | for mDNS write lan.multicast = true',
    ],
    ['tunnel.dns = "none"', 'a:1:14: tunnel.dns cannot be "none" | accepted: "any", "pushed"'],
    [
      "tunnel.dns = []",
      'a:1:14: tunnel.dns cannot be an empty list | write "any", "pushed", or a list of addresses such as ["10.8.0.1"]',
    ],
    [
      'tunnel.dns = ["10.8.0.1/32"]',
      'a:1:15: tunnel.dns[0] cannot be "10.8.0.1/32" | write an IPv4 or IPv6 address, such as "10.8.0.1"',
    ],
    [
      office.replace("office", "-x"),
      'a:2:8: allow[0].name cannot be "-x" | write at most 48 letters, digits, spaces, dots, _ and -, with a letter or digit first',
    ],
    [office.replace('"in"', '"both"'), 'a:3:13: allow[0].direction cannot be "both" | accepted: "in", "out"'],
    [
      office.replace("203.0.113.7", "example.com"),
      'a:4:11: allow[0].address cannot be "example.com" | write an address such as "203.0.113.7", or a network with no bits set after its prefix, such as "203.0.113.0/24"',
    ],
    [
      office.replace('"tcp"', '"icmp"'),
      'a:5:12: allow[0].protocol cannot be "icmp" | accepted: "tcp", "udp"',
    ],
    [
      office.replace("22", "65536"),
      "a:6:8: allow[0].port cannot be 65536 | write a number from 1 to 65535, without quotes",
    ],
    [
      office.replace("22", "9".repeat(40)),
      `a:6:8: allow[0].port cannot be ${"9".repeat(24)}… | write a number from 1 to 65535, without quotes`,
    ],
    [
      `\n${office.replace('protocol = "tcp"\n', "")}`,
      'a:2:3: allow[0] has no protocol | write protocol = "tcp" or "udp" below its line [[allow]]',
    ],
  ])("%j", (text, refusal) => {
    expect(refusalOf(text)).toBe(refusal);
  });

  test.each([
    "eth0",
    "eth1.5",
    "wlan0",
    "wwan0",
    "usb0",
    "enp3s0",
    "eno1",
    "ens33",
    "end0",
    "enP2p1s0",
    "wlp2s0",
    "wlx0a1b2c3d4e5f",
    "wwp0s20",
    "ibp1s0",
  ])("the network card %s as a tunnel", (name) => {
    expect(refusalOf(`interfaces = ["${name}"]`)).toContain(`"${name}": it is the name of a network card`);
  });
});

describe("parsePolicy() refuses values that contradict each other", () => {
  test.each([
    [
      'interfaces = [\n  "wg0",\n  "wg0"\n]',
      "a:3:3: interfaces[1] repeats interfaces[0] | leave one of the two out",
    ],
    [
      'tunnel.dns = ["fd00::1", "FD00:0::1"]',
      "a:1:26: tunnel.dns[1] repeats tunnel.dns[0] | leave one of the two out",
    ],
    [
      'tunnel.inbound = ["tcp/1", "udp/1", "tcp/1"]',
      "a:1:37: tunnel.inbound[2] repeats tunnel.inbound[0] | leave one of the two out",
    ],
    [
      'lan.allow = ["10.1.2.0/24", "10.0.0.0/8"]',
      "a:1:14: lan.allow[0]: 10.1.2.0/24 lies within 10.0.0.0/8, which is listed too | leave one of the two out",
    ],
    [
      'lan.inbound = ["tcp/22"]',
      'a:1:15: lan.inbound opens ports to the networks of lan.allow, which is empty | list the networks, such as lan.allow = ["192.168.0.0/24"]',
    ],
    [
      "lan.multicast = true",
      'a:1:17: lan.multicast opens to the networks of lan.allow, which is empty | list the networks, such as lan.allow = ["192.168.0.0/24"]',
    ],
    [
      'interfaces = ["wg0"]\n[forward]\nfrom = ["eth1", "wg0"]',
      'a:3:17: forward.from[1]: "wg0" is in interfaces too, and a tunnel cannot forward into itself | leave it out of one of the two lists',
    ],
    [
      'interfaces = ["wg0"]\nforward.from = ["w*"]',
      'a:2:17: forward.from[0]: "wg0" is in interfaces too, and a tunnel cannot forward into itself | leave it out of one of the two lists',
    ],
    [
      "forward.lan = true",
      'a:1:15: forward.lan opens the networks of lan.allow, which is empty | list the networks, such as lan.allow = ["192.168.0.0/24"]',
    ],
    [
      'lan.allow = ["10.0.0.0/8"]\nforward.lan = true',
      'a:2:15: forward.lan is for machines behind forward.from, which is empty | list the interfaces they are on, such as forward.from = ["eth1"]',
    ],
    [
      "forward.dhcp = true",
      'a:1:16: forward.dhcp is for machines behind forward.from, which is empty | list the interfaces they are on, such as forward.from = ["eth1"]',
    ],
    [
      'forward.inbound = ["tcp/22 to 10.0.0.2"]',
      'a:1:19: forward.inbound leads to machines behind forward.from, which is empty | list the interfaces they are on, such as forward.from = ["eth1"]',
    ],
    [
      'tunnel.inbound = ["tcp/22"]\nforward = { from = ["eth1"], inbound = ["tcp/22 to 10.0.0.2"] }',
      "a:2:41: forward.inbound[0]: tcp/22 is in tunnel.inbound too, and a port leads to one machine | leave it out of one of the two lists",
    ],
    [
      'tunnel.ipv6 = false\nforward = { from = ["eth1"], inbound = ["tcp/22 to fd00::2"] }',
      "a:2:41: forward.inbound[0]: fd00::2 is reached over IPv6, which tunnel.ipv6 refuses | leave one of the two out",
    ],
    [
      office + office.replace("office", "OFFICE"),
      'a:8:8: allow[1].name "OFFICE" is taken by "office" at a:2:8 | give each exception a name of its own; case, spaces and signs do not tell names apart',
    ],
  ])("%j", (text, refusal) => {
    expect(refusalOf(text)).toBe(refusal);
  });
});
