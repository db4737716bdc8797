import { expect, test } from "vitest";
import { parseAddress, parseNetwork } from "../../../lib/address.ts";
import { type Machine, checkMachine, resolverOnLan } from "../../../lib/check/machine.ts";
import { parsePolicy } from "../../../lib/policy/toml.ts";
import { names } from "./subject.ts";

const usual: Omit<Machine, "resolvers" | "lans"> = {
  kernel: { major: 6, minor: 1 },
  openvpn: { major: 2, minor: 6 },
  hasDocker: false,
  unnamed: [],
};

test.each<[string, Partial<typeof usual>, string, readonly string[]]>([
  ["nothing special", {}, "", []],
  ["no OpenVPN", { openvpn: undefined }, "", ["openvpn-missing"]],
  ["an old kernel", { kernel: { major: 5, minor: 15 } }, "", ["nic-guard-missing"]],
  ["the oldest kernel with a NIC guard", { kernel: { major: 5, minor: 16 } }, "", []],
  ["docker", { hasDocker: true }, "", ["docker-closed"]],
  ["docker that may use the tunnel", { hasDocker: true }, 'forward.from = ["docker0"]', []],
  ["docker that a pattern means", { hasDocker: true }, 'forward.from = ["docker*"]', []],
  [
    "connections that the policy does not name",
    { unnamed: ["/a", "/b"] },
    "",
    ["networkmanager", "networkmanager"],
  ],
])("checkMachine() of %s", (_, changes, policy, expected) => {
  const machine = { ...usual, ...changes };
  expect(names(checkMachine(machine, parsePolicy([{ file: "/policy.toml", text: policy }])))).toEqual(
    expected,
  );
});

test.each<[readonly string[], string | undefined]>([
  [["127.0.0.53", "192.168.1.1"], "192.168.1.1"],
  [["2001:db8:1::1"], "2001:db8:1::1"],
  [["10.8.0.1"], undefined],
  [["127.0.0.53"], undefined],
  [[], undefined],
])("resolverOnLan() of %j is %j", (texts, expected) => {
  const lans = ["192.168.1.0/24", "2001:db8:1::/64"].flatMap((text) => parseNetwork(text) ?? []);
  const resolvers = texts.flatMap((text) => parseAddress(text) ?? []);
  expect(resolverOnLan({ resolvers, lans })?.text).toBe(expected);
});
