import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseDocument, type Located } from "../../../lib/policy/document.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { tomlText, type Mark } from "./toml-text.ts";

test("a refusal names the line and column of the very value or key that is refused", () => {
  fc.assert(
    fc.property(tomlText, ({ text, marks }) => {
      const root = parseDocument({ file: "policy.toml", text });
      expect(marks.map((mark) => refusalAt(root, mark))).toEqual(
        marks.map(({ offset }) => `policy.toml:${lineAndColumn(text, offset)}: no`),
      );
    }),
    { numRuns: 100 },
  );
});

test.each([
  ['a = "x"', "a", 'the text "x"'],
  ["a = 1", "a", "the number 1"],
  [`a = ${"1".repeat(30)}`, "a", `the number ${"1".repeat(24)}…`],
  ["a = -1.5", "a", "the number -1.5"],
  ["a = nan", "a", "the number NaN"],
  ["a = false", "a", "false"],
  ["a = 07:32:00", "a", "a date"],
  ["a = []", "a", "a list"],
  ["a = {}", "a", "a table"],
  ["a.b = 1", "a", "a table"],
  ["[[a]]", "a", "a list"],
])("%j is told as what it is", (text, key, kind) => {
  expect(member(parseDocument({ file: "policy.toml", text }), key).kind).toBe(kind);
});

function refusalAt(root: Located, { of, path }: Mark): string {
  const last = path.at(-1) ?? "";
  const parent = path.slice(0, -1).reduce(member, root);
  try {
    if (of === "value") return member(parent, last).refuse("no", "");
    return parent.refuseKey(String(last), "no", "");
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

function member(at: Located, step: string | number): Located {
  const found = typeof step === "number" ? at.items()?.[step] : at.members()?.get(step);
  if (found === undefined) throw new Error(`Cannot find ${step} in ${at.name}`);
  return found;
}

/** Counted one code point after the other. */
function lineAndColumn(text: string, offset: number): string {
  let [line, column] = [1, 1];
  for (const character of text.slice(0, offset)) {
    [line, column] = character === "\n" ? [line + 1, 1] : [line, column + 1];
  }
  return `${line}:${column}`;
}
