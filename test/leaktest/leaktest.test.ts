/** The program, as a person starts it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { root } from "../../build/root.ts";
import { namespaceNames } from "../lab/namespace.ts";
import { help, ourSubject, parseArguments } from "./arguments.ts";

const program = fileURLToPath(new URL("leaktest.ts", import.meta.url));
const environment = { PATH: process.env["PATH"] };

async function run(words: readonly string[], through: readonly string[] = []) {
  const [file = "", ...args] = [...through, process.execPath, program, ...words];
  const options = { cwd: root, env: environment, extendEnv: false, reject: false } as const;
  const { exitCode, stdout, stderr } = await execa(file, args, options);
  return { exitCode, stdout, stderr };
}

test.each<[readonly string[], ReturnType<typeof parseArguments>]>([
  [[], { help: false, files: [ourSubject] }],
  [["--subject", "a.ts"], { help: false, files: ["a.ts"] }],
  [["--subject", "a.ts", "--subject", "b.ts"], { help: false, files: ["a.ts", "b.ts"] }],
  [["--help"], { help: true }],
  [["--subject", "a.ts", "-h"], { help: true }],
])("parseArguments(%j) accepts", (words, wish) => {
  expect(parseArguments(words)).toEqual(wish);
});

test.each([
  [["a.ts"], /no option "a\.ts"/],
  [["--subjects", "a.ts"], /no option "--subjects"/],
  [["--subject"], /--subject needs a file/],
  [["--subject", ""], /--subject needs a file/],
  [["--subject", "--help"], /--subject needs a file/],
])("parseArguments(%j) refuses", (words, message) => {
  expect(() => parseArguments(words)).toThrow(message);
});

test("--help tells the options on standard output, and ends with 0", async () => {
  expect(await run(["--help"])).toEqual({ exitCode: 0, stdout: help.trimEnd(), stderr: "" });
});

test("wrong usage ends with 2, and does nothing", async () => {
  expect(await run(["--subject"])).toEqual({
    exitCode: 2,
    stdout: "",
    stderr:
      "leaktest: error: --subject needs a file\nleaktest: hint: npm run leaktest -- --help tells the options",
  });
});

test.each([
  ["is not there", undefined, /cannot load the subject file/],
  ["is no module", "export default {", /cannot load the subject file/],
  ["has no default export", "export const name = 'x';", /is not a subject/],
  [
    "lacks a function",
    "export default { name: 'x', arm: async () => {}, disarm: async () => {} };",
    /is not a subject/,
  ],
  [
    "has a name of two lines",
    "export default { name: 'x\\ny', arm() {}, profileLines() {}, disarm() {} };",
    /is not a subject/,
  ],
])("a subject file that %s is refused, and the program ends with 1", async (_, text, message) => {
  const folder = await mkdtemp(join(tmpdir(), "subject-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "subject.ts");
  if (text !== undefined) await writeFile(path, text);
  const { exitCode, stdout, stderr } = await run(["--subject", path]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^leaktest: error: .+\nleaktest: hint: .+$/);
});

test("two subjects of one name are refused", async () => {
  const none = ["--subject", "examples/subjects/none.ts"];
  const { exitCode, stdout, stderr } = await run([...none, ...none]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(/^leaktest: error: two subjects are called "OpenVPN alone"\nleaktest: hint: .+$/);
});

test("without root it says so, and does nothing", async () => {
  const { exitCode, stdout, stderr } = await run([], ["setpriv", "--reuid=12345", "--clear-groups"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(/^leaktest: error: .+ needs root.+\nleaktest: hint: .+sudo npm run leaktest.+$/);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("interrupted by %s it removes its namespaces and ends with %i", async (signal, code) => {
  const child = spawn(process.execPath, [program, "--subject", "examples/subjects/none.ts"], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const belongings = async (): Promise<readonly string[]> =>
    (await namespaceNames()).filter((name) => name.startsWith(`vf-${child.pid}-`));
  const ended = once(child, "exit");
  // By the end of the third trial OpenVPN has been started, and the next laboratory is being made.
  await new Promise<void>((resolve, reject) => {
    child.once("exit", () => {
      reject(new Error("it ended before it was interrupted"));
    });
    child.stdout.on("data", (chunk: Buffer) => {
      if (/\[ *3\//.test(chunk.toString())) resolve();
    });
  });
  child.kill(signal);
  expect(await ended).toEqual([code, null]);
  expect(await belongings()).toEqual([]);
});
