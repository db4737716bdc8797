import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitParameters } from "../../../lib/openvpn/lexer.ts";
import { quoteParameter, quoteWords } from "../../../lib/openvpn/quoting.ts";

const place = { file: "a", line: 1 };
const latin1 = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) });

describe("what is quoted is what OpenVPN reads", () => {
  test("as one parameter of a line", () => {
    fc.assert(
      fc.property(latin1, (text) => {
        expect(splitParameters(`up ${quoteParameter(text)} # x`, place)).toEqual(["up", text]);
      }),
    );
  });

  test("as the words of a command, which is a parameter of a line", () => {
    fc.assert(
      fc.property(fc.array(latin1, { minLength: 1, maxLength: 16 }), (words) => {
        const [, command = ""] = splitParameters(`up ${quoteParameter(quoteWords(words))}`, place);
        expect(splitParameters(command, place)).toEqual(words);
      }),
    );
  });
});

test.each([
  [["/usr/sbin/vpn-firewall", "up"], "/usr/sbin/vpn-firewall up"],
  [["/a b/c", 'd"e', "f\\g", ""], '"/a b/c" "d\\"e" "f\\\\g" ""'],
  [["#a", ";b", "'c'"], '"#a" ";b" "\'c\'"'],
])("%j is written as %s", (words, text) => {
  expect(quoteWords(words)).toBe(text);
});
