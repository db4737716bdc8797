import { openTunnel } from "../lib/commands/open-tunnel.ts";
import type { Settings } from "../lib/commands/settings.ts";
import { namesOf } from "../lib/commands/wanted.ts";
import { type Environment, parseEnvironment } from "../lib/openvpn/environment.ts";

/** Opens what `up` opened, once more: by now another program may have removed it. Then names can be asked for. */
export async function routeUp(environment: Environment, settings: Settings): Promise<void> {
  const event = parseEnvironment(environment, "route-up");
  const profile = await openTunnel(event, settings);
  if (namesOf([profile]).length === 0) return;
  const { startRefresh } = await import("../lib/commands/start-refresh.ts");
  startRefresh({ ...event, profile: profile.file }, settings);
}
