import { spawnSync } from "node:child_process";
import { systemCode } from "./files.ts";
import { type Command, type Outcome, outputLimit } from "./process.ts";

/** The runner of the hooks: execa would add 40 ms to the time for which OpenVPN stands still. */
export function runNow({ file, args, input, milliseconds }: Command): Outcome {
  const { status, signal, stdout, stderr, error } = spawnSync(file, args, {
    input: input ?? "",
    env: {},
    encoding: "utf8",
    timeout: milliseconds,
    killSignal: "SIGKILL",
    maxBuffer: outputLimit,
  });
  if (status !== null) return { exitCode: status, stdout, stderr };
  const failure = error === undefined ? (signal ?? "unknown") : systemCode(error);
  return { exitCode: undefined, stdout: "", stderr: "", failure };
}
