import { expect, test } from "vitest";
import { type Forwarding, checkForwarding } from "../../../lib/check/forwarding.ts";
import { parseInterfaceName } from "../../../lib/interface.ts";
import { parsePolicy } from "../../../lib/policy/toml.ts";
import { names } from "./subject.ts";

const both = { 4: true, 6: true };

test.each<[string, string, Partial<Forwarding>, readonly string[]]>([
  ["nothing is forwarded", "", { forwards: { 4: false, 6: false } }, []],
  ["all is well", 'forward.from = ["eth1", "vif*"]', {}, []],
  [
    "the kernel forwards nothing",
    'forward.from = ["eth1"]',
    { forwards: { 4: false, 6: false } },
    ["forwarding-off", "forwarding-off-ipv6"],
  ],
  [
    "the kernel forwards IPv4 alone",
    'forward.from = ["eth1"]',
    { forwards: { 4: true, 6: false } },
    ["forwarding-off-ipv6"],
  ],
  [
    "the tunnel has no IPv6 either",
    'tunnel.ipv6 = false\nforward.from = ["eth1"]',
    { forwards: { 4: true, 6: false } },
    [],
  ],
  ["an interface is not there", 'forward.from = ["eth1", "eth2"]', {}, ["forward-from-missing"]],
  ["the default route's card is named", 'forward.from = ["eth0"]', {}, ["forward-from-outward"]],
  ["a pattern means the default route's card", 'forward.from = ["eth*"]', {}, ["forward-from-outward"]],
  [
    "ports lead to a machine behind, to one elsewhere, and to nobody",
    'forward = { from = ["eth1"], inbound = ["tcp/1 to 10.0.1.2", "tcp/2 to 10.0.0.2", "tcp/3 to fd00::2"] }',
    {},
    ["forward-inbound-lost", "forward-inbound-lost"],
  ],
  [
    "a tunnel without hooks cannot say whom to ask",
    'interfaces = ["wg0"]\nforward = { from = ["eth1"], dns = "redirect" }',
    {},
    ["forward-dns-nowhere"],
  ],
  [
    "the policy says whom to ask",
    'interfaces = ["wg0"]\ntunnel.dns = ["10.8.0.1"]\nforward = { from = ["eth1"], dns = "redirect" }',
    {},
    [],
  ],
  [
    "the LAN is open to machines behind",
    'lan.allow = ["192.168.1.0/24"]\nforward = { from = ["eth1"], lan = true }',
    {},
    ["forward-lan"],
  ],
])("checkForwarding() where %s", (_, text, changes, expected) => {
  const [eth0, eth1] = ["eth0", "eth1"].map((name) => parseInterfaceName(name));
  if (eth0 === undefined || eth1 === undefined) throw new Error("these are names of interfaces");
  const ways = new Map([
    ["10.0.0.2", eth0],
    ["10.0.1.2", eth1],
  ]);
  const forwarding = { forwards: both, interfaces: [eth0, eth1], outward: [eth0], ways, ...changes };
  const policy = parsePolicy([{ file: "/policy.toml", text }]);
  expect(names(checkForwarding("/policy.toml", policy, forwarding))).toEqual(expected);
});
