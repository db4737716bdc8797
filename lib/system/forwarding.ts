import { readFileSync } from "node:fs";
import type { Forwarding } from "../check/forwarding.ts";
import { Refusal } from "../refusal.ts";
import { defaultRouteInterfaces } from "./default-routes.ts";
import { interfaceIndexes } from "./interfaces.ts";

/** What `check` looks at where the policy forwards. Throws Refusal. */
export async function findForwarding(): Promise<Forwarding> {
  return {
    forwards: {
      4: isOn("/proc/sys/net/ipv4/ip_forward"),
      6: isOn("/proc/sys/net/ipv6/conf/all/forwarding"),
    },
    interfaces: [...interfaceIndexes().keys()],
    outward: await outwardIfKnown(),
  };
}

/** Files of the kernel have no size, by which others are read. A kernel without IPv6 has no such file. */
function isOn(setting: string): boolean {
  try {
    return readFileSync(setting, "latin1").trim() !== "0";
  } catch {
    return false;
  }
}

/** None without `ip`, which other commands miss aloud. */
async function outwardIfKnown(): Promise<Forwarding["outward"]> {
  try {
    return await defaultRouteInterfaces();
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}
