import { describe, expect, test } from "vitest";
import type { Outcome } from "../../lib/system/process.ts";
import { runInPlace } from "../../lib/system/run-in-place.ts";
import { outcomeOf } from "../../lib/system/run-now.ts";
import {
  type LimitedCommand,
  runInPlaceByBinding,
  runInPlaceByModule,
  spawnByBinding,
  spawnByModule,
} from "../../lib/system/spawn-now.ts";

/** More than a pipe holds. */
const input = "rule\n".repeat(200_000);

const sh = (script: string, more: Partial<LimitedCommand> = {}): LimitedCommand => ({
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
  test.for<[string, LimitedCommand, Outcome]>([
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

const ENOENT = -2;
const EACCES = -13;

describe.each([
  { name: "runInPlaceByModule()", spawn: runInPlaceByModule },
  { name: "runInPlaceByBinding()", spawn: runInPlaceByBinding },
])("$name runs", ({ spawn }) => {
  test.for<[string, string, readonly string[], object]>([
    ["a program to its end", "/bin/sh", ["-c", "exit 7"], { status: 7, signal: null }],
    ["a program with its arguments", "/bin/sh", ["-c", 'test "$1" = "a  b"', "sh", "a  b"], { status: 0 }],
    ["a program with this one's environment", "/bin/sh", ["-c", 'test -n "$PATH"'], { status: 0 }],
    ["a program that is killed", "/bin/sh", ["-c", "kill -9 $$"], { status: null, signal: "SIGKILL" }],
    ["no program that is not there", "/no/such/program", [], { error: ENOENT }],
    ["no program that cannot be run", "/etc/passwd", [], { error: EACCES }],
    ["no program of the PATH", "sh", ["-c", "exit 0"], { error: ENOENT }],
  ])("%s", ([, file, args, expected]) => {
    expect(spawn === undefined ? "this Node has none" : spawn(file, args)).toMatchObject(expected);
  });
});

describe("runInPlace()", () => {
  test("gives the exit code, and 1 for a signal", () => {
    expect(runInPlace(["/bin/sh", "-c", "exit 3"])).toBe(3);
    expect(runInPlace(["/bin/sh", "-c", "kill -9 $$"])).toBe(1);
  });

  test("says what it cannot run", () => {
    expect(() => runInPlace(["/no/such/program"])).toThrow(
      'Cannot run the profile\'s own command "/no/such/program": ENOENT',
    );
  });
});
