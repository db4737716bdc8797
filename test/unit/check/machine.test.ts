import { expect, test } from "vitest";
import { parseAddress, parseNetwork } from "../../../lib/address.ts";
import { type Machine, checkMachine } from "../../../lib/check/machine.ts";
import { parsePolicy } from "../../../lib/policy/toml.ts";
import { names } from "./subject.ts";

const usual: Machine = {
  kernel: { major: 6, minor: 1 },
  openvpn: { major: 2, minor: 6 },
  resolvers: [],
  lans: ["192.168.1.0/24", "2001:db8:1::/64"].flatMap((text) => parseNetwork(text) ?? []),
  hasDocker: false,
  unnamed: [],
};

const resolvers = (...texts: readonly string[]) => ({
  resolvers: texts.flatMap((text) => parseAddress(text) ?? []),
});

test.each<[string, Partial<Machine>, string, readonly string[]]>([
  ["nothing special", {}, "", []],
  ["no OpenVPN", { openvpn: undefined }, "", ["openvpn-missing"]],
  ["an old kernel", { kernel: { major: 5, minor: 15 } }, "", ["nic-guard-missing"]],
  ["the oldest kernel with a NIC guard", { kernel: { major: 5, minor: 16 } }, "", []],
  ["a resolver on the LAN", resolvers("127.0.0.53", "192.168.1.1"), "", ["resolver-on-lan"]],
  ["a resolver on the LAN over IPv6", resolvers("2001:db8:1::1"), "", ["resolver-on-lan"]],
  ["a resolver in the tunnel", resolvers("10.8.0.1"), "", []],
  ["a resolver of this machine", resolvers("127.0.0.53"), "", []],
  ["docker", { hasDocker: true }, "", ["docker-closed"]],
  ["docker that may use the tunnel", { hasDocker: true }, 'forward.from = ["docker0"]', []],
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
