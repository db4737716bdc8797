import { execa } from "execa";
import { type Command, type Outcome, outputLimit } from "./process.ts";

/** The runner of the commands. */
export async function run({ file, args, input, milliseconds }: Command): Promise<Outcome> {
  const { exitCode, stdout, stderr, code, signal, timedOut } = await execa(file, args, {
    input: input ?? "",
    env: {},
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    timeout: milliseconds,
    killSignal: "SIGKILL",
    maxBuffer: outputLimit,
  });
  if (exitCode !== undefined && !timedOut) return { exitCode, stdout, stderr };
  return {
    exitCode: undefined,
    stdout,
    stderr,
    failure: timedOut ? "ETIMEDOUT" : (code ?? signal ?? "unknown"),
  };
}
