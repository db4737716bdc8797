import * as fc from "fast-check";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import { locate, type Spot } from "../../../lib/policy/positions.ts";
import { tomlText, type Mark } from "./toml-text.ts";

test("locate() finds every key and value of any TOML text where it was written", () => {
  fc.assert(
    fc.property(tomlText, ({ text, marks }) => {
      parse(text);
      const root = locate(text);
      const found = marks.map((mark) => ({ ...mark, offset: spotAt(root, mark.path)?.[mark.of] }));
      expect(found).toEqual(marks);
      expect(marks.every(({ raw, offset }) => text.startsWith(raw, offset))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test("locate() finds no key and no item that smol-toml does not", () => {
  fc.assert(
    fc.property(tomlText, ({ text }) => {
      expect(shape(locate(text))).toEqual(shapeOfValue(parse(text)));
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["a key that a header only implies", "[a.b]\nc = 1", ["a"], "key", 1],
  ["the first of two places of a table", "[a.b]\n[a]\nc = 1", ["a"], "key", 1],
  ["the header of each table in a list", "[[a]]\n\n[[a]]\n", ["a", 1], "value", 9],
  ["a table below the last in a list", "[[a]]\n[[a]]\n[a.b]\nc = 1", ["a", 1, "b", "c"], "value", 22],
  [
    "a list of tables below a list of tables",
    "[[a]]\n[[a.b]]\n[[a.b]]\nc = 1",
    ["a", 0, "b", 1, "c"],
    "value",
    26,
  ],
  ["an empty key", '"" = 1', [""], "key", 0],
  ["a key that an object has of itself", "__proto__.toString = 1", ["__proto__", "toString"], "key", 10],
  ["a value after a comment in a list", "a = [ # [\n  1, # ,\n  2 ]", ["a", 1], "value", 21],
] as const)("locate() finds %s", (_, text, path, of, offset) => {
  expect(spotAt(locate(text), path)?.[of]).toBe(offset);
});

function spotAt(root: Spot, path: Mark["path"]): Spot | undefined {
  return path.reduce<Spot | undefined>(
    (spot, step) => (typeof step === "number" ? spot?.items[step] : spot?.members.get(step)),
    root,
  );
}

type Shape = { readonly [key: string]: Shape } | readonly Shape[];

function shape({ members, items }: Spot): Shape {
  if (items.length > 0) return items.map(shape);
  return Object.fromEntries([...members].map(([key, spot]) => [key, shape(spot)]));
}

/** Tables and lists by what they hold; what holds nothing is all the same. */
function shapeOfValue(value: unknown): Shape {
  if (Array.isArray(value)) return value.length > 0 ? value.map(shapeOfValue) : {};
  if (typeof value !== "object" || value === null || value instanceof Date) return {};
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOfValue(member)]));
}
