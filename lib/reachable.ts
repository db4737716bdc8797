import { type Address, contains, parseNetwork } from "./address.ts";

/** What no server on another machine has: unspecified, loopback, link-local, multicast, reserved, and IPv4 in the form of IPv6. */
const unreachable = [
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/3",
  "::/96",
  "::ffff:0:0/96",
  "fe80::/10",
  "ff00::/8",
].flatMap((text) => parseNetwork(text) ?? []);

/** Whether another machine can have this address: blockers and captive portals answer with some that none has. */
export function isReachable({ text }: Address): boolean {
  const network = parseNetwork(text);
  return network !== undefined && !unreachable.some((range) => contains(range, network));
}
