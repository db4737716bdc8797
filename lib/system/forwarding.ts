import { readFileSync } from "node:fs";
import type { Address } from "../address.ts";
import type { Forwarding } from "../check/forwarding.ts";
import type { InterfaceName } from "../interface.ts";
import type { Policy } from "../policy/policy.ts";
import { defaultRouteInterfaces } from "./default-routes.ts";
import { interfaceIndexes } from "./interfaces.ts";
import { routeTo } from "./routes.ts";
import { run } from "./run.ts";

/** What `check` looks at where the policy forwards. Throws Refusal. */
export async function findForwarding({ forward }: Policy): Promise<Forwarding> {
  const ways = await Promise.all(forward.inbound.map(({ to }) => wayTo(to)));
  return {
    forwards: {
      4: isOn("/proc/sys/net/ipv4/ip_forward"),
      6: isOn("/proc/sys/net/ipv6/conf/all/forwarding"),
    },
    interfaces: [...interfaceIndexes().keys()],
    outward: await defaultRouteInterfaces(),
    ways: new Map(ways.flat()),
  };
}

async function wayTo(address: Address): Promise<readonly (readonly [string, InterfaceName])[]> {
  const route = await routeTo(address, { protocol: "ping" }, 0, run);
  return typeof route === "string" ? [] : [[address.text, route.device]];
}

/** Files of the kernel have no size, by which others are read. A kernel without IPv6 has no such file. */
function isOn(setting: string): boolean {
  try {
    return readFileSync(setting, "latin1").trim() !== "0";
  } catch {
    return false;
  }
}
