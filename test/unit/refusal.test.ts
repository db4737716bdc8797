import { test, expect } from "vitest";
import * as fc from "fast-check";
import { quote, Refusal } from "../../lib/refusal.ts";

test("Refusal is an Error with a message, a hint, and a cause if there is one", () => {
  const cause = new Error("ENOENT");
  const refusal = new Refusal("policy.toml: the file cannot be read", "see its permissions", { cause });
  expect(refusal).toBeInstanceOf(Error);
  expect(refusal).toMatchObject({
    name: "Refusal",
    message: "policy.toml: the file cannot be read",
    hint: "see its permissions",
    cause,
  });
  expect(Object.hasOwn(new Refusal("a", "b"), "cause")).toBe(false);
});

test.each([
  ["", '""'],
  ["tun0", '"tun0"'],
  ['a "b" c', '"a \\"b\\" c"'],
  ["a\\b", '"a\\\\b"'],
  ["a\nb", '"a\\u{a}b"'],
  ["\u001b[31m", '"\\u{1b}[31m"'],
  ["\u007f\u009b", '"\\u{7f}\\u{9b}"'],
  ["ü", '"\\u{fc}"'],
  ["\u202e", '"\\u{202e}"'],
  ["😀", '"\\u{1f600}"'],
  ["\ud83d", '"\\u{d83d}"'],
  ["a".repeat(80), `"${"a".repeat(80)}"`],
  ["a".repeat(81), `"${"a".repeat(80)}…"`],
])("quote() shows %j as %s", (text, shown) => {
  expect(quote(text)).toBe(shown);
});

test("quote() gives one line of printable characters for any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
      expect(quote(text)).toMatch(/^"[\x20-\x7e…]*"$/u);
    }),
  );
});
