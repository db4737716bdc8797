/** Tunnels as a hook would open them. */
import { parseAddress } from "../../lib/address.ts";
import type { Ruleset } from "../../lib/firewall/ruleset.ts";
import { type Tunnel, healTransaction } from "../../lib/firewall/transaction.ts";
import { parseInterfaceName } from "../../lib/interface.ts";

export function tunnelOf(
  device: string,
  addresses: readonly string[] = [],
  resolvers: readonly string[] = [],
): Tunnel {
  return {
    device: present(parseInterfaceName(device)),
    addresses: addresses.map((text) => present(parseAddress(text))),
    resolvers: resolvers.map((text) => present(parseAddress(text))),
  };
}

/** The lock, open for the tunnel `tun0`. */
export function opened(
  ruleset: Ruleset,
  addresses: readonly string[] = [],
  resolvers: readonly string[] = [],
): string {
  return healTransaction(ruleset, tunnelOf("tun0", addresses, resolvers));
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("a value of this test cannot be read");
  return value;
}
