/**
 * Why a frame may leave a network card: one of the reasons of the guarantee, as far as a wire can show it, or none. What the
 * laboratory judges with is another's work on purpose, and shares no more with this than the reading of frames.
 */
import { contains, parseNetwork, type Network } from "../address.ts";
import { type InterfaceName, means } from "../interface.ts";
import type { Exception, Policy } from "../policy/policy.ts";
import { type IpPacket, type Packet, protocols } from "./frame.ts";
import type { Remote } from "./remote.ts";

export const reasons = ["carrier", "link upkeep", "LAN", "exception", "forwarded"] as const;
export type Reason = (typeof reasons)[number];

export type Allowed = {
  readonly remotes: readonly Remote[];
  readonly policy: Pick<Policy, "lan" | "exceptions" | "forward">;
  /** The addresses of this machine. */
  readonly own: readonly string[];
};

export function reasonFor(
  { etherType, ip }: Packet,
  card: InterfaceName,
  { remotes, policy, own }: Allowed,
): Reason | undefined {
  if (etherType === arp || etherType === eapol) return "link upkeep";
  if (ip === undefined) return undefined;
  if (isLinkUpkeep(ip)) return "link upkeep";
  if (remotes.some((remote) => isCarrier(ip, remote))) return "carrier";
  if (policy.exceptions.some((exception) => isExcepted(ip, exception))) return "exception";
  if (isOnLan(ip, policy.lan)) return "LAN";
  const { from, dhcp } = policy.forward;
  const isTheirs = from.some((name) => means(name, card));
  if (isTheirs && (!own.includes(ip.source) || (dhcp && tellsAddresses(ip)))) return "forwarded";
  return undefined;
}

/** What carries nothing that a program has said: a probe's marker in it has been smuggled. */
export function carriesNoData(reason: Reason): boolean {
  return reason === "carrier" || reason === "link upkeep";
}

const arp = 0x0806;
const eapol = 0x888e;
const reset = 0x04;
const acknowledged = 0x10;
const advertisement = 134;
const discovery: readonly number[] = [133, 135, 136];

const networks = {
  dhcpServers: many(
    "255.255.255.255",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
  ),
  linkLocal: many("fe80::/10"),
  dhcpv6Servers: many("fe80::/10", "ff02::1:2"),
  groups: many("224.0.0.0/24", "239.0.0.0/8", "255.255.255.255", "ff02::/16", "ff05::/16"),
};

function isLinkUpkeep(ip: IpPacket): boolean {
  const { family, source, destination, protocol, ports, icmp } = ip;
  if (ip.fragment !== undefined || ip.extensions.length > 0) return false;
  if (protocol === protocols.icmpv6 && family === 6)
    return icmp !== undefined && discovery.includes(icmp.type) && icmp.code === 0 && ip.hopLimit === 255;
  if (protocol !== protocols.udp || ports === undefined) return false;
  return family === 4
    ? ports.source === 68 && ports.destination === 67 && isIn(networks.dhcpServers, destination)
    : ports.source === 546 &&
        ports.destination === 547 &&
        isIn(networks.linkLocal, source) &&
        isIn(networks.dhcpv6Servers, destination);
}

/** A server's DHCP, and a router's advertisement. */
function tellsAddresses({ family, source, destination, protocol, ports, icmp, hopLimit }: IpPacket): boolean {
  if (protocol === protocols.icmpv6 && family === 6) return icmp?.type === advertisement && hopLimit === 255;
  if (protocol !== protocols.udp || ports === undefined) return false;
  return family === 4
    ? ports.source === 67 && ports.destination === 68
    : ports.source === 547 &&
        ports.destination === 546 &&
        isIn(networks.linkLocal, source) &&
        isIn(networks.linkLocal, destination);
}

function isCarrier(ip: IpPacket, { address, protocol, port }: Remote): boolean {
  if (ip.destination !== address.text || ip.protocol !== protocols[protocol]) return false;
  if (ip.extensions.length > 0) return false;
  // Of a datagram that was cut only the first piece has ports.
  if (ip.fragment !== undefined && ip.fragment.offset > 0) return true;
  // A reset without more is the kernel's, for a socket that is not there: no program of the VPN sent it.
  const { tcpFlags = 0 } = ip;
  return ip.ports?.destination === port && ((tcpFlags & reset) === 0 || (tcpFlags & acknowledged) !== 0);
}

function isExcepted(ip: IpPacket, { direction, address, protocol, port }: Exception): boolean {
  if (ip.protocol !== protocols[protocol] || !isIn([address], ip.destination)) return false;
  return (direction === "out" ? ip.ports?.destination : ip.ports?.source) === port;
}

/** Never a question for a name, whatever the policy says of the LAN. */
function isOnLan(ip: IpPacket, { allow, multicast }: Policy["lan"]): boolean {
  const isGroup = isIn(networks.groups, ip.destination);
  const port = ip.ports?.destination ?? 0;
  if ([53, 853, 5355].includes(port) || (port === 5353 && !(multicast && isGroup))) return false;
  return isIn(allow, ip.destination) || (multicast && isGroup);
}

function isIn(ranges: readonly Network[], address: string): boolean {
  const single = parseNetwork(address);
  return single !== undefined && ranges.some((range) => contains(range, single));
}

function many(...texts: readonly string[]): readonly Network[] {
  return texts.flatMap((text) => parseNetwork(text) ?? []);
}
