/**
 * Internet addresses and networks, parsed once at the border. What comes out is canonical (RFC 5952 for IPv6), so
 * two texts of one address are equal, and nothing but digits, letters, dots, colons and one slash can reach a rule.
 */
import { parseDecimal } from "./text.ts";

declare const canonical: unique symbol;

type Ipv4Address = { readonly family: 4; readonly text: string & { readonly [canonical]: 4 } };
type Ipv6Address = { readonly family: 6; readonly text: string & { readonly [canonical]: 6 } };
export type Address = Ipv4Address | Ipv6Address;

/** An address with all host bits zero, and the length of its prefix. */
export type Network = {
  readonly family: 4 | 6;
  readonly prefix: number;
  readonly text: string & { readonly [canonical]: "network" };
  readonly first: bigint;
  readonly last: bigint;
};

/** Dotted quad or RFC 4291 text, without zone, port, brackets or leading zeros; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  return parseValued(text)?.address;
}

/** An address, and what it is as a number. */
type Valued = { readonly address: Address; readonly value: bigint };

function parseValued(text: string): Valued | undefined {
  const v4 = ipv4Value(text);
  // A dotted quad without leading zeros is canonical as it is.
  if (v4 !== undefined) return { address: { family: 4, text: text as Ipv4Address["text"] }, value: v4 };
  const v6 = ipv6Value(text);
  if (v6 === undefined) return undefined;
  return { address: { family: 6, text: formatIpv6(v6) as Ipv6Address["text"] }, value: v6 };
}

/** ADDRESS/PREFIX, or a bare address as a network of one; undefined for anything else, host bits included. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf("/");
  const valued = parseValued(slash === -1 ? text : text.slice(0, slash));
  if (valued === undefined) return undefined;
  const { address, value: first } = valued;
  const bits = address.family === 4 ? 32 : 128;
  const prefix = slash === -1 ? bits : parseDecimal(text.slice(slash + 1));
  if (prefix === undefined || prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  if (first % size !== 0n) return undefined;
  return {
    family: address.family,
    prefix,
    text: (prefix === bits ? address.text : `${address.text}/${prefix}`) as Network["text"],
    first,
    last: first + size - 1n,
  };
}

/** The network that an address lies in, by the length of its prefix; undefined for a length that there is not. */
export function networkAround(address: Address, prefix: number): Network | undefined {
  const bits = address.family === 4 ? 32 : 128;
  if (prefix < 0 || prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  const first = ((parseValued(address.text)?.value ?? 0n) / size) * size;
  return parseNetwork(`${address.family === 4 ? formatIpv4(first) : formatIpv6(first)}/${prefix}`);
}

/** What a network that is no single address consists of. */
export function halvesOf({ family, prefix, first, last }: Network): readonly Network[] {
  const second = first + (last - first + 1n) / 2n;
  return [first, second].flatMap((value) => {
    const text = family === 4 ? formatIpv4(value) : formatIpv6(value);
    return parseNetwork(`${text}/${prefix + 1}`) ?? [];
  });
}

/** Whether all of `inner` lies within `outer`. */
export function contains(outer: Network, inner: Network): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

function ipv4Value(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4) return undefined;
  let value = 0;
  for (const part of octets) {
    const octet = parseDecimal(part);
    if (octet === undefined || octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return BigInt(value);
}

function ipv6Value(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = ipv6Groups(halves[0] ?? "", halves.length === 1);
  const tail = ipv6Groups(halves[1] ?? "", true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...tail];
  return groups.reduce((value, group) => value * 0x10000n + group, 0n);
}

function ipv6Groups(text: string, atEnd: boolean): bigint[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: bigint[] = [];
  for (const [index, part] of parts.entries()) {
    const group = ipv6Group(part);
    if (group !== undefined) {
      groups.push(BigInt(group));
      continue;
    }
    const embedded = atEnd && index === parts.length - 1 ? ipv4Value(part) : undefined;
    if (embedded === undefined) return undefined;
    groups.push(embedded / 0x10000n, embedded % 0x10000n);
  }
  return groups;
}

/** One to four hexadecimal digits: what parseInt() took is all there was if it comes back the same. */
function ipv6Group(text: string): number | undefined {
  const value = Number.parseInt(text, 16);
  if (text.length > 4 || value < 0) return undefined;
  return value.toString(16).padStart(text.length, "0") === text.toLowerCase() ? value : undefined;
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
}

function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - 16 * index)) & 0xffffn);
  let start = 0;
  let length = 0;
  for (let from = 0; from < 8; from += 1) {
    let to = from;
    while (to < 8 && groups[to] === 0n) to += 1;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const hex = groups.map((group) => group.toString(16));
  // RFC 5952: "::" stands for the first longest run of zeros, and never for a single one.
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}
