import { deflateSync } from "node:zlib";

/** 8-bit pixels, row by row from the top left: grey, RGB or RGBA. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array | Uint8ClampedArray;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOUR_TYPE = { 1: 0, 3: 2, 4: 6 } as const;

// node:zlib has crc32 only from Node 22 on.
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (CRC_TABLE[(c ^ byte) & 0xff] as number) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function chunk(type: string, body: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const framed = Buffer.alloc(typed.length + 8);
  framed.writeUInt32BE(body.length, 0);
  typed.copy(framed, 4);
  framed.writeUInt32BE(crc32(typed), typed.length + 4);
  return framed;
}

/**
 * A PNG of these pixels, without loss. tfjs's encoder is asynchronous and takes a tensor; a
 * notebook output is built synchronously from host pixels.
 */
export function encodePng({ width, height, channels, data }: Pixels): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(8, 8);
  header.writeUInt8(COLOUR_TYPE[channels], 9);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(filteredRows({ width, height, channels, data }), { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const PAETH = 4;

/**
 * Each row begins with its filter; PNG's filter by Paeth keeps the difference of each byte to the one
 * of its left, upper and upper left neighbours that is nearest to left + upper − upper left. Pictures
 * become a fifth smaller by it.
 */
function filteredRows({ width, height, channels, data }: Pixels): Buffer {
  const stride = width * channels;
  const rows = Buffer.alloc(height * (stride + 1));
  for (let y = 0; y < height; y++) {
    const [from, to] = [y * stride, y * (stride + 1)];
    rows[to] = PAETH;
    for (let i = 0; i < stride; i++) {
      const left = i < channels ? 0 : (data[from + i - channels] as number);
      const up = y === 0 ? 0 : (data[from + i - stride] as number);
      const corner = i < channels || y === 0 ? 0 : (data[from + i - stride - channels] as number);
      rows[to + 1 + i] = (data[from + i] as number) - nearest(left, up, corner);
    }
  }
  return rows;
}

function nearest(left: number, up: number, corner: number): number {
  const sum = left + up - corner;
  const [toLeft, toUp] = [Math.abs(sum - left), Math.abs(sum - up)];
  const toCorner = Math.abs(sum - corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** The same PNG as a `data:` address. */
export function pngDataUri(pixels: Pixels): string {
  return `data:image/png;base64,${encodePng(pixels).toString("base64")}`;
}
