import { expect, test } from "vitest";
import { lockRuleset } from "../../../lib/firewall/lock.ts";
import { readOpened, restoreTransactions } from "../../../lib/firewall/opened.ts";
import type { InterfaceName } from "../../../lib/interface.ts";
import { defaultPolicy } from "../../../lib/policy/policy.ts";

const lock = lockRuleset(defaultPolicy, []);
const tun0 = "tun0" as InterfaceName;

function read(sets: Readonly<Record<string, readonly string[]>>) {
  return readOpened(lock, new Map(Object.entries(sets)), (device) => (device === tun0 ? 7 : undefined));
}

test.for<[string, readonly unknown[]]>([
  ['"tun0" . "tun0"', [{ device: "tun0", index: 7, resolvers: [] }]],
  [
    '"tun0" . "tun0" comment "opened 3721 s after boot"',
    [{ device: "tun0", opened: 3721, index: 7, resolvers: [] }],
  ],
  ['"tun0" . "tun0" comment "of another"', []],
  ['"tun0" . "tun0" timeout 1m', []],
  ['7 . "tun0" comment "opened 3721 s after boot"', []],
  ['7 . "tun0"', []],
  ['"eth0" . "tun0"', []],
  ['"tun0" . "eth0"', []],
  ['"tun1" . "tun1"', []],
  ['"tun0"', []],
  ['"tun0" . "tun0" . "tun0"', []],
  ['"tun 0" . "tun 0"', []],
  ["", []],
])("readOpened() of the tunnel %s", ([element, tunnels]) => {
  expect(read({ tunnels: [element] }).tunnels).toEqual(tunnels);
});

test("readOpened() leaves out a tunnel that has no known index", () => {
  const listed = new Map([["tunnels", ['"tun0" . "tun0"']]]);
  expect(readOpened(lock, listed, () => undefined).tunnels).toEqual([]);
});

test.for<[string, boolean]>([
  ['"tun0" . 10.8.0.1', true],
  ["7 . 10.8.0.1", false],
  ['"eth0" . 10.8.0.1', false],
  ['"tun0" . 10.8.0.01', false],
  ['"tun0" . 10.8.0.1 . 10.8.0.1', false],
])("readOpened() of the resolver %s", ([element, kept]) => {
  const [tunnel] = read({ tunnels: ['"tun0" . "tun0"'], resolvers4: [element] }).tunnels;
  expect(tunnel?.resolvers).toHaveLength(kept ? 1 : 0);
});

test.for<[string, string, boolean]>([
  ["tunnel_addresses4", "10.8.0.2", true],
  ["tunnel_addresses6", "fd00:8::2", true],
  ["tunnel_addresses4", "10.8.0.2-10.8.0.9", false],
  ["remotes4", "198.51.100.1 . udp . 1194", true],
  ["remotes_by_mark4", "0x000004aa . 198.51.100.1 . udp . 1194", true],
  ["remotes_by_user6", "65534 . 2001:db8::1 . tcp . 443", true],
  ["remotes4", "198.51.100.1 . udp . openvpn", false],
  ["remotes4", "198.51.100.1 . udp . 1194 }; flush ruleset", false],
  ["remotes4", "198.51.100.1 .  . 1194", false],
  ["remotes_by_mark4", "0x4AA . 198.51.100.1 . udp . 1194", false],
  ["lan4", "10.0.0.0/8", false],
  ["not_ours", "10.8.0.2", false],
])("readOpened() of an element of %s: %s", ([set, element, kept]) => {
  expect(read({ [set]: [element] }).elements.get(set) ?? []).toEqual(kept ? [element] : []);
});

test("restoreTransactions() puts the stamp in last, and tunnels by their index", () => {
  const opened = read({
    tunnels: ['"tun0" . "tun0" comment "opened 3721 s after boot"'],
    resolvers4: ['"tun0" . 10.8.0.1'],
    remotes4: ["198.51.100.1 . udp . 1194"],
  });
  const [closed = "", open = "", ...more] = restoreTransactions(lock, opened);
  expect(more).toEqual([]);
  expect(closed).toContain(
    "chain stamping {\n\t\ttype filter hook postrouting priority 1000; policy accept;\n\t}\n",
  );
  expect(closed).not.toContain("meta mark set");
  expect(closed).toContain("chain postrouting {");
  expect(open).toContain("meta mark set");
  expect(open).toContain(
    'add element inet vpn_firewall tunnels { 7 . "tun0" comment "opened 3721 s after boot" }\n',
  );
  expect(open).toContain("add element inet vpn_firewall resolvers4 { 7 . 10.8.0.1 }\n");
  expect(open).toContain("add element inet vpn_firewall remotes4 { 198.51.100.1 . udp . 1194 }\n");
});
