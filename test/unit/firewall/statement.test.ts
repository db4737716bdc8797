import { expect, test } from "vitest";
import { type Statement, anyOf, nft, parseUid, toMark } from "../../../lib/firewall/statement.ts";
import { type InterfaceName, parseInterfaceName } from "../../../lib/interface.ts";

const names = (...texts: readonly string[]): InterfaceName[] =>
  texts.flatMap((text) => parseInterfaceName(text) ?? []);

test("nft() puts words and lists of words into its text", () => {
  const list: readonly Statement[] = [nft`1`, nft`2`];
  expect(nft`a ${4} b { ${list} } ${names("tun0")[0] ?? nft``}`).toBe("a 4 b { 1, 2 } tun0");
  expect(nft`{ ${[]} }`).toBe("{  }");
});

test("anyOf() quotes each name", () => {
  expect(anyOf(names("vlan"))).toBe('"vlan"');
  expect(anyOf(names("wg0", "vlan", "eth0.7", "2"))).toBe('{ "wg0", "vlan", "eth0.7", "2" }');
});

test.each([
  ["0", 0],
  ["65534", 65534],
  ["4294967294", 4294967294],
  // (uid_t) -1 is nobody's.
  ["4294967295", undefined],
  ["", undefined],
  ["-1", undefined],
  ["+1", undefined],
  ["01", undefined],
  ["1 ", undefined],
  ["1e3", undefined],
  ["0x1", undefined],
])("parseUid() reads %j as %s", (text, uid) => {
  expect(parseUid(text)).toBe(uid);
});

test.each([
  [1, 1],
  [4294967295, 4294967295],
  [0, undefined],
  [-1, undefined],
  [4294967296, undefined],
  [1.5, undefined],
  [Number.NaN, undefined],
])("toMark() takes %d as %s", (value, mark) => {
  expect(toMark(value)).toBe(mark);
});
