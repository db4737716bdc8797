import { describe, expect, test } from "vitest";
import { parseKeyfile, tryUnescaped } from "../../../lib/networkmanager/keyfile.ts";

const place = { file: "/c", line: 2 };

describe("parseKeyfile() takes a line as GLib does:", () => {
  test.each<[string, string | undefined]>([
    ["key=value", "value"],
    ["  key  =  value", "value"],
    ["key=value  ", "value  "],
    ["key=value\r", "value"],
    ["key=a=b", "a=b"],
    ["key=", ""],
    ["key=a\nkey=b", "b"],
    ["key=a\n[other]\nkey=b", "a"],
    ["key=a\n[g]\nkey=b", "b"],
    ["[other]\nkey=a\n[g] \t\nkey=b", "b"],
    ["#key=a", undefined],
    ["  # key=a", undefined],
    ["Key=a", undefined],
    ["key[de]=a", undefined],
    ["[other]\nkey=a", undefined],
    ["key=a # b", "a # b"],
  ])("%j", (lines, expected) => {
    const { value, malformed } = parseKeyfile("/c", `[g]\n${lines}`);
    expect(value("g", "key")?.text).toBe(expected);
    expect(malformed).toBeUndefined();
  });
});

describe("parseKeyfile() tells where GLib gives a file up:", () => {
  test.each([
    ["[g]\nkey", 2],
    ["[g]\n=a", 2],
    ["[g]\n[h", 2],
    ["[g]\n[h] x", 2],
    ["[g]\n[]", 2],
    ["[g]\n[a[b]", 2],
    ["[g]\na\u0000=b", 2],
    ["key=a", 1],
    ["\n\n<ca>\n[g]\n", 3],
  ])("%j", (text, line) => {
    expect(parseKeyfile("/c", text).malformed).toEqual({ file: "/c", line });
  });
});

test("parseKeyfile() tells where each value stands", () => {
  expect(parseKeyfile("/c", "[g]\nkey=a").value("g", "key")).toEqual({ ...place, text: "a" });
});

test.each<[string, string | undefined]>([
  ["a", "a"],
  ["\\sa\\n\\t\\r\\\\s", " a\n\t\r\\s"],
  ["\\;", undefined],
  ["a\\", undefined],
  ["\\x", undefined],
  ["\\\n", undefined],
])("tryUnescaped() of %j", (text, expected) => {
  expect(tryUnescaped({ ...place, text })).toBe(expected);
});

test("parseKeyfile() takes a time that grows with the text alone", () => {
  for (const text of [
    "x".repeat(4_000_000),
    "[".repeat(4_000_000),
    " ".repeat(4_000_000),
    "\n".repeat(1_000_000),
  ])
    expect(parseKeyfile("/c", text).value("g", "key")).toBeUndefined();
  const spaces = `[g]\nkey${" ".repeat(100_000)}x=${" ".repeat(100_000)}a`;
  expect(parseKeyfile("/c", spaces).malformed).toBeUndefined();
});
