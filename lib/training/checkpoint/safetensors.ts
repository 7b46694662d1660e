import { CheckpointError, ShapeError } from "../../core/errors";

/** A tensor outside TensorFlow: row-major values of one of the three dtypes that tfjs computes in. */
export interface HostTensor {
  readonly dtype: "float32" | "int32" | "bool";
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

export type HostTensors = ReadonlyMap<string, HostTensor>;

type DtypeCode = "F32" | "I32" | "BOOL";
type TensorEntry = {
  readonly dtype: DtypeCode;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
};

const CODES = { float32: "F32", int32: "I32", bool: "BOOL" } as const;
const DTYPES = { F32: "float32", I32: "int32", BOOL: "bool" } as const;
const BYTES_PER_VALUE = { F32: 4, I32: 4, BOOL: 1 } as const;
/** Room for 50,000 tensors; a larger header is a mistake or an attack. */
const MAX_HEADER_BYTES = 8 * 2 ** 20;
const MAX_RANK = 6;
const LENGTH_BYTES = 8;

/**
 * The bytes of a `.safetensors` file: header length (u64, little-endian), a JSON header of names,
 * dtypes, shapes and offsets, then the values, little-endian like every machine that tfjs runs on.
 *
 * @throws ShapeError if a tensor has other values than its shape says
 * @see https://github.com/huggingface/safetensors, "Format"
 */
export function encodeSafetensors(tensors: HostTensors): Buffer {
  const header: Record<string, TensorEntry> = Object.create(null) as Record<string, TensorEntry>;
  const chunks: Buffer[] = [];
  let end = 0;
  for (const [name, { dtype, shape, data }] of aligned(tensors)) {
    assertFull(name, shape, data);
    const begin = end;
    end += data.byteLength;
    header[name] = { dtype: CODES[dtype], shape, data_offsets: [begin, end] };
    chunks.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  }
  const json = Buffer.from(JSON.stringify(header));
  const padding = Buffer.alloc((LENGTH_BYTES - (json.length % LENGTH_BYTES)) % LENGTH_BYTES, " ");
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(json.length + padding.length));
  return Buffer.concat([length, json, padding, ...chunks]);
}

function assertFull(name: string, shape: readonly number[], data: ArrayLike<number>): void {
  if (isSizes(shape) && data.length === shape.reduce((product, size) => product * size, 1)) return;
  throw new ShapeError(
    `encodeSafetensors: ${name} has shape [${String(shape)}] but ${data.length} values.`,
  );
}

/** Four-byte values before single bytes, so that each tensor begins at a multiple of its width. */
function aligned(tensors: HostTensors): [string, HostTensor][] {
  return [...tensors].sort(
    ([, a], [, b]) => Number(a.dtype === "bool") - Number(b.dtype === "bool"),
  );
}

/**
 * Read the bytes of a `.safetensors` file. Whatever the header claims is checked against the bytes
 * that are there before anything is allocated: every byte of the data belongs to one tensor.
 *
 * @param file the file's name, for messages
 * @throws CheckpointError if the bytes are cut, damaged, hostile or of an unknown dtype
 */
export function decodeSafetensors(bytes: Buffer, file: string): Map<string, HostTensor> {
  const { entries, data } = splitHeader(bytes, file);
  const tensors = new Map<string, HostTensor>();
  let end = 0;
  for (const [name, value] of sortedByOffset(entries, file)) {
    const entry = checkedEntry(name, value, file);
    const [begin, entryEnd] = entry.data_offsets;
    if (begin !== end || entryEnd > data.length) {
      throw damaged(file, `tensor ${quoted(name)} is not where the one before it ends`);
    }
    end = entryEnd;
    tensors.set(name, hostTensor(entry, data.subarray(begin, end), file));
  }
  if (end !== data.length) throw damaged(file, `${data.length - end} bytes belong to no tensor`);
  return tensors;
}

function splitHeader(bytes: Buffer, file: string): { entries: object; data: Buffer } {
  if (bytes.length < LENGTH_BYTES) throw damaged(file, `it has only ${bytes.length} bytes`);
  const length = bytes.readBigUInt64LE();
  if (length > MAX_HEADER_BYTES) {
    throw damaged(file, `its header claims ${length} bytes; at most ${MAX_HEADER_BYTES} are read`);
  }
  const start = LENGTH_BYTES + Number(length);
  if (start > bytes.length) throw damaged(file, "it ends within its header");
  let entries: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(
      bytes.subarray(LENGTH_BYTES, start),
    );
    entries = JSON.parse(text);
  } catch (cause) {
    throw damaged(file, "its header is not JSON", cause);
  }
  if (!isObject(entries)) throw damaged(file, "its header is not a JSON object");
  return { entries, data: bytes.subarray(start) };
}

/** All entries but the metadata, in the order of their values in the file. */
function sortedByOffset(entries: object, file: string): [string, unknown][] {
  const tensors = Object.entries(entries).filter(([name]) => name !== "__metadata__");
  if (tensors.some(([name]) => name === "__proto__")) {
    throw damaged(file, 'a tensor is named "__proto__"');
  }
  const beginOf = (value: unknown): number =>
    Number((value as { data_offsets?: unknown[] } | null)?.data_offsets?.[0]);
  const endOf = (value: unknown): number =>
    Number((value as { data_offsets?: unknown[] } | null)?.data_offsets?.[1]);
  return tensors.sort(([, a], [, b]) => beginOf(a) - beginOf(b) || endOf(a) - endOf(b));
}

function checkedEntry(name: string, entry: unknown, file: string): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? (entry as TensorEntry) : {};
  if (dtype === undefined || !Object.hasOwn(DTYPES, dtype)) {
    const known = Object.keys(DTYPES).join(", ");
    throw damaged(file, `tensor ${quoted(name)} is ${quoted(dtype)}; known are ${known}`);
  }
  if (!isSizes(shape) || shape.length > MAX_RANK) {
    throw damaged(file, `the shape of tensor ${quoted(name)} is ${quoted(shape)}`);
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw damaged(file, `the offsets of tensor ${quoted(name)} are ${quoted(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const bytes = shape.reduce((product, size) => product * size, BYTES_PER_VALUE[dtype]);
  if (bytes !== end - begin) {
    throw damaged(
      file,
      `tensor ${quoted(name)} of shape ${quoted(shape)} needs ${bytes} bytes, not ${end - begin}`,
    );
  }
  return { dtype, shape, data_offsets: [begin, end] };
}

/** A copy of the values: those in the file may begin at any byte. */
function hostTensor({ dtype, shape }: TensorEntry, values: Buffer, file: string): HostTensor {
  const { buffer } = Uint8Array.from(values);
  if (dtype === "BOOL" && values.some((value) => value > 1)) {
    throw damaged(file, "a truth value is neither 0 nor 1");
  }
  const data =
    dtype === "F32"
      ? new Float32Array(buffer)
      : dtype === "I32"
        ? new Int32Array(buffer)
        : new Uint8Array(buffer);
  return { dtype: DTYPES[dtype], shape, data };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** At most 60 characters of something that came from a file. */
function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? "absent").slice(0, 60);
}

/** The error for a file that must not be used. */
export function damaged(file: string, problem: string, cause?: unknown): CheckpointError {
  return new CheckpointError(
    `${file} is damaged: ${problem}.`,
    "Use an earlier checkpoint or another copy of the file.",
    { cause },
  );
}
