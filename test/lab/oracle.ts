/**
 * The oracle: why may this frame be on the wire? It gives one of the five reasons of GUARANTEE.md, or calls it a leak.
 * It knows nothing of the subject under test, only what the history allows.
 */
import { contains, parseNetwork } from "../../lib/address.ts";
import { probePorts, type Remote } from "./addresses.ts";
import { describe } from "../../lib/leak/description.ts";
import { protocols, readFrame, type Frame, type IpPacket, type Packet } from "../../lib/leak/frame.ts";

export type Reason = "carrier" | "link upkeep" | "LAN" | "exception" | "forwarded answer";

export type Verdict = {
  readonly reason: Reason | "leak";
  /** One line for people: protocol, from, to, what it is. */
  readonly description: string;
  /** The marker that stands in the frame in clear. */
  readonly marker?: string;
  /** Seconds since 1970. */
  readonly time: number;
  readonly bytes: number;
};

/** What one history allows; besides link upkeep nothing is allowed that is not written here. */
export type Allowed = {
  readonly remotes: readonly Remote[];
  readonly lan?: readonly string[];
  readonly multicast?: boolean;
  readonly exceptions?: readonly Exception[];
  /** Machines on the LAN that were given answers of forwarded machines: their addresses. */
  readonly forwardedAnswersTo?: readonly string[];
};

export type Exception = {
  /** A network or an address, of the machine at the other end. */
  readonly address: string;
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  /** "in": the host answers from this port of its own. */
  readonly direction: "in" | "out";
};

/** A marker is this and lower-case letters, digits and hyphens. */
export const markerPrefix = "vf-marker-";

export function judge(frame: Frame, allowed: Allowed): Verdict {
  const packet = readFrame(frame.bytes);
  const marker = markerIn(frame.bytes);
  const reason = reasonFor(packet, allowed) ?? "leak";
  // What was asked for may carry anything; OpenVPN's packets and the link's upkeep never carry what a program said.
  const betrayed = marker !== undefined && (reason === "carrier" || reason === "link upkeep");
  return {
    reason: betrayed ? "leak" : reason,
    description: describe(packet),
    ...(marker === undefined ? {} : { marker }),
    time: frame.time,
    bytes: frame.bytes.length,
  };
}

function reasonFor(packet: Packet, allowed: Allowed): Reason | undefined {
  if (isLinkUpkeep(packet)) return "link upkeep";
  const { ip } = packet;
  if (ip === undefined) return undefined;
  if (allowed.remotes.some((remote) => isCarrier(ip, remote))) return "carrier";
  if (allowed.exceptions?.some((exception) => isExcepted(ip, exception)) === true) return "exception";
  if (isOnLan(ip, allowed)) return "LAN";
  if (allowed.forwardedAnswersTo?.includes(ip.destination) === true) return "forwarded answer";
  return undefined;
}

/** GUARANTEE.md, row 2, word for word: what is not named there (MLD, RA, redirects, echo) has no reason. */
function isLinkUpkeep({ etherType, ip }: Packet): boolean {
  if (etherType === 0x0806 || etherType === 0x888e) return true;
  if (ip === undefined || ip.fragment !== undefined || ip.extensions.length > 0) return false;
  if (ip.family === 4) return isUdp(ip, 68, 67) && isDhcpServer(ip.destination);
  if (isUdp(ip, 546, 547)) {
    return isWithin(ip.source, ["fe80::/10"]) && isWithin(ip.destination, ["fe80::/10", "ff02::1:2"]);
  }
  const isNeighbourDiscovery = ip.icmp !== undefined && [133, 135, 136].includes(ip.icmp.type);
  return (
    ip.protocol === protocols.icmpv6 && isNeighbourDiscovery && ip.icmp.code === 0 && ip.hopLimit === 255
  );
}

/** Broadcast, or where a DHCP server of a LAN can be: to any other address a datagram could carry a program's data. */
function isDhcpServer(address: string): boolean {
  const privateRanges = ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];
  return isWithin(address, ["255.255.255.255", ...privateRanges]);
}

/** GUARANTEE.md, row 1, as far as a wire can show it: who sent a packet shows in its source port and in its flags. */
function isCarrier(ip: IpPacket, remote: Remote): boolean {
  if (ip.destination !== remote.address || ip.protocol !== protocols[remote.protocol]) return false;
  if (ip.extensions.length > 0) return false;
  // A UDP packet larger than the link is cut, and only its first piece has ports.
  if (ip.fragment !== undefined && ip.fragment.offset > 0) return true;
  if (ip.ports?.destination !== remote.port) return false;
  if (ip.ports.source >= probePorts.first && ip.ports.source <= probePorts.last) return false;
  return !isResetByKernel(ip);
}

/** A socket that resets its connection acknowledges as well; a bare RST is the kernel's answer where no socket is. */
function isResetByKernel({ tcpFlags = 0 }: IpPacket): boolean {
  return (tcpFlags & 0x04) !== 0 && (tcpFlags & 0x10) === 0;
}

function isExcepted(ip: IpPacket, exception: Exception): boolean {
  if (ip.protocol !== protocols[exception.protocol] || !isWithin(ip.destination, [exception.address])) {
    return false;
  }
  const port = exception.direction === "out" ? ip.ports?.destination : ip.ports?.source;
  return port === exception.port;
}

/** GUARANTEE.md, row 3: never a name's look-up, not even to a network that was asked for. */
function isOnLan(ip: IpPacket, { lan = [], multicast = false }: Allowed): boolean {
  const port = ip.ports?.destination;
  if (port === 53 || port === 853 || port === 5355) return false;
  if (port === 5353 && !multicast) return false;
  return isWithin(ip.destination, lan) || (multicast && isMulticast(ip));
}

/** The groups of the link and of the site, and IPv4's broadcast. */
function isMulticast(ip: IpPacket): boolean {
  return isWithin(ip.destination, [
    "224.0.0.0/24",
    "239.0.0.0/8",
    "255.255.255.255",
    "ff02::/16",
    "ff05::/16",
  ]);
}

function isUdp(ip: IpPacket, source: number, destination: number): boolean {
  return ip.protocol === protocols.udp && ip.ports?.source === source && ip.ports.destination === destination;
}

function isWithin(address: string, networks: readonly string[]): boolean {
  const inner = parseNetwork(address);
  return networks.some((text) => {
    const outer = parseNetwork(text);
    if (outer === undefined) throw new Error(`the history allows ${text}, which is not a network`);
    return inner !== undefined && contains(outer, inner);
  });
}

function markerIn(bytes: Buffer): string | undefined {
  if (bytes.indexOf(markerPrefix) < 0) return undefined;
  return /vf-marker-[a-z0-9-]+/.exec(bytes.toString("latin1"))?.[0];
}
