import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../../lib/refusal.ts";
import { policyOrRefusal, refusalOf } from "./refuse.ts";
import { tomlText } from "./toml-text.ts";

const examples = ["policy", "policy-laptop", "policy-headless", "policy-gateway"].map((name) =>
  readFileSync(new URL(`../../../examples/${name}.toml`, import.meta.url), "utf8"),
);
/** The commented lines of the example count too: they hold the keys that the others have not. */
const policies = [...examples, ...examples.map((text) => text.replaceAll(/^#(?=[a-z[])/gm, ""))];

const fragment = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."[]{}=.,\"'#\\\n\r\t a0-_u\0\ufeff"), maxLength: 6 }),
  fc.constantFrom(
    "[[allow]]\n",
    "[lan]\n",
    "allow",
    "__proto__",
    "constructor",
    '"""',
    "'''",
    "\\u0000",
    "\ud800",
    "1e9",
    "1979-05-27",
    "07:32",
    "\r\n",
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
);

const mutated = fc
  .tuple(
    fc.constantFrom(...policies),
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(12), fragment), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([text, changes]) =>
    changes.reduce((changed, [where, removed, inserted]) => {
      const at = Math.floor(where * changed.length);
      return changed.slice(0, at) + inserted + changed.slice(at + removed);
    }, text),
  );

describe("parsePolicy() gives a policy, or a refusal whose place is within the file, for", () => {
  test.each([
    ["any text", fc.string({ unit: "binary", maxLength: 200 }), 500],
    [
      "text of TOML's own characters",
      fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join("")),
      2000,
    ],
    ["a policy that was changed here and there", mutated, 4000],
    ["TOML that is no policy", tomlText.map(({ text }) => text), 200],
  ])("%s", (_, texts, numRuns) => {
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 2 }), (sources) => {
        const result = policyOrRefusal(sources);
        if (!(result instanceof Refusal)) return;
        expect(result.message + result.hint).not.toMatch(/[\p{Cc}\p{Cs}]/u);
        const [, file = "", line = "", column = ""] =
          /^([ab]):([0-9]+):([0-9]+): ./.exec(result.message) ?? [];
        const lines = (sources[file === "a" ? 0 : 1] ?? "").replace(/^\ufeff+/, "").split("\n");
        const shown = lines[Number(line) - 1];
        expect(shown).toBeDefined();
        expect(Number(column)).toBeGreaterThanOrEqual(1);
        expect(Number(column)).toBeLessThanOrEqual(Array.from(shown ?? "").length + 1);
      }),
      { numRuns },
    );
  });
});

describe("parsePolicy() refuses a large text of a hostile form in good time:", () => {
  const size = 60_000;
  test.each([
    ["open brackets", "a=".padEnd(size, "[")],
    ["open braces", "a=".padEnd(size, "{a=")],
    ["headers", "[".repeat(size)],
    ["a dotted key", `${"a.".repeat(size / 2)}a = 1`],
    ["a dotted header", `[${"a.".repeat(size / 2)}a]`],
    ["tables in tables", "[[a]]\n[a.b]\n".repeat(size / 12)],
    ["an open string", `a = """${"\\\\".repeat(size / 2)}`],
    ["a string of quotes", `a = '''${"''\n".repeat(size / 3)}'''`],
    ["a long key", `${"a".repeat(size)} = 1`],
    ["a long list", `lan.allow = [${'"10.0.0.0",'.repeat(size / 12)}]`],
    ["a long number", `identity = ${"9".repeat(size)}`],
    ["many comments", `${"#\n".repeat(size / 2)}x = 1`],
    ["many blank lines", `${"\r\n".repeat(size / 2)}x = 1`],
    [
      "many exceptions and one fault",
      `${Array.from({ length: 700 }, (_, index) => table(index)).join("")}x = 1`,
    ],
    ["many escapes in keys", Array.from({ length: 3500 }, (_, index) => `"\\u0061${index}" = 1`).join("\n")],
  ])(
    "%s",
    (_, text) => {
      expect(text.length).toBeLessThanOrEqual(65_536);
      expect(refusalOf(text)).toMatch(/^a:[0-9]+:[0-9]+: [\x20-\x7e…]{1,300}$/);
    },
    20_000,
  );
});

function table(index: number): string {
  return `[[allow]]\nname="n${index}"\ndirection="in"\naddress="::"\nprotocol="tcp"\nport=1\n`;
}
