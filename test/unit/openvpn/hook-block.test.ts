import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withBlock, withoutBlock } from "../../../lib/openvpn/hook-block.ts";
import { refusalFrom } from "./parse.ts";

const begin = "# vpn-firewall: begin";
const end = "# vpn-firewall: end";

describe("withBlock() puts lines at the end", () => {
  test.each([
    ["", `${begin}\nA\n${end}\n`],
    ["client\n", `client\n${begin}\nA\n${end}\n`],
    ["client", `client\n${begin}, below a line that had no end\nA\n${end}\n`],
    ["client\r\nnobind\r\n", `client\r\nnobind\r\n${begin}\r\nA\r\n${end}\r\n`],
    ["client\r\nnobind", `client\r\nnobind\r\n${begin}, below a line that had no end\r\nA\r\n${end}\r\n`],
  ])("of %j", (text, expected) => {
    expect(withBlock(text, ["A"])).toBe(expected);
    expect(withoutBlock(expected, "a")).toBe(text);
  });
});

/** Bytes as one character each, with what the end of a line is made of in plenty. */
const profile = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\n", "\r", "\r\n", "# vpn-firewall", "up x", "<ca>", "\u00ef\u00bb\u00bf"),
    fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  ),
});

test("withoutBlock() gives back every byte of what there was", () => {
  fc.assert(
    fc.property(profile, fc.array(fc.constantFrom("up x", "", "# y")), (text, lines) => {
      expect(withoutBlock(withBlock(text, lines), "a")).toBe(text);
    }),
    { numRuns: 2000 },
  );
});

test("withoutBlock() leaves what has no block as it is", () => {
  fc.assert(
    fc.property(profile, (text) => {
      expect(withoutBlock(text, "a")).toBe(text);
    }),
  );
});

test("lines that were added below the block stay", () => {
  expect(withoutBlock(`${withBlock("a\n", ["x"])}b\n`, "a")).toBe("a\nb\n");
  // They need the newline that was added above the block.
  expect(withoutBlock(`${withBlock("a", ["x"])}b\n`, "a")).toBe("a\nb\n");
});

test("a last line that lost its newline is still the end", () => {
  expect(withoutBlock(`a\n${begin}\nx\n${end}`, "a")).toBe("a\n");
});

describe("withoutBlock() refuses", () => {
  test.each([
    [`a\n${begin}\nx\n`, 2, "the end"],
    [`a\nb\n${end}\n`, 3, "the begin"],
    [`${end}\n${begin}\n`, 1, "the begin"],
    [`${begin}\n${begin}\n${end}\n`, 1, "the end"],
    [`${begin}\n${end}\n${begin}\n${end}\n`, 3, "the other"],
    [`${begin}\n${end}\n${end}\n`, 3, "the other"],
    [`${begin} \n${end}\n`, 2, "the begin"],
  ])("%j, by its line", (text, line, missing) => {
    const { message, hint } = refusalFrom(() => withoutBlock(text, "a"));
    expect(message).toBe(
      `a:${line}: Cannot tell which lines are vpn-firewall's: ${missing} marker of this one is missing`,
    );
    expect(hint).toContain(begin);
  });
});
