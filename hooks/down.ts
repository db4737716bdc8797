import { closeTunnel } from "../lib/commands/close-tunnel.ts";
import { type Environment, parseEnvironment } from "../lib/openvpn/environment.ts";

/** Mostly too late: the interface, and what it opened, are gone already unless the profile says `down-pre`. */
export async function down(environment: Environment): Promise<void> {
  await closeTunnel(parseEnvironment(environment, "down"));
}
