import { test, expect } from "vitest";
import { parseInterfaceName } from "../../lib/interface.ts";

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
