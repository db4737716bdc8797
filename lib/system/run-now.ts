import type { Command, Outcome } from "./process.ts";
import { type Ending, spawnByBinding, spawnByModule } from "./spawn-now.ts";

/** OpenVPN waits for its hooks without a limit. */
export const limitMilliseconds = 5000;

/** The runner of the hooks: execa would add 40 ms to the time for which OpenVPN stands still. */
export function runNow(command: Command): Outcome {
  return outcomeOf((spawnByBinding ?? spawnByModule)({ milliseconds: limitMilliseconds, ...command }));
}

export function outcomeOf({ status, signal, error, output }: Ending): Outcome {
  if (status !== null) {
    return { exitCode: status, stdout: textOf(output?.[1]), stderr: textOf(output?.[2]) };
  }
  const code =
    error === undefined ? undefined : process.getBuiltinModule("node:util").getSystemErrorName(error);
  // A program that died before it read its input: what killed it says more than that the pipe broke.
  const failure = (code === "EPIPE" ? signal : undefined) ?? code ?? signal ?? "unknown";
  return { exitCode: undefined, stdout: "", stderr: "", failure };
}

function textOf(bytes: Buffer | null | undefined): string {
  return bytes?.toString() ?? "";
}
