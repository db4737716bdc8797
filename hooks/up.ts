import { openTunnel } from "../lib/commands/open-tunnel.ts";
import type { Settings } from "../lib/commands/settings.ts";
import { type Environment, parseEnvironment } from "../lib/openvpn/environment.ts";

/** A failure ends OpenVPN: no lock, no VPN. */
export async function up(environment: Environment, settings: Settings): Promise<void> {
  await openTunnel(parseEnvironment(environment, "up"), settings);
}
