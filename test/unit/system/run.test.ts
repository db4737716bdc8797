import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import type { Command, Run } from "../../../lib/system/process.ts";
import { runBeside } from "../../../lib/system/run-beside.ts";
import { runNow } from "../../../lib/system/run-now.ts";
import { run } from "../../../lib/system/run.ts";

const sh = (script: string, more: Partial<Command> = {}): Command => ({
  file: "/bin/sh",
  args: ["-c", script],
  milliseconds: 20_000,
  ...more,
});

describe.each<{ name: string; runner: Run }>([
  { name: "run()", runner: run },
  { name: "runNow()", runner: runNow },
  { name: "runBeside()", runner: runBeside },
])("$name", ({ runner }) => {
  test("gives the exit code and what was said, to the last byte", async () => {
    expect(await runner(sh("echo out; echo err >&2; exit 3"))).toEqual({
      exitCode: 3,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  test("gives its input, also a large one, and an end of input without one", async () => {
    const input = "rule\n".repeat(200_000);
    expect(await runner(sh("wc -c", { input }))).toMatchObject({ exitCode: 0, stdout: `${input.length}\n` });
    expect(await runner(sh("wc -c"))).toMatchObject({ stdout: "0\n" });
  });

  test("gives an empty environment", async () => {
    const outcome = await runner({ file: "/usr/bin/env", args: [], milliseconds: 20_000 });
    expect(outcome).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

  test.for<[string, Command, string]>([
    ["a program that is not there", { ...sh(""), file: "/no/such/program" }, "ENOENT"],
    ["a program that cannot be run", { ...sh(""), file: "/etc/passwd" }, "EACCES"],
    ["a program that is killed", sh("kill -9 $$"), "SIGKILL"],
    ["a program that takes too long", sh("exec sleep 60", { milliseconds: 200 }), "ETIMEDOUT"],
  ])("gives why there is no exit code of %s", async ([, command, failure]) => {
    expect(await runner(command)).toMatchObject({ exitCode: undefined, failure });
  });
});

describe("runBeside()", () => {
  test("runs beside what comes after it", async () => {
    // Each waits for the other: neither ends unless both run.
    const folder = await mkdtemp(join(tmpdir(), "run-beside-"));
    const [one, other] = ["one", "other"].map((name) => join(folder, name)) as [string, string];
    await Promise.all([one, other].map((pipe) => execa("mkfifo", [pipe])));
    const outcomes = [
      runBeside(sh(`echo > ${one}; cat ${other}`)),
      runBeside(sh(`cat ${one}; echo > ${other}`)),
    ];
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatchObject({ exitCode: 0 });
    await rm(folder, { recursive: true });
  });
});
