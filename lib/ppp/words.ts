import { type Address, parseAddress } from "../address.ts";
import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import type { Environment } from "../openvpn/environment.ts";
import { Refusal, quote } from "../refusal.ts";

/** What pppd says to its scripts when a link comes or goes. */
export type Link = {
  readonly device: InterfaceName;
  /** This end of it; none of a link-local address. */
  readonly addresses: readonly Address[];
  readonly resolvers: readonly Address[];
  /** pppd's option ipparam, empty without one. */
  readonly parameter: string;
};

const hint = "this is a script for pppd: let it run this";

/**
 * Reads the words INTERFACE TTY SPEED LOCAL REMOTE IPPARAM of ip-up, ip-down and ipv6-up, and the resolvers that the other side has named.
 * Throws Refusal.
 */
export function parseLink(
  [name = "", , , local = "", , parameter = ""]: readonly string[],
  env: Environment,
): Link {
  const device = parseInterfaceName(name);
  if (device === undefined) throw new Refusal(`Cannot read the interface ${quote(name)}`, hint);
  const address = parseAddress(local);
  if (address === undefined) throw new Refusal(`Cannot read the address ${quote(local)} of ${device}`, hint);
  return {
    device,
    addresses: address.text.startsWith("fe80:") ? [] : [address],
    resolvers: ["DNS1", "DNS2"].flatMap((variable) => parseAddress(env[variable] ?? "") ?? []),
    parameter,
  };
}
