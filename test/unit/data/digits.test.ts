import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { core, data } from "latentlab";

import { assertClose } from "../../support/close";

const PYTHON = join(__dirname, "..", "..", "..", "..", ".latentlab", "python");

function row(pixel: string, label: string): string {
  return [...Array<string>(64).fill(pixel), label].join(",");
}

describe("scikit-learn's 8×8 digits", () => {
  it("are 1,797 images with the published count per class", function () {
    if (!existsSync(PYTHON)) return this.skip();
    const digits = data.readSmallDigits();
    assert.equal(digits.describe(), "scikit-learn digits: 1797 images of 8×8×1 in 10 classes");
    const counts = new Array<number>(10).fill(0);
    for (const label of digits.labels as Int32Array) counts[label]!++;
    // Counted in Python from numpy's digits.target.
    assert.deepEqual(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    // Mean grey of the set, 4.8842 of 16, from numpy's digits.data.mean().
    const mean =
      Array.from(digits.images).reduce((sum, pixel) => sum + pixel, 0) / digits.images.length;
    assertClose([mean * 16], [4.884164579855314], { absolute: 1e-4 });
  });

  it("come from rows of 64 greys and a label", () => {
    const text = `${row("16", "3")}\r\n${row("4", "0")}\n`;
    for (const bytes of [Buffer.from(text), gzipSync(text)]) {
      const { images, labels } = data.parseDigitsCsv(bytes, "digits.csv");
      assert.deepEqual(
        [...images],
        [...Array<number>(64).fill(1), ...Array<number>(64).fill(0.25)],
      );
      assert.deepEqual([...(labels as Int32Array)], [3, 0]);
    }
  });

  it("refuse damaged rows, naming the line and the column", () => {
    const good = row("1", "1");
    const bad: [string, RegExp][] = [
      ["", /line 1: expected 65 numbers, found 1/],
      [`${good}\n1,2,3`, /line 2: expected 65 numbers, found 3/],
      [`${good}\n${row("1", "10")}`, /line 2, column 65: expected a whole number of 0…9.*"10"/],
      [row("17", "1"), /column 1: expected a whole number of 0…16/],
      [row("-1", "1"), /column 1/],
      [row("1e9", "1"), /column 1/],
      [row("", "1"), /column 1/],
    ];
    for (const [text, message] of bad) {
      assert.throws(
        () => data.parseDigitsCsv(Buffer.from(text), "digits.csv"),
        (error) => error instanceof core.DataFormatError && message.test(error.message),
        text.slice(0, 20),
      );
    }
  });

  it("refuse a bomb", () => {
    const bomb = gzipSync(Buffer.alloc(2 ** 24, "1"));
    assert.throws(() => data.parseDigitsCsv(bomb, "digits.csv"), /more data than/);
  });
});
