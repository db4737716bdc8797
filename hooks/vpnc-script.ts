import { existsSync } from "node:fs";
import { closeTunnel } from "../lib/commands/close-tunnel.ts";
import { tell } from "../lib/commands/messages.ts";
import { openServer } from "../lib/commands/open-remote.ts";
import type { Settings } from "../lib/commands/settings.ts";
import { startRefresh } from "../lib/commands/start-refresh.ts";
import { namesOf } from "../lib/commands/wanted.ts";
import { parseReason, parseTunnel } from "../lib/openconnect/environment.ts";
import type { Environment } from "../lib/openvpn/environment.ts";
import { Refusal } from "../lib/refusal.ts";
import { runInPlace } from "../lib/system/run-in-place.ts";

/** Where Debian and Fedora, and older ones, have the script that sets up addresses, routes and resolvers. */
const theirScripts = ["/usr/share/vpnc-scripts/vpnc-script", "/etc/vpnc/vpnc-script"];

/**
 * What openconnect runs as its script: ours first, then the one that sets up the interface, with the environment that openconnect gave. So what
 * that one sends, when its routes are there, goes through a tunnel that is open; and at the end the tunnel is closed before its routes go.
 * Gives the exit code. Where ours fails to open, the other one does not run: the interface stays without addresses.
 */
export async function vpncScript(
  environment: Environment,
  settings: Settings,
  chained: readonly string[],
): Promise<number> {
  const refresh = await openOrClose(environment, settings);
  if (refresh === "failed") return 1;
  const code = runInPlace(chained.length > 0 ? chained : theirs());
  refresh?.();
  return code;
}

/** What is left to do when the routes are there, if anything. */
async function openOrClose(
  environment: Environment,
  settings: Settings,
): Promise<(() => void) | "failed" | undefined> {
  const action = parseReason(environment);
  if (action === "nothing") return undefined;
  try {
    const { gateway, ...tunnel } = parseTunnel(environment);
    if (action === "close") {
      await closeTunnel(tunnel);
      return undefined;
    }
    const { profile, trusted } = await openServer(tunnel, gateway, settings);
    if (namesOf([profile]).length === 0) return undefined;
    return () => startRefresh({ profile: profile.file, trusted, resolvers: tunnel.resolvers }, settings);
  } catch (error) {
    tell(error);
    return action === "close" ? undefined : "failed";
  }
}

function theirs(): readonly string[] {
  const script = theirScripts.find((path) => existsSync(path));
  if (script !== undefined) return [script];
  throw new Refusal(
    `There is no ${theirScripts.join(", nor ")}: nothing sets the tunnel up`,
    "install the package vpnc-scripts, or name another script after --",
  );
}
