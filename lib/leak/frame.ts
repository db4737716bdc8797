/**
 * Reads an Ethernet frame as far as a judge needs it; only its beginning need be there. What cannot be read stays undefined: a
 * judge takes that for no reason at all.
 */
import { parseAddress } from "../address.ts";

/** `time` in seconds since 1970. */
export type Frame = { readonly time: number; readonly bytes: Buffer };

export type Packet = {
  readonly etherType: number;
  readonly ip?: IpPacket;
};

export type IpPacket = {
  readonly family: 4 | 6;
  /** Bytes, as the header has it; 0 where the kernel leaves it to the card to cut the packet. */
  readonly length: number;
  readonly source: string;
  readonly destination: string;
  readonly hopLimit: number;
  /** What the packet carries, after all extension headers. */
  readonly protocol: number;
  /** IPv6 extension headers other than the fragment header, in their order. */
  readonly extensions: readonly number[];
  /** Undefined for a whole packet; only the first fragment has `offset` 0, and with it the header of `protocol`. */
  readonly fragment?: { readonly offset: number };
  readonly ports?: { readonly source: number; readonly destination: number };
  /** FIN 1, SYN 2, RST 4, ACK 16. */
  readonly tcpFlags?: number;
  /** Bytes of data in a TCP segment. */
  readonly tcpLength?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
};

export const protocols = { icmp: 1, igmp: 2, tcp: 6, udp: 17, icmpv6: 58 } as const;

const extensionHeaders = { hopByHop: 0, routing: 43, fragment: 44, authentication: 51, options: 60 } as const;

export function readFrame(bytes: Buffer): Packet {
  const etherType = bytes.length >= 14 ? bytes.readUInt16BE(12) : 0;
  return readPacket(etherType, bytes.subarray(14));
}

/** Of a packet that has no frame around it, as on a tunnel: its type is known in another way. */
export function readPacket(etherType: number, bytes: Buffer): Packet {
  const ip = readIp(etherType, bytes);
  return ip === undefined ? { etherType } : { etherType, ip };
}

function readIp(etherType: number, bytes: Buffer): IpPacket | undefined {
  try {
    if (etherType === 0x0800) return readIpv4(bytes);
    if (etherType === 0x86dd) return readIpv6(bytes);
  } catch (error) {
    // A header that ends in the middle: Buffer says so by a RangeError, and what was read of it is worth nothing.
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

function readIpv4(bytes: Buffer): IpPacket | undefined {
  const headerLength = (bytes.readUInt8(0) & 0x0f) * 4;
  if (bytes.readUInt8(0) >> 4 !== 4 || headerLength < 20) return undefined;
  const flags = bytes.readUInt16BE(6);
  const offset = (flags & 0x1fff) * 8;
  const isFragment = offset > 0 || (flags & 0x2000) !== 0;
  const protocol = bytes.readUInt8(9);
  const length = bytes.readUInt16BE(2);
  return {
    family: 4,
    length,
    source: ipv4Text(bytes.subarray(12, 16)),
    destination: ipv4Text(bytes.subarray(16, 20)),
    hopLimit: bytes.readUInt8(8),
    protocol,
    extensions: [],
    ...(isFragment ? { fragment: { offset } } : {}),
    ...(offset === 0
      ? readTransport(protocol, bytes.subarray(headerLength, length), length - headerLength)
      : {}),
  };
}

function readIpv6(bytes: Buffer): IpPacket | undefined {
  if (bytes.readUInt8(0) >> 4 !== 6) return undefined;
  const extensions: number[] = [];
  let fragment: { offset: number } | undefined;
  let next = bytes.readUInt8(6);
  let at = 40;
  while (fragment === undefined || fragment.offset === 0) {
    if (next === extensionHeaders.fragment) fragment = { offset: bytes.readUInt16BE(at + 2) & 0xfff8 };
    else if (isExtension(next)) extensions.push(next);
    else break;
    const length = extensionLength(next, bytes.readUInt8(at + 1));
    next = bytes.readUInt8(at);
    at += length;
  }
  const whole = fragment === undefined || fragment.offset === 0;
  const length = 40 + bytes.readUInt16BE(4);
  return {
    family: 6,
    length: length === 40 ? 0 : length,
    source: ipv6Text(bytes.subarray(8, 24)),
    destination: ipv6Text(bytes.subarray(24, 40)),
    hopLimit: bytes.readUInt8(7),
    protocol: next,
    extensions,
    ...(fragment === undefined ? {} : { fragment }),
    ...(whole ? readTransport(next, bytes.subarray(at, length), length - at) : {}),
  };
}

function isExtension(header: number): boolean {
  const { hopByHop, routing, authentication, options } = extensionHeaders;
  return header === hopByHop || header === routing || header === authentication || header === options;
}

function extensionLength(header: number, field: number): number {
  if (header === extensionHeaders.fragment) return 8;
  return header === extensionHeaders.authentication ? (field + 2) * 4 : (field + 1) * 8;
}

function readTransport(
  protocol: number,
  bytes: Buffer,
  length: number,
): Pick<IpPacket, "ports" | "tcpFlags" | "tcpLength" | "icmp"> {
  switch (protocol) {
    case protocols.tcp:
      return {
        ports: { source: bytes.readUInt16BE(0), destination: bytes.readUInt16BE(2) },
        tcpFlags: bytes.readUInt8(13),
        tcpLength: length - (bytes.readUInt8(12) >> 4) * 4,
      };
    case protocols.udp:
      return { ports: { source: bytes.readUInt16BE(0), destination: bytes.readUInt16BE(2) } };
    case protocols.icmp:
    case protocols.icmpv6:
      return { icmp: { type: bytes.readUInt8(0), code: bytes.readUInt8(1) } };
    default:
      return {};
  }
}

function ipv4Text(bytes: Buffer): string {
  if (bytes.length < 4) throw new RangeError("the address is cut");
  return bytes.join(".");
}

function ipv6Text(bytes: Buffer): string {
  const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((at) => bytes.readUInt16BE(at).toString(16));
  return parseAddress(groups.join(":"))?.text ?? "";
}
