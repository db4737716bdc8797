import { Refusal, quote } from "../refusal.ts";
import { runInPlaceByBinding, runInPlaceByModule } from "./spawn-now.ts";

/**
 * Runs a command as OpenVPN would: without a shell, with the environment and the standard streams that this program
 * was given, for as long as it takes; gives its exit code. Throws Refusal if it cannot be run.
 */
export function runInPlace([file = "", ...args]: readonly string[]): number {
  const { status, signal, error } = (runInPlaceByBinding ?? runInPlaceByModule)(file, args);
  if (status !== null && error === undefined) return status;
  // OpenVPN takes a signal for a failure too.
  if (signal !== null) return 1;
  const { getSystemErrorName } = process.getBuiltinModule("node:util");
  throw new Refusal(
    `Cannot run the profile's own command ${quote(file)}: ${getSystemErrorName(error ?? 0)}`,
    "it is what stands after -- in the hook's line; check its path, its rights and its first line",
  );
}
