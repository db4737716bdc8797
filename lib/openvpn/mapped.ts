import type { Address } from "../address.ts";

/** IPv4 in the form of IPv6, ::ffff:192.0.2.1: the kernel sends IPv4 packets to it, which no rule for IPv6 sees. */
export function isMapped(address: Address): boolean {
  return address.text.startsWith("::ffff:") && address.text.split(":").length === 5;
}
