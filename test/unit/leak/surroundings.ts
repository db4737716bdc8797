/** A machine with one card, a gateway and a VPN, for the tests of what is tried on it. */
import { type Address, parseAddress } from "../../../lib/address.ts";
import { type InterfaceName, parseInterfaceName } from "../../../lib/interface.ts";
import type { Card, Surroundings } from "../../../lib/leak/plan.ts";
import { parseRemotes } from "../../../lib/leak/remote.ts";

export const tag = "abc123";

export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

export function interfaceName(text: string): InterfaceName {
  const parsed = parseInterfaceName(text);
  if (parsed === undefined) throw new Error(`${text} is no interface's name`);
  return parsed;
}

export const eth0: Card = {
  name: interfaceName("eth0"),
  index: 2,
  mtu: 1500,
  mac: Buffer.from("020000000002", "hex"),
  addresses: { 4: address("192.168.1.2"), 6: address("fe80::2") },
};

export const surroundings: Surroundings = {
  cards: [eth0],
  resolvers: [
    { address: address("192.168.1.1"), index: 2 },
    { address: address("fe80::1"), index: 2 },
  ],
  servers: parseRemotes("198.51.100.1:1194/udp,[2001:db8:2::1]:443/tcp"),
};
