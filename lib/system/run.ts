import { execa } from "execa";
import { type Command, type Outcome, outputLimit } from "./process.ts";

/** A person waits; a machine that is booting, or emulated, takes its time. */
const limitMilliseconds = 15_000;

/** The runner of the commands. */
export async function run({
  file,
  args,
  input,
  milliseconds = limitMilliseconds,
}: Command): Promise<Outcome> {
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
