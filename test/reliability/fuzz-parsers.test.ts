import { strict as assert } from "node:assert";
import { deflateSync, gzipSync } from "node:zlib";

import { core, data, Rng, training } from "latentlab";

import { idxBytes } from "../support/idx";
import { mutate } from "../support/mutate";
import { mendCrcs, pngBytes } from "../support/png";

const SEED = Number(process.env["LATENTLAB_FUZZ_SEED"] ?? 2026);
const MUTANTS = Number(process.env["LATENTLAB_FUZZ_MUTANTS"] ?? 2000);
const MAX_MILLISECONDS = 2000;
const MAX_EXTRA_BYTES = 2 ** 28;

/** What a parser made of a file: the number of values it holds and the number its shape claims. */
interface Parsed {
  readonly values: number;
  readonly claimed: number;
}

interface Format {
  readonly name: string;
  /** Damage this … */
  readonly seed: Buffer;
  /** … and pack it like this before it is parsed. */
  readonly wrap?: (bytes: Buffer) => Buffer;
  readonly parse: (bytes: Uint8Array) => Parsed;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, axis) => product * axis, 1);
}

function parseIdx(bytes: Uint8Array): Parsed {
  const { data: values, shape } = data.parseIdx(bytes, "fuzzed.idx");
  return { values: values.length, claimed: sizeOf(shape) };
}

function parseCsv(bytes: Uint8Array): Parsed {
  const { images, count, labels } = data.parseDigitsCsv(bytes, "fuzzed.csv");
  assert.equal(labels?.length, count);
  return { values: images.length, claimed: count * 64 };
}

function parsePng(bytes: Uint8Array): Parsed {
  const { data: values, shape } = data.parsePng(bytes, "fuzzed.png");
  return { values: values.length, claimed: sizeOf(shape) };
}

function parseCatalog(bytes: Uint8Array): Parsed {
  const entries = data.parseCatalog(Buffer.from(bytes).toString("utf8"), "fuzzed.json");
  return { values: entries.length, claimed: entries.length };
}

function parseSafetensors(bytes: Uint8Array): Parsed {
  const tensors = [...training.decodeSafetensors(Buffer.from(bytes), "fuzzed").values()];
  const total = (sizes: number[]): number => sizes.reduce((sum, size) => sum + size, 0);
  return {
    values: total(tensors.map((tensor) => tensor.data.length)),
    claimed: total(tensors.map(({ shape }) => sizeOf(shape))),
  };
}

const pixels = Uint8Array.from({ length: 10 * 12 * 12 }, (_, i) => (i * 7) % 256);
const idx = idxBytes([10, 12, 12], pixels);
const row = [...Array.from({ length: 64 }, (_, i) => i % 17), 3].join(",");
const csv = Buffer.from(`${row}\n`.repeat(8));
const png = pngBytes([8, 8, 3], pixels.subarray(0, 192));
const catalog = Buffer.from(JSON.stringify({ version: 1, datasets: data.loadCatalog() }));

const safetensors = training.encodeSafetensors(
  new Map([
    ["weight", { dtype: "float32", shape: [4, 8], data: new Float32Array(32).fill(1.5) }],
    ["step", { dtype: "int32", shape: [3], data: Int32Array.of(1, 2, 3) }],
    ["mask", { dtype: "bool", shape: [2, 3], data: Uint8Array.of(0, 1, 0, 1, 1, 0) }],
  ]),
);

const FORMATS: readonly Format[] = [
  { name: "IDX", seed: idx, parse: parseIdx },
  { name: "IDX in gzip, damaged outside", seed: gzipSync(idx), parse: parseIdx },
  { name: "IDX in gzip, damaged inside", seed: idx, wrap: gzipSync, parse: parseIdx },
  { name: "digits.csv", seed: csv, parse: parseCsv },
  { name: "digits.csv.gz, damaged outside", seed: gzipSync(csv), parse: parseCsv },
  { name: "PNG", seed: png, parse: parsePng },
  { name: "PNG with right CRCs", seed: png, wrap: mendCrcs, parse: parsePng },
  { name: "safetensors", seed: safetensors, parse: parseSafetensors },
  { name: "catalog.json", seed: catalog, parse: parseCatalog },
];

/** Parse one file. @returns whether it was accepted; anything but a result or a named error fails */
function judge(format: Format, bytes: Buffer, what: string): boolean {
  const started = performance.now();
  try {
    const { values, claimed } = format.parse(bytes);
    assert.equal(values, claimed, `${what}: ${values} values for a shape of ${claimed}`);
    return true;
  } catch (error) {
    assert.ok(error instanceof core.LatentLabError, `${what}: ${String(error)}`);
    return false;
  } finally {
    const took = performance.now() - started;
    assert.ok(took < MAX_MILLISECONDS, `${what} took ${took} ms`);
  }
}

describe(`F11 parsers, ${MUTANTS} mutants a format, seed ${SEED}`, () => {
  for (const format of FORMATS) {
    it(`${format.name}: a result or a named error, and little memory`, () => {
      const wrap = format.wrap ?? ((bytes: Buffer) => bytes);
      assert.ok(judge(format, wrap(format.seed), "the undamaged file"));
      const rng = new Rng(SEED);
      const before = process.memoryUsage.rss();
      let [accepted, peak] = [0, before];
      for (let i = 0; i < MUTANTS; i++) {
        const bytes = wrap(mutate(format.seed, rng.fold(i)));
        if (judge(format, bytes, `mutant ${i}: ${bytes.toString("base64").slice(0, 400)}`)) {
          accepted++;
        }
        if (i % 50 === 0) peak = Math.max(peak, process.memoryUsage.rss());
      }
      // The damage must be real, and must not stop at the first bytes of every file.
      assert.ok(accepted < MUTANTS * 0.9, `${accepted} of ${MUTANTS} mutants passed`);
      assert.ok(peak - before < MAX_EXTRA_BYTES, `${peak - before} bytes more were resident`);
    });
  }
});

/** The chunks of a PNG up to its pixels, with these sizes and depth. */
function pngWith(changes: {
  width?: number;
  height?: number;
  depth?: number;
  colour?: number;
}): Buffer {
  const bytes = Buffer.from(png);
  if (changes.width !== undefined) bytes.writeUInt32BE(changes.width, 16);
  if (changes.height !== undefined) bytes.writeUInt32BE(changes.height, 20);
  if (changes.depth !== undefined) bytes[24] = changes.depth;
  if (changes.colour !== undefined) bytes[25] = changes.colour;
  return bytes;
}

const HUGE = 2 ** 31 - 1;

/** Hostile files that chance would hardly find. */
const HAND_MADE: readonly (readonly [name: string, parse: Format["parse"], bytes: Buffer])[] = [
  ["IDX of no bytes", parseIdx, Buffer.alloc(0)],
  ["IDX with its magic only", parseIdx, Buffer.from([0, 0, 8, 3])],
  ["IDX in little endian", parseIdx, Buffer.from([3, 8, 0, 0, 10, 0, 0, 0])],
  ["IDX of zero images", parseIdx, idxBytes([0, 28, 28], Buffer.alloc(0))],
  ["IDX of 2³¹ × 2³¹", parseIdx, idxBytes([2 ** 31, 2 ** 31], Buffer.alloc(8))],
  [
    "IDX whose size overflows 32 bits to 0",
    parseIdx,
    idxBytes([2 ** 16, 2 ** 16], Buffer.alloc(0)),
  ],
  [
    "IDX whose size overflows 64 bits",
    parseIdx,
    idxBytes(Array(4).fill(2 ** 32 - 1), Buffer.alloc(9)),
  ],
  ["IDX of 255 axes", parseIdx, Buffer.from([0, 0, 8, 255, 0, 0, 0, 1])],
  ["IDX with one byte too many", parseIdx, Buffer.concat([idx, Buffer.from([0])])],
  ["IDX of floats", parseIdx, Buffer.from([0, 0, 0x0d, 1, 0, 0, 0, 1, 0, 0, 0, 0])],
  ["gzip of nothing", parseIdx, gzipSync(Buffer.alloc(0))],
  ["gzip magic only", parseIdx, Buffer.from([0x1f, 0x8b])],
  ["gzip in gzip", parseIdx, gzipSync(gzipSync(idx))],
  ["zlib instead of gzip", parseIdx, deflateSync(idx)],
  [
    "gzip bomb of 64 MB",
    parseIdx,
    gzipSync(Buffer.concat([idxBytes([9], Buffer.alloc(9)), Buffer.alloc(2 ** 26)])),
  ],
  ["gzip with a header for 100 MB", parseIdx, gzipSync(idxBytes([10 ** 8], Buffer.alloc(1000)))],
  ["gzip with a foreign second part", parseIdx, Buffer.concat([gzipSync(idx), gzipSync(idx)])],
  ["gzip with junk behind", parseIdx, Buffer.concat([gzipSync(idx), Buffer.from("junk")])],
  ["CSV bomb of 64 MB", parseCsv, gzipSync(Buffer.alloc(2 ** 26, "1,"))],
  ["CSV of NaN", parseCsv, Buffer.from(row.replace("5", "NaN"))],
  ["CSV with an empty line", parseCsv, Buffer.from(`${row}\n\n${row}\n`)],
  ["CSV of zero bytes", parseCsv, Buffer.alloc(1000)],
  ["PNG of 2³¹ × 2³¹", parsePng, pngWith({ width: HUGE, height: HUGE })],
  ["PNG of 0 × 8", parsePng, pngWith({ width: 0 })],
  ["PNG of 10,000 × 1, right CRC", parsePng, mendCrcs(pngWith({ width: 10_000, height: 1 }))],
  ["PNG of 16 bits, right CRC", parsePng, mendCrcs(pngWith({ depth: 16 }))],
  ["PNG with a palette that is not there, right CRC", parsePng, mendCrcs(pngWith({ colour: 3 }))],
  ["PNG wider than its pixels, wrong CRC", parsePng, pngWith({ width: 9 })],
  ["PNG of 16 bits, wrong CRC", parsePng, pngWith({ depth: 16 })],
  ["PNG with a palette that is not there", parsePng, pngWith({ colour: 3 })],
  ["PNG cut inside its pixels", parsePng, pngWith({}).subarray(0, 60)],
  ["PNG cut after its header", parsePng, pngWith({}).subarray(0, 33)],
  ["JPEG", parsePng, Buffer.from("ffd8ffe000104a46494600010100000100010000ffd9", "hex")],
  ["JSON 10,000 lists deep", parseCatalog, Buffer.from("[".repeat(10_000))],
  ["JSON with __proto__", parseCatalog, Buffer.from('{"version":1,"__proto__":{"datasets":[]}}')],
];

describe("F11 hostile files made by hand", () => {
  for (const [name, parse, bytes] of HAND_MADE) {
    it(`${name} is refused by a named error`, () => {
      const before = process.memoryUsage.rss();
      const format: Format = { name, seed: bytes, parse };
      assert.equal(judge(format, bytes, name), false, `${name} was accepted`);
      assert.ok(process.memoryUsage.rss() - before < MAX_EXTRA_BYTES);
    });
  }
});
