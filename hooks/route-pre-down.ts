import { closeTunnel } from "../lib/commands/close-tunnel.ts";
import { type Environment, parseEnvironment } from "../lib/openvpn/environment.ts";

/** Closes the tunnel while its interface is still there. */
export async function routePreDown(environment: Environment): Promise<void> {
  await closeTunnel(parseEnvironment(environment, "route-pre-down"));
}
