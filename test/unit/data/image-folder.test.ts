import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { core, data } from "latentlab";

import { pngBytes } from "../../support/png";

/** Every pixel of a 2×3 image has this colour. */
function colour(red: number, green: number, blue: number): Uint8Array {
  return Uint8Array.from({ length: 18 }, (_, i) => [red, green, blue][i % 3] as number);
}

describe("readImageFolder", () => {
  let folder = "";
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "images-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(name: string, bytes: Uint8Array): void {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }

  it("takes folders as classes and reads the pixels written", () => {
    write("cats/b.png", pngBytes([2, 3, 3], colour(4, 5, 6)));
    write("cats/a.PNG", pngBytes([2, 3, 3], colour(1, 2, 3)));
    write("dogs/a.png", pngBytes([2, 3, 3], colour(7, 8, 9)));
    write("cats/notes.txt", Buffer.from("not an image"));
    const { dataset, skipped } = data.readImageFolder(folder);
    assert.deepEqual([dataset.count, ...dataset.imageShape], [3, 2, 3, 3]);
    assert.deepEqual(
      [...dataset.images],
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ].flatMap(([r, g, b]) => [...colour(r!, g!, b!)]),
    );
    assert.deepEqual([...dataset.labels!], [0, 0, 1]);
    assert.deepEqual(dataset.classNames, ["cats", "dogs"]);
    assert.deepEqual(skipped, []);
  });

  it("reads a flat folder without labels, converted to grey", () => {
    write("a.png", pngBytes([2, 3, 3], colour(9, 9, 9)));
    const { dataset } = data.readImageFolder(folder, { channels: 1 });
    assert.deepEqual([...dataset.images], [9, 9, 9, 9, 9, 9]);
    assert.equal(dataset.labels, undefined);
  });

  it("ends at a damaged or odd-sized file, or skips and lists exactly those", () => {
    const whole = pngBytes([2, 3, 3], colour(1, 2, 3));
    for (let i = 0; i < 20; i++) write(`image${i + 10}.png`, whole);
    write("image15.png", whole.subarray(0, -20));
    write("image16.png", Buffer.from("GIF89a"));
    write("image17.png", pngBytes([3, 2, 3], colour(1, 2, 3)));
    write("image18.png", new Uint8Array());
    assert.throws(() => data.readImageFolder(folder), /image15\.png: expected a whole PNG/);
    const { dataset, skipped } = data.readImageFolder(folder, { onDamaged: "skip" });
    assert.equal(dataset.count, 16);
    assert.deepEqual(
      skipped.map(({ path }) => path),
      [15, 16, 17, 18].map((i) => join(folder, `image${i}.png`)),
    );
    assert.match(skipped[2]!.reason, /expected 2×3×3 like the first image, found 3×2×3/);
  });

  it("names a folder that is absent, empty or has damaged files only", () => {
    const absent = join(folder, "absent");
    assert.throws(() => data.readImageFolder(absent), core.DataMissingError);
    assert.throws(() => data.readImageFolder(folder), /has no PNG files/);
    write("a.png", new Uint8Array(50));
    const skip = { onDamaged: "skip" } as const;
    assert.throws(() => data.readImageFolder(folder, skip), /all 1 PNG files are damaged/);
  });

  it("refuses a header for 2³¹ × 2³¹ pixels before the decoder sees it", () => {
    const bomb = Buffer.from(pngBytes([2, 3, 3], colour(1, 2, 3)));
    bomb.writeUInt32BE(2 ** 31 - 1, 16);
    bomb.writeUInt32BE(2 ** 31 - 1, 20);
    assert.throws(() => data.parsePng(bomb, "bomb.png"), /at most \d+ pixels for its size/);
  });
});
