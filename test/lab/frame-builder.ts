/** Frames for the oracle's tests, built from the headers inwards: `ethernet(0x0800, ipv4({…}, udp(…)))`. */
type Ip = {
  readonly from?: string;
  readonly to: string;
  readonly protocol: number;
  readonly hopLimit?: number;
  /** In bytes, for a fragment. */
  readonly offset?: number;
  readonly more?: boolean;
};

export function ethernet(etherType: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(14, 2);
  head.writeUInt16BE(etherType, 12);
  return Buffer.concat([head, payload]);
}

export function ipv4({ from = "192.168.1.2", ...ip }: Ip, payload: Buffer): Buffer {
  const head = Buffer.alloc(20);
  head[0] = 0x45;
  head.writeUInt16BE(20 + payload.length, 2);
  head.writeUInt16BE(((ip.offset ?? 0) >> 3) | (ip.more === true ? 0x2000 : 0), 6);
  head[8] = ip.hopLimit ?? 64;
  head[9] = ip.protocol;
  Buffer.from(from.split(".").map(Number)).copy(head, 12);
  Buffer.from(ip.to.split(".").map(Number)).copy(head, 16);
  return ethernet(0x0800, Buffer.concat([head, payload]));
}

/** The payload begins with the extension headers, if there are any; `protocol` is the first of them then. */
export function ipv6({ from = "2001:db8:1::2", ...ip }: Ip, payload: Buffer): Buffer {
  const head = Buffer.alloc(40);
  head[0] = 0x60;
  head.writeUInt16BE(payload.length, 4);
  head[6] = ip.protocol;
  head[7] = ip.hopLimit ?? 64;
  groups(from).copy(head, 8);
  groups(ip.to).copy(head, 24);
  return ethernet(0x86dd, Buffer.concat([head, payload]));
}

/** Hop-by-hop 0, routing 43 or destination options 60, of the shortest kind. */
export function extension(next: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([next, 0, 1, 4, 0, 0, 0, 0]), payload]);
}

export function ipv6Fragment(next: number, offset: number, more: boolean, payload: Buffer): Buffer {
  const head = Buffer.from([next, 0, 0, 0, 0, 0, 0, 1]);
  head.writeUInt16BE(offset | (more ? 1 : 0), 2);
  return Buffer.concat([head, payload]);
}

export function udp(from: number, to: number, data = "opaque"): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(from, 0);
  head.writeUInt16BE(to, 2);
  head.writeUInt16BE(8 + data.length, 4);
  return Buffer.concat([head, Buffer.from(data)]);
}

export function tcp(from: number, to: number, flags: number, data = ""): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt16BE(from, 0);
  head.writeUInt16BE(to, 2);
  head[12] = 5 << 4;
  head[13] = flags;
  return Buffer.concat([head, Buffer.from(data)]);
}

export function icmp(type: number, code = 0, data = "12345678"): Buffer {
  return Buffer.concat([Buffer.from([type, code, 0, 0]), Buffer.from(data)]);
}

function groups(address: string): Buffer {
  const [left = "", right] = address.split("::");
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const bytes = Buffer.alloc(16);
  head.forEach((group, index) => bytes.writeUInt16BE(parseInt(group, 16), 2 * index));
  tail.forEach((group, index) => bytes.writeUInt16BE(parseInt(group, 16), 16 - 2 * (tail.length - index)));
  return bytes;
}
