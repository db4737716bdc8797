/** Hook lines, beside the real OpenVPN: which of several counts, and how a command is quoted. */
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withBlock } from "../../lib/openvpn/hook-block.ts";
import { hookLines } from "../../lib/openvpn/hook-lines.ts";
import { parseProcessOptions } from "../../lib/openvpn/process.ts";
import { OpenvpnReader, ourProcessReading } from "./openvpn-reader.ts";

const openvpn = new OpenvpnReader();
beforeAll(() => openvpn.open());
afterAll(() => openvpn.close());

const client = "client\nremote 192.0.2.1\n";

test.each<[string, string]>([
  ["no hook", ""],
  ["a hook", "up /bin/true"],
  ["the last of several", "up /bin/true\ndown /bin/false\nup /bin/false\nsetenv opt up '/bin/echo a'"],
  ["quotes and backslashes", String.raw`up "/bin/echo \"a b\" 'c' \\ d"` + "\ndown '/bin/echo \"a\"'"],
  ["a comment in a command", "up '/bin/echo # a'\nuser nobody\nuser root"],
  ["what stands in a block", "<extra-certs>\nup /bin/true\n</extra-certs>\n"],
  ["a command in two parameters", "up /bin/echo a"],
  ["no command", "down"],
  ["an unclosed quote", 'up "/bin/true'],
])("both say the same of %s", async (_, lines) => {
  const files = { a: client + lines };
  expect(ourProcessReading(files)).toEqual(await openvpn.process(files));
});

test("both refuse what install would not change", async () => {
  const files = { a: `${client}up /bin/echo a` };
  expect(await openvpn.process(files)).toBe("refused");
});

/** Words of bytes that a profile can have, as arguments of a program that is there. */
const words = fc.array(
  fc.string({
    unit: fc.constantFrom("a", " ", '"', "'", "\\", "#", ";", "$", "\t", "\u00c3\u00a9"),
    maxLength: 4,
  }),
  { maxLength: 4 },
);

test("OpenVPN reads the lines of install as they are meant, whatever hook was there", async () => {
  const wish = { chain: true, mark: 7, pullFilter: true };
  const program = { file: "/bin/echo", options: ["--policy", 'a "b\\c'], isOurs: () => false };
  await fc.assert(
    fc.asyncProperty(words, fc.constantFrom("\n", "", "\r\n"), async (args, end) => {
      const own = ["/bin/true", ...args.map((word) => `"${word.replaceAll(/[\\"]/g, "\\$&")}"`)].join(" ");
      const text = `${client}up "${own.replaceAll(/[\\"]/g, "\\$&")}"${end}`;
      const { lines } = hookLines(
        parseProcessOptions("a", () => text),
        program,
        wish,
      );
      const reading = await openvpn.process({ a: withBlock(text, lines) });
      const ours = '/bin/echo up --policy "a \\"b\\\\c"';
      expect(reading).toEqual([
        `up_script ${ours} -- ${own}`,
        `down_script ${ours.replace(" up ", " down ")}`,
        "username [UNDEF]",
      ]);
    }),
    { numRuns: 25 },
  );
});
