/** The bytes that probes are made of: what a program would send, with a marker as its content. */
import { parseAddress } from "../address.ts";
import type { Family } from "./kinds.ts";

const everybody = Buffer.alloc(6, 0xff);
const etherTypes = { ip: 0x0800, arp: 0x0806, ip6: 0x86dd } as const;
const udp = 17;

/** A question for an address of a name that no machine has, with the marker as its first label. */
export function dnsQuery(marker: string): Buffer {
  const head = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  const labels = [marker, "invalid"].flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([...head, ...labels, 0, 0, 1, 0, 1]);
}

export function echoRequest(family: Family, content: Buffer): Buffer {
  const message = Buffer.concat([Buffer.from([family === 4 ? 8 : 128, 0, 0, 0, 0x12, 0x34, 0, 1]), content]);
  // The checksum over IPv6's addresses is the kernel's to make.
  if (family === 4) message.writeUInt16BE(checksum(message), 2);
  return message;
}

/** A frame to everybody on the link. */
export function frameOf(source: Buffer, etherType: number, content: Buffer): Buffer {
  const head = Buffer.concat([everybody, source, Buffer.alloc(2)]);
  head.writeUInt16BE(etherType, 12);
  return Buffer.concat([head, content]);
}

/** A UDP datagram to port 9 in a frame, as a packet socket would send it. Both addresses are of one family. */
export function datagramFrame(
  source: Buffer,
  { from, to }: { readonly from: string; readonly to: string },
  content: Buffer,
): Buffer {
  const datagram = Buffer.concat([Buffer.alloc(8), content]);
  datagram.writeUInt16BE(9, 0);
  datagram.writeUInt16BE(9, 2);
  datagram.writeUInt16BE(datagram.length, 4);
  const ends = Buffer.concat([addressBytes(from), addressBytes(to)]);
  if (ends.length === 8)
    return frameOf(source, etherTypes.ip, Buffer.concat([ipv4Head(ends, datagram), datagram]));
  const head = Buffer.from([0x60, 0, 0, 0, 0, datagram.length, udp, 64]);
  // IPv6 has no datagram without a checksum.
  const pseudo = Buffer.concat([ends, Buffer.from([0, 0, 0, datagram.length, 0, 0, 0, udp]), datagram]);
  datagram.writeUInt16BE(checksum(pseudo), 6);
  return frameOf(source, etherTypes.ip6, Buffer.concat([head, ends, datagram]));
}

/** Asks whether somebody has an address that nobody has, as a machine does before it takes one (RFC 5227). */
export function arpProbe(source: Buffer, content: string): Buffer {
  const question = Buffer.concat([
    Buffer.from([0, 1, 8, 0, 6, 4, 0, 1]),
    source,
    Buffer.alloc(4),
    Buffer.alloc(6),
    Buffer.from([192, 0, 2, 77]),
    Buffer.from(content),
  ]);
  return frameOf(source, etherTypes.arp, question);
}

/** In network order. */
export function addressBytes(text: string): Buffer {
  return Buffer.from(parseAddress(text)?.family === 4 ? text.split(".").map(Number) : ipv6Bytes(text));
}

function ipv4Head(ends: Buffer, content: Buffer): Buffer {
  const length = 20 + content.length;
  const head = Buffer.concat([Buffer.from([0x45, 0, 0, length, 0, 1, 0, 0, 64, udp, 0, 0]), ends]);
  head.writeUInt16BE(checksum(head), 10);
  return head;
}

/** Of an address in its canonical form. */
function ipv6Bytes(text: string): readonly number[] {
  const [head = "", tail = ""] = text.split("::");
  const [before, after] = [groupsOf(head), groupsOf(tail)];
  const zeros = Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

function groupsOf(part: string): readonly number[] {
  return part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  let sum = 0;
  for (let at = 0; at < even.length; at += 2) sum += even.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
