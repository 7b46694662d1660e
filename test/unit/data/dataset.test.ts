import { strict as assert } from "node:assert";

import { core, data } from "latentlab";

import { countedImages } from "../../support/images";

const FLOATS = { source: "made for a test", license: "none", files: [] };

function firstGreys({ images, count }: data.ImageDataset): number[] {
  return Array.from({ length: count }, (_, i) => images[2 * i] as number);
}

function withoutLabels(images: Float32Array, imageShape: data.ImageShape): data.ImageDataset {
  return new data.ImageDataset({ name: "floats", images, imageShape, provenance: FLOATS });
}

describe("ImageDataset", () => {
  it("takes and slices in file order, labels with their images", () => {
    const part = countedImages(10).slice(3, 6);
    assert.deepEqual(firstGreys(part), [3, 4, 5]);
    assert.deepEqual([...part.labels!], [0, 1, 2]);
    assert.deepEqual(firstGreys(countedImages(10).take(2)), [0, 1]);
  });

  it("shows what it is and where it comes from, not its pixels", () => {
    assert.deepEqual(countedImages(3)[core.DISPLAY](), {
      "text/plain": "counted: 3 images of 1×2×1 in 3 classes\nmade for a test (none)",
    });
  });

  it("splits at the end, or by chance under a seed: disjoint and complete", () => {
    const set = countedImages(100);
    assert.deepEqual(firstGreys(set.split({ heldOut: 3 }).heldOut), [97, 98, 99]);
    const [a, b, c] = [1, 1, 2].map((seed) => set.split({ heldOut: 30, seed }));
    const [kept, held] = [firstGreys(a!.train), firstGreys(a!.heldOut)];
    assert.deepEqual([kept.length, held.length], [70, 30]);
    assert.deepEqual(
      [...kept, ...held].sort((x, y) => x - y),
      firstGreys(set),
    );
    assert.deepEqual(firstGreys(b!.heldOut), held);
    assert.notDeepEqual(firstGreys(c!.heldOut), held);
    assert.deepEqual(
      [...a!.heldOut.labels!],
      held.map((grey) => grey % 3),
    );
  });

  it("refuses parts that are not in it", () => {
    const set = countedImages(10);
    assert.throws(() => set.take(11), /counted has 10 images, not 11/);
    assert.throws(() => set.take(0), core.ValueError);
    assert.throws(() => set.slice(-1, 3), core.ValueError);
    assert.throws(() => set.split({ heldOut: 10 }), /images left of 10/);
    assert.throws(() => set.select(Int32Array.from([10])), /no image 10/);
  });

  it("refuses pixels that make no whole image, or floats outside [0, 1]", () => {
    assert.throws(() => withoutLabels(new Float32Array(7), [2, 2, 1]), /7 pixels are no whole/);
    assert.throws(() => withoutLabels(new Float32Array(0), [2, 2, 1]), /0 pixels/);
    assert.throws(() => withoutLabels(new Float32Array(4), [2, 0, 1]), core.ShapeError);
    assert.throws(() => withoutLabels(Float32Array.from([0, 1.5]), [1, 2, 1]), /in \[0, 1\]/);
    assert.throws(() => withoutLabels(Float32Array.from([0, NaN]), [1, 2, 1]), /in \[0, 1\]/);
  });
});
