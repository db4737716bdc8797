import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitParameters } from "../../../lib/openvpn/lexer.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { outcomeOf, refusalFrom } from "./parse.ts";

function split(line: string): string[] {
  return splitParameters(line, { file: "a", line: 7 });
}

describe("splitParameters() splits a line as OpenVPN does", () => {
  test.each<[string, string[]]>([
    ["", []],
    [" \t\r\n", []],
    ["# remote h", []],
    ["; remote h", []],
    ["remote h 443", ["remote", "h", "443"]],
    ["\t remote\v\fh  443 \r\n", ["remote", "h", "443"]],
    ["remote h 443;x tcp", ["remote", "h", "443;x", "tcp"]],
    ["remote h 443 ;x tcp", ["remote", "h", "443"]],
    ["remote h#1", ["remote", "h#1"]],
    ['remote "h"#1', ["remote", "h"]],
    ["remote \\#1 h", ["remote"]],
    ["remote \\;1 h", ["remote"]],
    ['"remote" "h 1"', ["remote", "h 1"]],
    ["'remote' 'h 1'", ["remote", "h 1"]],
    ['"a"b', ["a", "b"]],
    ["'a'b'c'", ["a", "b'c'"]],
    ['a"b c"', ['a"b', 'c"']],
    ["don't", ["don't"]],
    ['"" x', ["", "x"]],
    ["''", [""]],
    ["\"it's\" '\"'", ["it's", '"']],
    ['"a\\"b\\\\c"', ['a"b\\c']],
    ["'a\\b'", ["a\\b"]],
    ["a\\ b", ["a b"]],
    ['\\"a b\\"', ['"a', 'b"']],
    ["\\\\", ["\\"]],
    ["a \\ b", ["a", "b"]],
    ["a\\\n", ["a\n"]],
    ["# 'it\\s", []],
    ["a #\"'\\", ["a"]],
    ["\u00e9 \u00a0", ["\u00e9", "\u00a0"]],
    ["1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 'x", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16".split(" ")],
  ])("%j gives %j", (line, parameters) => {
    expect(split(line)).toEqual(parameters);
  });
});

describe("splitParameters() refuses what OpenVPN refuses", () => {
  const badBackslash = 'a:7: Cannot read a backslash that is not before \\, " or a space';
  test.each([
    ['up "/x', 'a:7: Cannot find the closing "'],
    ["up '/x", "a:7: Cannot find the closing '"],
    ['up "/x\\"', 'a:7: Cannot find the closing "'],
    ["a''b 'c", "a:7: Cannot find the closing '"],
    ["ca c:\\ca.pem", badBackslash],
    ['ca "c:\\ca.pem"', badBackslash],
    ["\\'a'", badBackslash],
    ["a\\", badBackslash],
    ["a\\#", badBackslash],
  ])("%j", (line, message) => {
    expect(refusalFrom(() => split(line)).message).toBe(message);
  });
});

describe("splitParameters()", () => {
  const parameters = fc.array(fc.string({ unit: "binary-ascii", maxLength: 40 }), { maxLength: 16 });

  test("gives back what was written in double quotes", () => {
    fc.assert(
      fc.property(parameters, (texts) => {
        const line = texts.map((text) => `"${text.replace(/[\\"]/g, "\\$&")}"`).join(" ");
        expect(split(line)).toEqual(texts);
      }),
    );
  });

  test("gives back what was written in single quotes", () => {
    fc.assert(
      fc.property(parameters, (texts) => {
        const plain = texts.map((text) => text.replaceAll("'", ""));
        expect(split(plain.map((text) => `'${text}'`).join("\t"))).toEqual(plain);
      }),
    );
  });

  test("gives parameters or a refusal that names the place, for any line", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (line) => {
        const outcome = outcomeOf(() => split(line));
        const sound = outcome instanceof Refusal ? outcome.message.startsWith("a:7: ") : outcome.length <= 16;
        expect(sound).toBe(true);
      }),
    );
  });
});
