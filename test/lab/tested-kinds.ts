/** The kinds of `vpn-firewall test` on the laboratory's host, each with its families. */

/** Each kind in each family. */
export function inBoth(...kinds: readonly string[]): readonly string[] {
  return kinds.flatMap((kind) => [`${kind} 4`, `${kind} 6`]).toSorted();
}

export const packetSockets = [...inBoth("packet socket, IP"), "packet socket, unknown type 4"];
export const serversPort = "VPN server, its port 4";
export const otherPort = "VPN server, another port 4";
/** What follows the routes, and so the tunnel. */
export const plain = inBoth("UDP", "TCP", "ping", "DNS");
export const otherKinds = inBoth(
  "UDP, bound to the card",
  "TCP, bound to the card",
  "ping, bound to the card",
  "DNS, bound to the card",
  "DNS over TLS",
  "DNS, the LAN's resolver",
  "mDNS",
  "LLMNR",
  "SSDP",
  "group membership",
  "fragments",
  "GRE",
  "SCTP",
  "IPIP",
  "6in4",
);
export const everyKind = [...plain, ...otherKinds, ...packetSockets, "broadcast 4", otherPort, serversPort];
