import { createHash } from "node:crypto";

import { DataFormatError } from "../core/errors";
import { assertInteger } from "../core/guard";
import { DEFAULT_MAX_BYTES, readBounded } from "./files";
import { gunzipBounded, gunzipStart, isGzip, MAX_GZIP_RATIO } from "./gunzip";

/** An array of bytes as MNIST's files hold it: row-major, the first axis is the example. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
  /** Of the whole unpacked file, header included. */
  readonly sha256: string;
}

export type IdxOptions = {
  /** Refuse files with another number of axes: 3 for images, 1 for labels. */
  readonly rank?: number;
  /** Refuse larger content. Default 128 MiB. */
  readonly maxBytes?: number;
};

const UNSIGNED_BYTE = 0x08;
const TYPE_NAMES: Readonly<Record<number, string>> = {
  0x09: "signed bytes",
  0x0b: "16-bit integers",
  0x0c: "32-bit integers",
  0x0d: "32-bit floats",
  0x0e: "64-bit floats",
};

/**
 * Read an IDX file, the format of MNIST and its relatives, packed with gzip or not.
 *
 * @throws DataMissingError if the file cannot be read
 * @throws DataFormatError if it is no whole IDX file of unsigned bytes
 * @see http://yann.lecun.com/exdb/mnist/, "The IDX file format"
 */
export function readIdx(path: string, options: IdxOptions = {}): IdxArray {
  return parseIdx(readBounded(path, options.maxBytes), path, options);
}

/**
 * Parse the bytes of an IDX file, packed with gzip or not. Sizes are checked against the bytes that
 * are really there before anything is unpacked or allocated.
 *
 * @param name what error messages call the file
 * @throws DataFormatError
 */
export function parseIdx(file: Uint8Array, name: string, options: IdxOptions = {}): IdxArray {
  const { maxBytes = DEFAULT_MAX_BYTES, rank } = options;
  assertInteger("parseIdx", "maxBytes", maxBytes);
  if (rank !== undefined) assertInteger("parseIdx", "rank", rank);
  const packed = isGzip(file);
  const { shape, dataStart } = parseHeader(packed ? gunzipStart(file, name) : file, name);
  if (rank !== undefined && shape.length !== rank) {
    refuse(name, `an array of ${rank} axes`, `${shape.length}: [${shape.join(", ")}]`);
  }
  const size = dataStart + shape.reduce((product, axis) => product * axis, 1);
  if (size > maxBytes) refuse(name, `at most ${maxBytes} bytes of content`, `a header for ${size}`);
  if (packed && size > file.length * MAX_GZIP_RATIO) {
    refuse(name, `${size} bytes of content`, `a gzip file of only ${file.length} bytes`);
  }
  const content = packed ? gunzipBounded(file, name, size) : file;
  if (content.length !== size) {
    const kind = content.length < size ? "cut" : "with bytes after the end";
    refuse(name, `${size} bytes for [${shape.join(", ")}]`, `${content.length}, a file ${kind}`);
  }
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { shape, data: content.subarray(dataStart), sha256 };
}

function parseHeader(bytes: Uint8Array, name: string): { shape: number[]; dataStart: number } {
  if (bytes.length < 4) refuse(name, "at least 4 bytes", `${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [type, rank] = [view.getUint8(2), view.getUint8(3)];
  if (view.getUint16(0) !== 0) {
    const magic = view.getUint32(0).toString(16).padStart(8, "0");
    refuse(name, "an IDX file, which begins 00 00", `0x${magic}, another format`);
  }
  if (type !== UNSIGNED_BYTE) {
    refuse(name, "unsigned bytes (type 8)", `${TYPE_NAMES[type] ?? "an unknown type"} (${type})`);
  }
  if (rank < 1 || rank > 4) refuse(name, "1 to 4 axes", `${rank}`);
  const dataStart = 4 + 4 * rank;
  if (bytes.length < dataStart) {
    refuse(name, `a header of ${dataStart} bytes`, `${bytes.length} bytes, a file cut`);
  }
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  if (shape.includes(0)) refuse(name, "at least one example", `the shape [${shape.join(", ")}]`);
  return { shape, dataStart };
}

function refuse(name: string, expected: string, found: string): never {
  throw new DataFormatError(
    `${name} is not a usable IDX file: expected ${expected}, found ${found}.`,
    "Fetch the file again.",
  );
}
