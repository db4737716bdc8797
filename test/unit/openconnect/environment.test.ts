import { expect, test } from "vitest";
import { parseReason, parseTunnel } from "../../../lib/openconnect/environment.ts";

const env = {
  TUNDEV: "tun0",
  VPNGATEWAY: "198.51.100.1",
  INTERNAL_IP4_ADDRESS: "10.8.3.7",
  INTERNAL_IP6_ADDRESS: "fd00:8:3::7",
  INTERNAL_IP4_DNS: "10.8.3.1 10.8.3.1 $(reboot)",
  INTERNAL_IP6_DNS: "fd00:8:3::1",
};

test("openconnect's environment becomes a tunnel; what is no resolver is passed over", () => {
  const { device, gateway, addresses, resolvers } = parseTunnel(env);
  expect([device, gateway.text]).toEqual(["tun0", "198.51.100.1"]);
  expect(addresses.map(({ text }) => text)).toEqual(["10.8.3.7", "fd00:8:3::7"]);
  expect(resolvers.map(({ text }) => text)).toEqual(["10.8.3.1", "fd00:8:3::1"]);
});

test("an address that is empty is none", () => {
  expect(parseTunnel({ ...env, INTERNAL_IP6_ADDRESS: "", INTERNAL_IP6_DNS: "" }).addresses).toHaveLength(1);
});

test.each([
  [{ TUNDEV: undefined }, "Cannot find TUNDEV"],
  [{ TUNDEV: "tun0; reboot" }, "Cannot read the interface"],
  [{ VPNGATEWAY: "" }, "Cannot find VPNGATEWAY"],
  [{ VPNGATEWAY: "vpn.example.net" }, "in VPNGATEWAY"],
  [{ VPNGATEWAY: "::ffff:198.51.100.1" }, "in VPNGATEWAY"],
  [{ INTERNAL_IP4_ADDRESS: "fd00::1" }, "in INTERNAL_IP4_ADDRESS"],
  [{ INTERNAL_IP4_ADDRESS: "10.8.3.7/24" }, "in INTERNAL_IP4_ADDRESS"],
  [{ INTERNAL_IP6_ADDRESS: "10.8.3.7" }, "in INTERNAL_IP6_ADDRESS"],
])("%j: %s", (changes, refusal) => {
  expect(() => parseTunnel({ ...env, ...changes })).toThrow(refusal);
});

test.each([
  ["pre-init", "nothing"],
  ["connect", "open"],
  ["reconnect", "open"],
  ["attempt-reconnect", "nothing"],
  ["disconnect", "close"],
])("the reason %s: %s", (reason, action) => {
  expect(parseReason({ reason })).toBe(action);
});

test.each([undefined, "", "constructor", "Connect"])("the reason %j is none", (reason) => {
  expect(() => parseReason({ reason })).toThrow("Cannot serve the reason");
});
