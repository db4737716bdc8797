import { describe, expect, test } from "vitest";
import type { Command, Outcome } from "../../lib/system/process.ts";
import { outcomeOf } from "../../lib/system/run-now.ts";
import { spawnByBinding, spawnByModule } from "../../lib/system/spawn-now.ts";

/** More than a pipe holds. */
const input = "rule\n".repeat(200_000);

const sh = (script: string, more: Partial<Command> = {}): Command => ({
  file: "/bin/sh",
  args: ["-c", script],
  milliseconds: 20_000,
  ...more,
});

const ended = (exitCode: number, stdout = "", stderr = ""): Outcome => ({ exitCode, stdout, stderr });
const failed = (failure: string): Outcome => ({ exitCode: undefined, stdout: "", stderr: "", failure });

describe.each([
  { name: "spawnByModule()", spawn: spawnByModule },
  { name: "spawnByBinding()", spawn: spawnByBinding },
])("$name starts", ({ spawn }) => {
  test.for<[string, Command, Outcome]>([
    ["a program that says something", sh("echo ä; echo ö >&2; exit 3"), ended(3, "ä\n", "ö\n")],
    ["a program that reads a large input", sh("wc -c", { input }), ended(0, `${input.length}\n`)],
    ["a program without input", sh("wc -c"), ended(0, "0\n")],
    ["a program without environment", { ...sh(""), file: "/usr/bin/env", args: [] }, ended(0)],
    ["a program that is not there", { ...sh(""), file: "/no/such/program" }, failed("ENOENT")],
    ["a program that cannot be run", { ...sh(""), file: "/etc/passwd" }, failed("EACCES")],
    ["a program that is killed", sh("kill -9 $$"), failed("SIGKILL")],
    ["a program that is killed before it reads", sh("kill -9 $$", { input }), failed("SIGKILL")],
    ["a program that fails before it reads", sh("echo no >&2; exit 4", { input }), ended(4, "", "no\n")],
    ["a program that takes too long", sh("exec sleep 60", { milliseconds: 200, input }), failed("ETIMEDOUT")],
    ["a program whose child takes too long", sh("sleep 25; :", { milliseconds: 200 }), failed("ETIMEDOUT")],
    ["a program that says too much", sh("exec cat /dev/zero"), failed("ENOBUFS")],
  ])("%s", ([, command, expected]) => {
    const start = performance.now();
    expect(spawn === undefined ? "this Node has none" : outcomeOf(spawn(command))).toEqual(expected);
    expect(performance.now() - start).toBeLessThan(19_000);
  });
});
