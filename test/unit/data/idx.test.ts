import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { core, data } from "latentlab";

import { idxBytes } from "../../support/idx";

const { DataFormatError, DataMissingError } = core;

function refuses(bytes: Uint8Array, message: RegExp, options?: data.IdxOptions): void {
  assert.throws(
    () => data.parseIdx(bytes, "digits.idx", options),
    (error) => {
      assert.ok(error instanceof DataFormatError, String(error));
      assert.match(error.message, /digits\.idx/);
      assert.match(error.message, message);
      return true;
    },
  );
}

describe("IDX reader", () => {
  it("reads bytes row by row, packed or not", () => {
    const pixels = Uint8Array.from([1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255]);
    const file = idxBytes([2, 2, 3], pixels);
    for (const bytes of [file, gzipSync(file)]) {
      const { shape, data: values } = data.parseIdx(bytes, "digits.idx", { rank: 3 });
      assert.deepEqual(shape, [2, 2, 3]);
      assert.deepEqual([...values], [...pixels]);
    }
  });

  it("refuses foreign and cut headers", () => {
    refuses(new Uint8Array(), /at least 4 bytes.*found 0/);
    refuses(Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), /begins 00 00.*0x89504e47/);
    refuses(Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 1]), /header of 16 bytes.*8 bytes/);
    refuses(Uint8Array.from([0, 0, 0x0d, 1, 0, 0, 0, 1, 0, 0, 0, 0]), /32-bit floats \(13\)/);
    refuses(Uint8Array.from([0, 0, 0x07, 1, 0, 0, 0, 1, 0]), /unknown type \(7\)/);
    refuses(Uint8Array.from([0, 0, 8, 0, 5]), /1 to 4 axes, found 0/);
    refuses(Uint8Array.from([0, 0, 8, 200, 5]), /1 to 4 axes, found 200/);
    refuses(idxBytes([4], new Uint8Array(4)), /array of 3 axes, found 1/, { rank: 3 });
  });

  it("refuses a body that is not as long as the header says", () => {
    const file = idxBytes([2, 2, 2], new Uint8Array(8));
    refuses(file.subarray(0, -1), /24 bytes.*23, a file cut/);
    refuses(Buffer.concat([file, Buffer.from([0])]), /25, a file with bytes after the end/);
    refuses(gzipSync(file.subarray(0, -1)), /a file cut/);
    refuses(gzipSync(file).subarray(0, -9), /whole gzip file/);
    refuses(idxBytes([0, 28, 28], new Uint8Array()), /at least one example/);
  });

  it("refuses a header for 2³¹ × 2³¹ without allocating for it", () => {
    const header = idxBytes([2 ** 31, 2 ** 31], new Uint8Array());
    const before = process.memoryUsage().arrayBuffers;
    refuses(header, /at most \d+ bytes/);
    refuses(gzipSync(header), /at most \d+ bytes/);
    refuses(idxBytes([2 ** 16, 2 ** 16, 2 ** 16, 2 ** 16], new Uint8Array()), /at most \d+ bytes/);
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20);
  });

  it("stops unpacking a bomb at the size the header gives", () => {
    const bomb = gzipSync(Buffer.concat([idxBytes([28, 28], new Uint8Array()), Buffer.alloc(2e7)]));
    refuses(bomb, /more data than its header/);
    refuses(gzipSync(idxBytes([2 ** 26], new Uint8Array(10))), /gzip file of only \d+ bytes/);
  });

  it("names a missing, an empty and a foreign path", () => {
    const folder = mkdtempSync(join(tmpdir(), "idx-"));
    const empty = join(folder, "empty");
    writeFileSync(empty, "");
    assert.throws(() => data.readIdx(join(folder, "absent")), DataMissingError);
    assert.throws(() => data.readIdx(folder), /expected a file/);
    assert.throws(() => data.readIdx(empty), /is empty/);
    const large = join(folder, "large");
    writeFileSync(large, idxBytes([100], new Uint8Array(100)));
    assert.throws(() => data.readIdx(large, { maxBytes: 50 }), /at most 50 bytes, found 108/);
    rmSync(folder, { recursive: true });
  });
});
