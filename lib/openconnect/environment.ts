import { type Address, parseAddress } from "../address.ts";
import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import type { Environment } from "../openvpn/environment.ts";
import { isMapped } from "../openvpn/mapped.ts";
import { Refusal, quote } from "../refusal.ts";

/** What openconnect, or vpnc, says to its script when the tunnel comes or goes. */
export type ScriptEvent = {
  /** `nothing` is what does not concern a firewall: before the interface is there, and before a reconnect. */
  readonly action: "open" | "close" | "nothing";
  readonly device: InterfaceName;
  /** The server, after its name was looked up. */
  readonly gateway: Address;
  readonly addresses: readonly Address[];
  /** Each once. */
  readonly resolvers: readonly Address[];
};

const hint = "this is a script for openconnect: let it run this";

const actions: Readonly<Record<string, ScriptEvent["action"]>> = {
  "pre-init": "nothing",
  connect: "open",
  reconnect: "open",
  "attempt-reconnect": "nothing",
  disconnect: "close",
};

export function parseReason(env: Environment): ScriptEvent["action"] {
  const reason = env["reason"] ?? "";
  if (Object.hasOwn(actions, reason)) return actions[reason] ?? "nothing";
  throw new Refusal(`Cannot serve the reason ${quote(reason)} in the environment`, hint);
}

/**
 * Reads the variables of vpnc-script. Throws a Refusal that names the variable. The server writes what stands in those of resolvers: what is no
 * address is passed over, for it would decide whether the tunnel opens.
 */
export function parseTunnel(env: Environment): Omit<ScriptEvent, "action"> {
  return {
    device: deviceOf(env),
    gateway: addressIn(env, "VPNGATEWAY") ?? missing("VPNGATEWAY"),
    addresses: [addressIn(env, "INTERNAL_IP4_ADDRESS", 4), addressIn(env, "INTERNAL_IP6_ADDRESS", 6)].filter(
      (address) => address !== undefined,
    ),
    resolvers: resolversOf(env),
  };
}

function deviceOf(env: Environment): InterfaceName {
  const written = env["TUNDEV"] ?? missing("TUNDEV");
  const device = parseInterfaceName(written);
  if (device !== undefined) return device;
  throw new Refusal(
    `Cannot read the interface ${quote(written)} in TUNDEV`,
    "use at most 15 letters, digits, underscores, dots and hyphens for openconnect's --interface",
  );
}

/** Absent where empty, as vpnc-script has it. */
function addressIn(env: Environment, variable: string, family?: 4 | 6): Address | undefined {
  const written = env[variable] ?? "";
  if (written === "") return undefined;
  const address = parseAddress(written);
  if (address !== undefined && !isMapped(address) && (family ?? address.family) === address.family)
    return address;
  throw new Refusal(`Cannot read the address ${quote(written)} in ${variable}`, hint);
}

function resolversOf(env: Environment): readonly Address[] {
  const texts = ["INTERNAL_IP4_DNS", "INTERNAL_IP6_DNS"].flatMap((variable) =>
    (env[variable] ?? "").split(" "),
  );
  const found = texts.flatMap((text) => parseAddress(text) ?? []).filter((address) => !isMapped(address));
  return [...new Map(found.map((address) => [address.text as string, address])).values()];
}

function missing(variable: string): never {
  throw new Refusal(`Cannot find ${variable} in the environment`, hint);
}
