import { type Address, parseAddress } from "../address.ts";
import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import type { Environment } from "../openvpn/environment.ts";
import { isMapped } from "../openvpn/mapped.ts";
import { Refusal, quote } from "../refusal.ts";

/** What NetworkManager says of a VPN's tunnel. */
export type VpnTunnel = {
  readonly device: InterfaceName;
  readonly addresses: readonly Address[];
  /** Each once. */
  readonly resolvers: readonly Address[];
};

/** Of all that NetworkManager tells its scripts, what happened to a VPN. The rest is none of ours. */
export type Dispatch = "open" | "close" | "nothing";

/** Not `up`, which newer versions send for a tun device of any kind as well. */
export function parseAction(action: string): Dispatch {
  if (action === "vpn-up") return "open";
  return action === "vpn-down" || action === "vpn-pre-down" ? "close" : "nothing";
}

const hint = "this is for NetworkManager's dispatcher: let it run this";

/**
 * Reads the variables that NetworkManager itself writes; undefined where there is no tunnel, or none any more: the word INTERFACE then
 * names a network card. Throws a Refusal that names the variable. The names of resolvers come from the
 * server: what is no address is passed over, for it would decide whether the tunnel opens.
 */
export function parseTunnel(env: Environment): VpnTunnel | undefined {
  const device = deviceOf(env);
  if (device === undefined) return undefined;
  return {
    device,
    addresses: ([4, 6] as const).flatMap((family) => addressesOf(env, family)),
    resolvers: unique(([4, 6] as const).flatMap((family) => resolversOf(env, family))),
  };
}

function deviceOf(env: Environment): InterfaceName | undefined {
  const written = env["VPN_IP_IFACE"];
  if (written === undefined || written === "") return undefined;
  const device = parseInterfaceName(written);
  if (device === undefined) {
    throw new Refusal(
      `Cannot read the interface ${quote(written)} in VPN_IP_IFACE`,
      "use at most 15 letters, digits, underscores, dots and hyphens for dev in the connection",
    );
  }
  return device;
}

/** The file of the connection, as NetworkManager tells it. Throws Refusal where there is none. */
export function fileOf(env: Environment): string {
  const file = env["CONNECTION_FILENAME"] ?? "";
  if (file !== "") return file;
  throw new Refusal("Cannot find CONNECTION_FILENAME in the environment", hint);
}

/** Numbered from 0, each as ADDRESS/PREFIX GATEWAY. */
function addressesOf(env: Environment, family: 4 | 6): readonly Address[] {
  const addresses: Address[] = [];
  for (;;) {
    const variable = `VPN_IP${family}_ADDRESS_${addresses.length}`;
    const written = env[variable];
    if (written === undefined) return addresses;
    const [text = ""] = written.split("/");
    const address = parseAddress(text);
    if (address?.family !== family || isMapped(address))
      throw new Refusal(`Cannot read the IPv${family} address ${quote(written)} in ${variable}`, hint);
    addresses.push(address);
  }
}

function resolversOf(env: Environment, family: 4 | 6): readonly Address[] {
  return (env[`VPN_IP${family}_NAMESERVERS`] ?? "").split(" ").flatMap((text) => {
    const address = parseAddress(text);
    return address?.family === family && !isMapped(address) ? [address] : [];
  });
}

function unique(addresses: readonly Address[]): readonly Address[] {
  return [...new Map(addresses.map((address) => [address.text as string, address])).values()];
}
