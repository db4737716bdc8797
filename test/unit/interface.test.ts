import { test, expect } from "vitest";
import { means, parseInterfaceName, parseInterfacePattern } from "../../lib/interface.ts";

test.each(["a", "lo", "tun0", "wg-home", "eth0.100", "br_lan", "...", "enx001122334455"])(
  "parseInterfaceName() reads %s",
  (text) => {
    expect(parseInterfaceName(text)).toBe(text);
  },
);

test.each([
  "",
  ".",
  "..",
  "a".repeat(16),
  "tun 0",
  "tun0\n",
  "tun/0",
  "eth0:1",
  "tun*",
  "tun+",
  'tun"',
  "tun'",
  "tun\\",
  "tun{}",
  "tun;",
  "tun#",
  "tun$",
  "tun@if2",
  "tün0",
  "tun\0",
])("parseInterfaceName() refuses %j", (text) => {
  expect(parseInterfaceName(text)).toBeUndefined();
});

test.each(["v*", "vif*", "br-*", "a.b_c-d*", `${"a".repeat(14)}*`])(
  "parseInterfacePattern() reads %s",
  (text) => {
    expect(parseInterfacePattern(text)).toBe(text);
  },
);

test.each(["", "*", "vif", "v*f", "vif**", "vif*\n", "vif\\*", 'v"*', `${"a".repeat(15)}*`])(
  "parseInterfacePattern() refuses %j",
  (text) => {
    expect(parseInterfacePattern(text)).toBeUndefined();
  },
);

test.each([
  ["eth1", "eth1", true],
  ["eth1", "eth10", false],
  ["vif*", "vif1.0", true],
  ["vif*", "vi", false],
  ["vif*", "vif1*", true],
  ["vif1*", "vif*", false],
  ["vif*", "vif*", true],
])("means(%j, %j) is %j", (one, other, expected) => {
  const [first, second] = [one, other].map((text) => parseInterfaceName(text) ?? parseInterfacePattern(text));
  expect(first !== undefined && second !== undefined && means(first, second)).toBe(expected);
});
