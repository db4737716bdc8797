import { closeTunnel } from "../lib/commands/close-tunnel.ts";
import { tell } from "../lib/commands/messages.ts";
import { openConnection } from "../lib/commands/open-connection.ts";
import { defaultSettings } from "../lib/commands/settings.ts";
import { startRefresh } from "../lib/commands/start-refresh.ts";
import { namesOf } from "../lib/commands/wanted.ts";
import { fileOf, parseAction, parseTunnel } from "../lib/networkmanager/dispatch.ts";
import type { Environment } from "../lib/openvpn/environment.ts";
import { Refusal } from "../lib/refusal.ts";

/** What NetworkManager's dispatcher runs, with whatever happens on the machine: of that a VPN's up and down count. Gives the exit code. */
export async function dispatch(action: string, environment: Environment): Promise<number> {
  const wanted = parseAction(action);
  try {
    if (wanted === "open") await openVpn(environment);
    if (wanted === "close") await closeVpn(environment);
    return 0;
  } catch (error) {
    tell(error);
    return wanted === "close" ? 0 : 1;
  }
}

/** The connection is up whatever comes of this: NetworkManager does not ask. */
async function openVpn(environment: Environment): Promise<void> {
  const file = fileOf(environment);
  const tunnel = parseTunnel(environment);
  if (tunnel === undefined) {
    throw new Refusal(
      "Cannot find VPN_IP_IFACE in the environment",
      "only a VPN that has an interface can be opened",
    );
  }
  const profile = await openConnection(tunnel, file, defaultSettings);
  if (namesOf([profile]).length > 0)
    startRefresh({ profile: profile.file, resolvers: tunnel.resolvers }, defaultSettings);
}

async function closeVpn(environment: Environment): Promise<void> {
  const tunnel = parseTunnel(environment);
  if (tunnel !== undefined) await closeTunnel(tunnel);
}
