import { describe, expect, test } from "vitest";
import { fileOf, parseAction, parseTunnel } from "../../../lib/networkmanager/dispatch.ts";
import type { Environment } from "../../../lib/openvpn/environment.ts";
import { refusalFrom } from "../openvpn/parse.ts";

/** As NetworkManager 1.42 has it. */
const usual: Environment = {
  NM_DISPATCHER_ACTION: "vpn-up",
  CONNECTION_FILENAME: "/etc/NetworkManager/system-connections/work.nmconnection",
  DEVICE_IFACE: "eth0",
  DEVICE_IP_IFACE: "eth0",
  IP4_ADDRESS_0: "192.168.1.2/24 192.168.1.1",
  IP4_NAMESERVERS: "192.168.1.50",
  VPN_IP_IFACE: "tun0",
  VPN_IP4_ADDRESS_0: "10.8.1.2/24 10.8.1.1",
  VPN_IP4_NUM_ADDRESSES: "1",
  VPN_IP4_NAMESERVERS: "10.8.1.1 10.8.1.9 10.8.1.1",
  VPN_IP6_ADDRESS_0: "fd00:8:1::1000/64 ::",
  VPN_IP6_NAMESERVERS: "fd00:8:1::1",
};

function tunnel(changes: Environment) {
  const { device, addresses, resolvers } = parseTunnel({ ...usual, ...changes }) ?? {};
  return {
    device,
    addresses: addresses?.map(({ text }) => text),
    resolvers: resolvers?.map(({ text }) => text),
  };
}

test.each([
  ["vpn-up", "open"],
  ["vpn-down", "close"],
  ["vpn-pre-down", "close"],
  ["vpn-pre-up", "nothing"],
  ["up", "nothing"],
  ["down", "nothing"],
  ["pre-up", "nothing"],
  ["dhcp4-change", "nothing"],
  ["hostname", "nothing"],
  ["connectivity-change", "nothing"],
  ["VPN-UP", "nothing"],
  ["vpn-up ", "nothing"],
  ["", "nothing"],
  ["constructor", "nothing"],
])("parseAction() of %j", (action, expected) => {
  expect(parseAction(action)).toBe(expected);
});

describe("parseTunnel() reads", () => {
  const all = {
    device: "tun0",
    addresses: ["10.8.1.2", "fd00:8:1::1000"],
    resolvers: ["10.8.1.1", "10.8.1.9", "fd00:8:1::1"],
  };

  test.each<[string, Environment, object]>([
    ["what NetworkManager says", {}, {}],
    ["no addresses of a family", { VPN_IP4_ADDRESS_0: undefined }, { addresses: ["fd00:8:1::1000"] }],
    [
      "several addresses, to the first number that is not there",
      { VPN_IP4_ADDRESS_1: "10.9.0.2/32 0.0.0.0", VPN_IP4_ADDRESS_3: "10.9.0.4/32 0.0.0.0" },
      { addresses: ["10.8.1.2", "10.9.0.2", "fd00:8:1::1000"] },
    ],
    ["no resolvers", { VPN_IP4_NAMESERVERS: undefined, VPN_IP6_NAMESERVERS: "" }, { resolvers: [] }],
    [
      "resolvers without those that are none: the server decides what stands there",
      {
        VPN_IP4_NAMESERVERS: "10.8.1.1 fd00::1 } 10.8.1.1#x tls://1.1.1.1",
        VPN_IP6_NAMESERVERS: "::ffff:10.8.1.1 fe80::1%tun0",
      },
      { resolvers: ["10.8.1.1"] },
    ],
  ])("%s", (_, changes, expected) => {
    expect(tunnel(changes)).toEqual({ ...all, ...expected });
  });

  test.each([undefined, ""])("no tunnel without an interface of the VPN's: %j", (VPN_IP_IFACE) => {
    expect(parseTunnel({ ...usual, VPN_IP_IFACE })).toBeUndefined();
  });
});

describe("parseTunnel() refuses", () => {
  test.each<[string, string]>([
    ["VPN_IP_IFACE", "../lo"],
    ["VPN_IP_IFACE", "tun0 "],
    ["VPN_IP_IFACE", 'tun0" }'],
    ["VPN_IP_IFACE", "t".repeat(16)],
    ["VPN_IP4_ADDRESS_0", ""],
    ["VPN_IP4_ADDRESS_0", "nonsense"],
    ["VPN_IP4_ADDRESS_0", "010.8.1.2/24 10.8.1.1"],
    ["VPN_IP4_ADDRESS_0", "10.8.1.2 }; flush ruleset"],
    ["VPN_IP4_ADDRESS_1", "fd00::1/64 ::"],
    ["VPN_IP6_ADDRESS_0", "10.8.1.2/24 ::"],
    ["VPN_IP6_ADDRESS_0", "::ffff:10.8.1.2/64 ::"],
  ])("%s=%j", (variable, value) => {
    expect(refusalFrom(() => tunnel({ [variable]: value })).message).toContain(variable);
  });
});

test("fileOf() gives the connection's file, and refuses where there is none", () => {
  expect(fileOf(usual)).toBe(usual["CONNECTION_FILENAME"]);
  for (const CONNECTION_FILENAME of [undefined, ""])
    expect(refusalFrom(() => fileOf({ ...usual, CONNECTION_FILENAME })).message).toContain(
      "CONNECTION_FILENAME",
    );
});
