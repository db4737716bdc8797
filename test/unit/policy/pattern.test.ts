import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseProfilePattern, profileFiles } from "../../../lib/policy/pattern.ts";
import type { ProfilePattern } from "../../../lib/policy/policy.ts";

describe("parseProfilePattern()", () => {
  test.each([
    "/a",
    "/etc/openvpn/client/*.conf",
    "/etc/openvpn/work.ovpn",
    "/srv/My VPN (ü)/vpn?.conf",
    "/etc/.vpn/..a",
    "/*",
  ])("reads %s", (text) => {
    expect(parseProfilePattern(text)).toBe(text);
  });

  test.each([
    "",
    "/",
    "a.conf",
    "*.conf",
    "~/a.conf",
    "./a.conf",
    "//a.conf",
    "/etc//a.conf",
    "/etc/",
    "/etc/./a.conf",
    "/etc/../a.conf",
    "/etc/..",
    "/etc/*/a.conf",
    "/etc/v?n/a.conf",
    "/etc/**",
    "/etc/**/a.conf",
    "/etc/[ab].conf",
    "/etc/{a,b}.conf",
    "/etc/a\\*.conf",
    "/etc/a\n.conf",
    "/etc/a\0.conf",
    "/etc/\u202ea.conf",
    "/etc/\ufffd.conf",
  ])("refuses %j", (text) => {
    expect(parseProfilePattern(text)).toBeUndefined();
  });
});

test("parseProfilePattern() refuses a path that is longer than the kernel takes", () => {
  expect(parseProfilePattern(`/${"a".repeat(4095)}`)).toHaveLength(4096);
  expect(parseProfilePattern(`/${"a".repeat(4096)}`)).toBeUndefined();
});

describe("profileFiles()", () => {
  test.each([
    ["/etc/openvpn/client/*.conf", "/etc/openvpn/client"],
    ["/a", "/"],
  ])("looks for %s in %s", (pattern, directory) => {
    expect(files(pattern).directory).toBe(directory);
  });

  test.each([
    ["a.conf", ["a.conf"], ["b.conf", "a.confx", "xa.conf", "axconf", "A.conf", ""]],
    [
      "*.conf",
      ["a.conf", "a.b.conf", "*.conf"],
      [".conf", ".a.conf", "a.conf~", ".#a.conf", "a.con", "conf"],
    ],
    ["vpn?.conf", ["vpn1.conf", "vpnü.conf", "vpn😀.conf"], ["vpn.conf", "vpn12.conf"]],
    ["*", ["a", "a.b"], [".a", "."]],
    ["?a", ["aa"], [".a", "a"]],
    [".*", [".a", "."], ["a"]],
    ["*a*b", ["ab", "xaxb", "abab", "aabb"], ["ba", "abx", "a"]],
    ["a+(b).$^|", ["a+(b).$^|"], ["aab", "a"]],
  ])("takes by %s the names %j and not %j", (pattern, taken, left) => {
    const { matches } = files(`/etc/${pattern}`);
    expect([...taken, ...left].filter(matches)).toEqual(taken);
  });

  test("agrees with a regular expression about any pattern", () => {
    fc.assert(
      fc.property(letters("ab?*"), letters("ab"), (wanted, name) => {
        const pattern = parseProfilePattern(`/${wanted}`);
        fc.pre(pattern !== undefined);
        const expression = new RegExp(`^${wanted.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(profileFiles(pattern).matches(name)).toBe(expression.test(name));
      }),
      { numRuns: 5000 },
    );
  });

  test("answers at once for a pattern that would keep a regular expression busy for ever", () => {
    expect(files(`/${"*a".repeat(100)}b`).matches("a".repeat(255))).toBe(false);
  });
});

function files(pattern: string): ReturnType<typeof profileFiles> {
  const parsed: ProfilePattern | undefined = parseProfilePattern(pattern);
  if (parsed === undefined) throw new Error(`Cannot parse ${pattern}`);
  return profileFiles(parsed);
}

function letters(of: string): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...of), maxLength: 8 });
}
