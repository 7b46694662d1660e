import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { core, training } from "latentlab";

const { decodeSafetensors, encodeSafetensors } = training;

const SAMPLE: training.HostTensors = new Map<string, training.HostTensor>([
  ["flags", { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) }],
  ["layers.0.weight", { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, -2, 0.1, 4) }],
  ["counts", { dtype: "int32", shape: [2], data: Int32Array.of(-7, 2 ** 31 - 1) }],
  ["scale ε", { dtype: "float32", shape: [], data: Float32Array.of(0.5) }],
  ["empty", { dtype: "float32", shape: [0, 4], data: new Float32Array(0) }],
]);

/** A file with this header over `dataBytes` bytes of zeros. */
function fileWith(header: unknown, dataBytes = 16): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

function entry(changes: object): object {
  return { w: { dtype: "F32", shape: [4], data_offsets: [0, 16], ...changes } };
}

describe("safetensors", () => {
  it("comes back as it was written, empty and scalar tensors too", () => {
    const decoded = decodeSafetensors(encodeSafetensors(SAMPLE), "sample");
    assert.deepEqual(new Map([...decoded].sort()), new Map([...SAMPLE].sort()));
  });

  const hostile: Record<string, Buffer> = {
    nothing: Buffer.alloc(0),
    "less than a length": Buffer.alloc(7),
    "a header longer than the file": fileWith(entry({})).subarray(0, 20),
    "a header of 2⁶³ bytes": Buffer.from("00000000000000800000000000000000", "hex"),
    "100 MB of JSON": fileWith(`{"w":[${"0,".repeat(50 * 2 ** 20)}0]}`),
    "a header that is not UTF-8": Buffer.concat([
      Buffer.from("0100000000000000", "hex"),
      Buffer.of(255),
    ]),
    "a header that is not JSON": fileWith("{"),
    "a list": fileWith([]),
    null: fileWith(null),
    "a number for a tensor": fileWith({ w: 5 }),
    "null for a tensor": fileWith({ w: null }),
    "a negative size": fileWith(entry({ shape: [-4] })),
    "a fractional size": fileWith(entry({ shape: [2.5, 1.6] })),
    "a size that is text": fileWith(entry({ shape: ["4"] })),
    "a shape whose product is 2⁶⁴": fileWith(entry({ shape: [2 ** 32, 2 ** 32] })),
    "a billion values": fileWith(entry({ shape: [1e9] })),
    "rank 7": fileWith(entry({ shape: [4, 1, 1, 1, 1, 1, 1] })),
    "an unknown dtype": fileWith(entry({ dtype: "F64", shape: [2] })),
    "a dtype from the prototype": fileWith(entry({ dtype: "constructor" })),
    "no dtype": fileWith({ w: { shape: [4], data_offsets: [0, 16] } }),
    "negative offsets": fileWith(entry({ data_offsets: [-16, 0] })),
    "offsets the wrong way round": fileWith(entry({ data_offsets: [16, 0] })),
    "offsets beyond the file": fileWith(entry({ data_offsets: [16, 32] })),
    "three offsets": fileWith(entry({ data_offsets: [0, 16, 16] })),
    "two tensors over the same bytes": fileWith({
      ...entry({}),
      v: { dtype: "F32", shape: [4], data_offsets: [0, 16] },
    }),
    "bytes between two tensors": fileWith(
      { ...entry({}), v: { dtype: "F32", shape: [1], data_offsets: [20, 24] } },
      24,
    ),
    "bytes after the last tensor": fileWith(entry({}), 17),
    "a tensor named __proto__": fileWith(
      '{"__proto__":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}',
    ),
    "a truth value of 2": Buffer.concat([
      fileWith({ b: { dtype: "BOOL", shape: [1], data_offsets: [0, 1] } }, 0),
      Buffer.of(2),
    ]),
  };
  for (const [name, bytes] of Object.entries(hostile)) {
    it(`refuses ${name}, naming the file`, () => {
      const refused = (error: Error): boolean =>
        error instanceof core.CheckpointError &&
        error.message.startsWith("x.safetensors is damaged");
      assert.throws(() => decodeSafetensors(bytes, "x.safetensors"), refused);
    });
  }

  it("accepts the file that the hostile ones were made from", () => {
    assert.deepEqual(
      decodeSafetensors(fileWith(entry({})), "x").get("w")?.data,
      new Float32Array(4),
    );
  });
});

const PYTHON = resolve(".latentlab", "python", "bin", "python");

const READ_AND_REWRITE = `
import sys, json, numpy
from safetensors.numpy import load_file, save_file
tensors = load_file(sys.argv[1])
print(json.dumps({k: [str(v.dtype), list(v.shape), v.reshape(-1).tolist()] for k, v in sorted(tensors.items())}))
save_file(tensors, sys.argv[2], metadata={"by": "python"})
`;

describe("safetensors and Python's package", () => {
  it("read each other's files", function () {
    if (!existsSync(PYTHON)) this.skip();
    const folder = mkdtempSync(join(tmpdir(), "latentlab-safetensors-"));
    const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
    writeFileSync(ours, encodeSafetensors(SAMPLE));
    const python = spawnSync(PYTHON, ["-c", READ_AND_REWRITE, ours, theirs], { encoding: "utf8" });
    assert.equal(python.status, 0, python.stderr);
    assert.deepEqual(JSON.parse(python.stdout), {
      counts: ["int32", [2], [-7, 2 ** 31 - 1]],
      empty: ["float32", [0, 4], []],
      flags: ["bool", [3], [true, false, true]],
      "layers.0.weight": ["float32", [2, 2], [1, -2, Math.fround(0.1), 4]],
      "scale ε": ["float32", [], [0.5]],
    });
    const decoded = decodeSafetensors(readFileSync(theirs), theirs);
    assert.deepEqual(new Map([...decoded].sort()), new Map([...SAMPLE].sort()));
    rmSync(folder, { recursive: true });
  });
});
