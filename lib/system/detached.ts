/**
 * Starts this program anew, in a session of its own, with an empty environment and nothing to read or to write to, but for a file in place
 * of standard error; whoever waits for this process does not wait for that one. False if it could not be started.
 */
export function startDetached(args: readonly string[], errors?: number): boolean {
  const { spawn } = process.getBuiltinModule("node:child_process");
  const child = spawn(process.execPath, args, {
    // Not the name that this process has: by that it would be the hook again.
    argv0: "vpn-firewall",
    detached: true,
    stdio: ["ignore", "ignore", errors ?? "ignore"],
    env: {},
  });
  child.on("error", () => {
    // Told by its number, which is missing then.
  });
  child.unref();
  return child.pid !== undefined;
}
