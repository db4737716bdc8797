import { describe, expect, test } from "vitest";
import { type Environment, type HookName, parseEnvironment } from "../../../lib/openvpn/environment.ts";
import { refusalFrom } from "./parse.ts";

const least: Environment = { script_type: "up", dev: "tun0" };

/** What OpenVPN 2.6 gives route-up at the first connection of a client, without the certificates. */
const routeUp: Environment = {
  OPENVPN_FOO: "bar",
  X509_0_O: "Evil () { :;}; echo $(id)",
  common_name: "server.test",
  config: "client.conf",
  daemon: "0",
  daemon_pid: "5228",
  dev: "tun0",
  dev_type: "tun",
  foreign_option_1: "dhcp-option DNS 10.8.0.1",
  foreign_option_2: "dhcp-option DNS6 fd00:8::1",
  foreign_option_3: "dhcp-option DOMAIN corp.example",
  ifconfig_ipv6_local: "fd00:8::1000",
  ifconfig_ipv6_netbits: "64",
  ifconfig_ipv6_remote: "fd00:8::1",
  ifconfig_local: "10.8.0.2",
  ifconfig_netmask: "255.255.255.0",
  net_gateway_ipv6: "2001:db8:1::1",
  proto_1: "udp",
  redirect_gateway: "1",
  remote_1: "198.51.100.1",
  remote_port_1: "1194",
  route_net_gateway: "198.51.100.1",
  route_vpn_gateway: "10.8.0.1",
  script_context: "init",
  script_type: "route-up",
  trusted_ip: "198.51.100.1",
  trusted_port: "1194",
  untrusted_ip: "198.51.100.1",
  untrusted_port: "1194",
};

describe("parseEnvironment() reads", () => {
  test("what OpenVPN gives route-up", () => {
    expect(parseEnvironment(routeUp, "route-up")).toEqual({
      hook: "route-up",
      device: "tun0",
      profile: "client.conf",
      trusted: { address: { family: 4, text: "198.51.100.1" }, port: 1194 },
      addresses: [
        { family: 4, text: "10.8.0.2" },
        { family: 6, text: "fd00:8::1000" },
      ],
      resolvers: [
        { family: 4, text: "10.8.0.1" },
        { family: 6, text: "fd00:8::1" },
      ],
    });
  });

  test("the least that OpenVPN gives", () => {
    expect(parseEnvironment(least)).toEqual({ hook: "up", device: "tun0", addresses: [], resolvers: [] });
  });

  test.each<HookName>(["up", "route-up", "route-pre-down", "down"])(
    "the hook %s from either side",
    (hook) => {
      expect(parseEnvironment({ dev: "tun0", script_type: hook }).hook).toBe(hook);
      expect(parseEnvironment({ dev: "tun0" }, hook).hook).toBe(hook);
      expect(parseEnvironment({ dev: "tun0", script_type: hook }, hook).hook).toBe(hook);
    },
  );

  test.each([
    ["/etc/openvpn/a b.conf", { profile: "/etc/openvpn/a b.conf" }],
    ["stdin", { profile: "stdin" }],
    ["", {}],
  ])("the profile %j as it is given", (config, expected) => {
    expect(parseEnvironment({ ...least, config })).toEqual({
      hook: "up",
      device: "tun0",
      addresses: [],
      resolvers: [],
      ...expected,
    });
  });

  test.each<[string, Environment, string | undefined]>([
    ["over IPv4", { trusted_ip: "192.0.2.1", trusted_port: "443" }, "192.0.2.1 443"],
    ["over IPv6", { trusted_ip6: "2001:db8::1", trusted_port: "443" }, "2001:db8::1 443"],
    ["before there is one", {}, undefined],
    ["with a port of an earlier one only", { trusted_port: "443" }, undefined],
    [
      "of two connections, and so of neither",
      { trusted_ip: "192.0.2.1", trusted_ip6: "2001:db8::1", trusted_port: "443" },
      undefined,
    ],
  ])("the other end %s", (_, env, expected) => {
    const { trusted } = parseEnvironment({ ...least, ...env });
    expect(trusted && `${trusted.address.text} ${trusted.port}`).toBe(expected);
  });
});

describe("parseEnvironment() finds resolvers", () => {
  test.each<[string, Environment, string[]]>([
    [
      "in the order of their numbers",
      {
        foreign_option_10: "dhcp-option DNS 10.0.0.3",
        foreign_option_9: "dhcp-option DNS 10.0.0.2",
        foreign_option_1: "dhcp-option DNS 10.0.0.1",
      },
      ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
    ],
    [
      "once each",
      { foreign_option_1: "dhcp-option DNS 10.0.0.1", foreign_option_2: "dhcp-option DNS 10.0.0.1" },
      ["10.0.0.1"],
    ],
    ["behind gaps", { foreign_option_7: "dhcp-option DNS6 FD00::0:1" }, ["fd00::1"]],
    ["of either family under DNS", { foreign_option_1: "dhcp-option DNS fd00::1" }, ["fd00::1"]],
    [
      "of OpenVPN 2.7",
      {
        dns_server_1_address_1: "10.0.0.1",
        dns_server_1_address_2: "fd00::1",
        dns_server_2_address_1: "10.0.0.2",
      },
      ["10.0.0.1", "fd00::1", "10.0.0.2"],
    ],
    [
      "and nothing else of OpenVPN 2.7",
      {
        dns_server_1_port_1: "53",
        dns_server_1_sni: "10.0.0.1",
        dns_search_domain_1: "10.0.0.1",
        dns_server_x_address_1: "10.0.0.1",
      },
      [],
    ],
  ])("%s", (_, env, expected) => {
    const { resolvers } = parseEnvironment({ ...least, ...env });
    expect(resolvers.map(({ text }) => text)).toEqual(expected);
  });

  test.each([
    "",
    "dhcp-option",
    "dhcp-option DNS",
    "dhcp-option DNS ",
    "dhcp-option DNS 10.0.0.1 10.0.0.2",
    "dhcp-option  DNS 10.0.0.1",
    "dhcp-option DNS 10.0.0.1 ",
    "dhcp-option DNS 10.0.0.1; } table",
    "dhcp-option DNS 10.0.0.1/24",
    "dhcp-option DNS 10.1",
    "dhcp-option DNS 010.0.0.1",
    "dhcp-option DNS fe80::1%eth0",
    "dhcp-option DNS ::ffff:10.0.0.1",
    "dhcp-option DNS $(id)",
    "dhcp-option dns 10.0.0.1",
    "dhcp-option WINS 10.0.0.1",
    "dhcp-option DOMAIN 10.0.0.1",
    "DNS 10.0.0.1",
    "route 10.0.0.1",
    "dhcp-option DNS \u0661\u0660.0.0.1",
  ])("none, and no error, in %j", (text) => {
    expect(
      parseEnvironment({ ...least, foreign_option_1: text, dns_server_1_address_1: text }).resolvers,
    ).toEqual([]);
  });
});

describe("parseEnvironment() refuses", () => {
  test.each<[Environment, HookName | undefined, string]>([
    [{}, undefined, "Cannot find script_type in the environment"],
    [{ dev: "tun0" }, undefined, "Cannot find script_type in the environment"],
    [{}, "up", "Cannot find dev in the environment"],
    [{ ...least, script_type: "down" }, "up", 'Cannot serve the script_type "down" as up'],
    [{ ...least, script_type: "" }, "up", 'Cannot serve the script_type ""'],
    [{ ...least, script_type: "ipchange" }, undefined, 'Cannot serve the script_type "ipchange"'],
    [{ ...least, script_type: "dns-up" }, "up", 'Cannot serve the script_type "dns-up"'],
    [{ ...least, script_type: "UP" }, undefined, 'Cannot serve the script_type "UP"'],
    [{ ...least, script_type: "toString" }, undefined, 'Cannot serve the script_type "toString"'],
    [{ ...least, dev: "" }, undefined, 'Cannot read the interface "" in dev'],
    [{ ...least, dev: ".." }, undefined, 'Cannot read the interface ".." in dev'],
    [{ ...least, dev: "tun 0" }, undefined, 'Cannot read the interface "tun 0" in dev'],
    [{ ...least, dev: 'tun0" accept' }, undefined, 'Cannot read the interface "tun0\\" accept" in dev'],
    [{ ...least, dev: "tun0\n" }, undefined, 'Cannot read the interface "tun0\\u{a}" in dev'],
    [{ ...least, dev: "tun0123456789012" }, undefined, 'Cannot read the interface "tun0123456789012" in dev'],
    [{ ...least, ifconfig_local: "" }, undefined, 'Cannot read the IPv4 address "" in ifconfig_local'],
    [
      { ...least, ifconfig_local: "10.8.0.2/24" },
      undefined,
      'Cannot read the IPv4 address "10.8.0.2/24" in ifconfig_local',
    ],
    [
      { ...least, ifconfig_local: "fd00::1" },
      undefined,
      'Cannot read the IPv4 address "fd00::1" in ifconfig_local',
    ],
    [
      { ...least, ifconfig_ipv6_local: "10.8.0.2" },
      undefined,
      'Cannot read the IPv6 address "10.8.0.2" in ifconfig_ipv6_local',
    ],
    [
      { ...least, ifconfig_ipv6_local: "fd00::1 " },
      undefined,
      'Cannot read the IPv6 address "fd00::1 " in ifconfig_ipv6_local',
    ],
    [{ ...least, trusted_ip: "127.1" }, undefined, 'Cannot read the IPv4 address "127.1" in trusted_ip'],
    [{ ...least, trusted_ip: "192.0.2.1" }, undefined, 'Cannot read the port "" in trusted_port'],
    [
      { ...least, trusted_ip: "192.0.2.1", trusted_port: "0" },
      undefined,
      'Cannot read the port "0" in trusted_port',
    ],
    [
      { ...least, trusted_ip: "192.0.2.1", trusted_port: "1194 " },
      undefined,
      'Cannot read the port "1194 " in trusted_port',
    ],
    [
      { ...least, trusted_ip6: "::ffff:192.0.2.1", trusted_port: "1" },
      undefined,
      'Cannot read the IPv6 address "::ffff:192.0.2.1" in trusted_ip6',
    ],
    [
      { ...least, trusted_ip: "x", trusted_ip6: "2001:db8::1", trusted_port: "1" },
      undefined,
      'Cannot read the IPv4 address "x" in trusted_ip',
    ],
  ])("%j as %s", (env, hook, message) => {
    expect(refusalFrom(() => parseEnvironment(env, hook)).message).toBe(message);
  });
});
