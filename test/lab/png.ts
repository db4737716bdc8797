/** Reads a PNG as browsers write their screenshots: eight bits, three or four channels, not interlaced. */
import { inflateSync } from "node:zlib";

export type Picture = {
  readonly width: number;
  readonly height: number;
  /** "cf1f2e" */
  readonly colourAt: (x: number, y: number) => string;
};

export function readPng(file: Buffer): Picture {
  const chunks = chunksOf(file);
  const head = chunks.find(({ type }) => type === "IHDR")?.data;
  if (head === undefined) throw new Error("no PNG");
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const [depth, kind, , , interlaced] = head.subarray(8);
  const channels = kind === 6 ? 4 : 3;
  if (depth !== 8 || (kind !== 2 && kind !== 6) || interlaced !== 0) throw new Error("another kind of PNG");
  const data = chunks.filter(({ type }) => type === "IDAT").map((chunk) => chunk.data);
  const pixels = unfilter(inflateSync(Buffer.concat(data)), width * channels, height, channels);
  return {
    width,
    height,
    colourAt: (x, y) => {
      const at = (y * width + x) * channels;
      return pixels.subarray(at, at + 3).toString("hex");
    },
  };
}

function chunksOf(file: Buffer): readonly { readonly type: string; readonly data: Buffer }[] {
  const chunks = [];
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    chunks.push({
      type: file.toString("latin1", at + 4, at + 8),
      data: file.subarray(at + 8, at + 8 + length),
    });
    at += length + 12;
  }
  return chunks;
}

/** Each row tells how its bytes differ from those to the left and above. */
function unfilter(bytes: Buffer, stride: number, height: number, channels: number): Buffer {
  const pixels = Buffer.alloc(stride * height);
  for (let row = 0; row < height; row += 1) {
    const filter = bytes[row * (stride + 1)] ?? 0;
    for (let column = 0; column < stride; column += 1) {
      const at = row * stride + column;
      const left = column < channels ? 0 : (pixels[at - channels] ?? 0);
      const above = row === 0 ? 0 : (pixels[at - stride] ?? 0);
      const corner = row === 0 || column < channels ? 0 : (pixels[at - stride - channels] ?? 0);
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter] ?? 0;
      pixels[at] = ((bytes[row * (stride + 1) + 1 + column] ?? 0) + guess) & 0xff;
    }
  }
  return pixels;
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const nearest = [left, above, corner].toSorted((one, two) => Math.abs(guess - one) - Math.abs(guess - two));
  return nearest[0] ?? 0;
}
