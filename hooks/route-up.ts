import { openTunnel } from "../lib/commands/open-tunnel.ts";
import type { Settings } from "../lib/commands/settings.ts";
import { type Environment, parseEnvironment } from "../lib/openvpn/environment.ts";

/** Opens what `up` opened, once more: by now another program may have removed it. */
export async function routeUp(environment: Environment, settings: Settings): Promise<void> {
  await openTunnel(parseEnvironment(environment, "route-up"), settings);
}
