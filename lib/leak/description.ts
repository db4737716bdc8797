/** One line about a packet, as a person would say it: "udp 192.168.1.2:61004 > 203.0.113.53:53, DNS". */
import { protocols, type IpPacket, type Packet } from "./frame.ts";

const protocolNames: Readonly<Record<number, string>> = {
  [protocols.icmp]: "icmp",
  [protocols.igmp]: "igmp",
  4: "ipip",
  [protocols.tcp]: "tcp",
  [protocols.udp]: "udp",
  41: "6in4",
  47: "gre",
  [protocols.icmpv6]: "icmpv6",
  132: "sctp",
};

const portNames: Readonly<Record<number, string>> = {
  53: "DNS",
  67: "DHCP",
  137: "NetBIOS",
  547: "DHCPv6",
  853: "DNS over TLS",
  1900: "SSDP",
  5353: "mDNS",
  5355: "LLMNR",
};

const icmpNames: Readonly<Record<4 | 6, Readonly<Record<number, string>>>> = {
  4: { 0: "echo reply", 3: "unreachable", 5: "redirect", 8: "echo", 11: "time exceeded" },
  6: {
    1: "unreachable",
    3: "time exceeded",
    128: "echo",
    129: "echo reply",
    131: "MLD report",
    132: "MLD done",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbour solicitation",
    136: "neighbour advertisement",
    143: "MLD report",
  },
};

export function describe({ etherType, ip }: Packet): string {
  if (ip !== undefined) return describeIp(ip);
  if (etherType === 0x0806) return "arp";
  if (etherType === 0x888e) return "EAPOL";
  return `frame of type 0x${etherType.toString(16).padStart(4, "0")}`;
}

function describeIp(ip: IpPacket): string {
  const name = protocolNames[ip.protocol] ?? `ip protocol ${ip.protocol}`;
  const from = endpoint(ip, ip.source, ip.ports?.source);
  const to = endpoint(ip, ip.destination, ip.ports?.destination);
  return [`${name} ${from} > ${to}`, ...remarks(ip)].join(", ");
}

function remarks(ip: IpPacket): string[] {
  const found: string[] = [];
  if (ip.fragment !== undefined) found.push(`fragment at ${ip.fragment.offset}`);
  if (ip.extensions.length > 0) found.push(`extension headers ${ip.extensions.join(" ")}`);
  if (ip.tcpFlags !== undefined) found.push(segment(ip.tcpFlags, ip.tcpLength ?? 0));
  if (ip.icmp !== undefined) found.push(icmpNames[ip.family][ip.icmp.type] ?? `type ${ip.icmp.type}`);
  const portName = portNames[ip.ports?.destination ?? 0];
  if (portName !== undefined) found.push(portName);
  return found;
}

function segment(flags: number, length: number): string {
  const names = [
    [0x02, "SYN"],
    [0x01, "FIN"],
    [0x04, "RST"],
    [0x10, "ACK"],
  ] as const;
  const set = names.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return length > 0 ? `${length} bytes of data` : set.join(" ");
}

function endpoint({ family }: IpPacket, address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
