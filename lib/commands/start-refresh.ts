import { startDetached } from "../system/detached.ts";
import { warn } from "./messages.ts";
import { type Connection, formatConnection } from "./refresh-words.ts";
import type { Settings } from "./settings.ts";

/**
 * Starts this program as `refresh`, and does not wait for it: OpenVPN stands still while a hook runs, so nothing could be looked up
 * through its tunnel.
 */
export function startRefresh(connection: Connection, { policyFile, stateDirectory }: Settings): void {
  const options = [`--policy=${policyFile}`, `--state=${stateDirectory}`];
  const started = startDetached(["refresh", ...options, "--", ...formatConnection(connection)]);
  if (!started) warn("the names of the remotes are not looked up anew: there is no process for it");
}
