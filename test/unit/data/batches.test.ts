import { strict as assert } from "node:assert";

import { core, data, Rng } from "latentlab";

import { assertClose } from "../../support/close";
import { countedImages } from "../../support/images";

/** Indices and pixels of a batch; its tensors are freed. */
function read({ x, labels, ids }: core.ExampleBatch): {
  ids: number[];
  x: number[];
  labels: number[];
} {
  const values = { ids: [...ids], x: [...x.dataSync()], labels: [...(labels?.dataSync() ?? [])] };
  x.dispose();
  labels?.dispose();
  return values;
}

/** What `source` gives at these steps. */
function idsAt(source: core.BatchSource, steps: number[]): number[][] {
  return steps.map((step) => read(source.at(step)).ids);
}

const STEPS = [0, 1, 2, 3, 4, 5, 6, 7];

describe("shuffledBatches", () => {
  const options = { batchSize: 5, seed: 3 };

  it("gives every image exactly once an epoch, each epoch in another order", () => {
    const ids = idsAt(data.shuffledBatches(countedImages(20), options), STEPS);
    const epochs = [ids.slice(0, 4).flat(), ids.slice(4).flat()];
    for (const epoch of epochs) {
      assert.deepEqual(
        [...epoch].sort((a, b) => a - b),
        Array.from({ length: 20 }, (_, i) => i),
      );
    }
    assert.notDeepEqual(epochs[0], epochs[1]);
  });

  it("depends on (seed, step) alone, not on what was asked before", () => {
    const set = countedImages(20);
    const inOrder = idsAt(data.shuffledBatches(set, options), STEPS);
    const source = data.shuffledBatches(set, options);
    const wanted = [6, 1, 6, 0, 7, 3];
    assert.deepEqual(
      idsAt(source, wanted),
      wanted.map((step) => inOrder[step]),
    );
    const other = idsAt(data.shuffledBatches(set, { ...options, seed: 4 }), STEPS);
    assert.notDeepEqual(other, inOrder);
  });

  it("orders uniformly: over 2,000 epochs each image comes first within 5 standard errors", () => {
    const n = 8;
    const source = data.shuffledBatches(countedImages(n), { batchSize: n, seed: 1 });
    const epochs = 2000;
    const first = new Array<number>(n).fill(0);
    for (let step = 0; step < epochs; step++) first[read(source.at(step)).ids[0]!]!++;
    const standardError = Math.sqrt((1 / n) * (1 - 1 / n) * epochs);
    assertClose(first, Array<number>(n).fill(epochs / n), {
      absolute: 5 * standardError,
      relative: 0,
    });
  });

  it("drops what is left after the last whole batch", () => {
    const source = data.shuffledBatches(countedImages(14), options);
    assert.equal(source.batchesPerEpoch, 2);
    assert.equal(new Set(idsAt(source, [0, 1]).flat()).size, 10);
  });

  it("scales bytes to [0, 1] or [−1, 1], with the labels of the same images", () => {
    const set = countedImages(20);
    const unit = read(data.shuffledBatches(set, options).at(2));
    assertClose(
      unit.x,
      unit.ids.flatMap((i) => [i / 255, (255 - i) / 255]),
    );
    assert.deepEqual(
      unit.labels,
      unit.ids.map((i) => i % 3),
    );
    const signed = read(data.shuffledBatches(set, { ...options, range: "signed" }).at(2));
    assertClose(
      signed.x,
      signed.ids.flatMap((i) => [(2 * i) / 255 - 1, 1 - (2 * i) / 255]),
    );
  });

  it("takes floats in [0, 1] as they are, and binarises ½ to black", () => {
    const floats = new data.ImageDataset({
      name: "floats",
      images: Float32Array.of(0, 0.5, 0.625, 1),
      imageShape: [2, 2, 1],
      provenance: { source: "made for a test", license: "none", files: [] },
    });
    const ids = Int32Array.of(0);
    assert.deepEqual(read(data.examplesAt(floats, ids)).x, [0, 0.5, 0.625, 1]);
    const { x } = read(data.examplesAt(floats, ids, { binarize: "threshold" }));
    assert.deepEqual(x, [0, 0, 1, 1]);
  });

  it("binarises bytes at one half", () => {
    const set = countedImages(256);
    const source = data.sequentialBatches(set, { batchSize: 256, binarize: "threshold" });
    const { x } = read(source.at(0));
    assert.deepEqual(
      x,
      Array.from({ length: 256 }, (_, i) => [Number(i > 127), Number(i < 128)]).flat(),
    );
  });

  it("binarises by chance: the mean over 4,000 draws is the grey level, within 5 standard errors", () => {
    const set = countedImages(256).select(Int32Array.from([0, 26, 128, 255]));
    const source = data.shuffledBatches(set, { batchSize: 4, seed: 5, binarize: "sample" });
    const draws = 4000;
    const white = new Array<number>(4).fill(0);
    for (let step = 0; step < draws; step++) {
      const { ids, x } = read(source.at(step));
      assert.ok(x.every((pixel) => pixel === 0 || pixel === 1));
      ids.forEach((id, i) => (white[id]! += x[2 * i]!));
    }
    const grey = [0, 26 / 255, 128 / 255, 1];
    grey.forEach((p, i) => {
      const standardError = Math.sqrt(p * (1 - p) * draws);
      assertClose([white[i]!], [p * draws], { absolute: 5 * standardError, relative: 1e-9 });
    });
    assert.deepEqual(read(source.at(7)), read(source.at(7)));
  });

  it("refuses batches it cannot make", () => {
    const set = countedImages(4);
    assert.throws(() => data.shuffledBatches(set, options), /batchSize is 5 but counted has 4/);
    assert.throws(() => data.shuffledBatches(set, { batchSize: 0, seed: 1 }), core.ValueError);
    assert.throws(
      () => data.shuffledBatches(set, { batchSize: 2, seed: 1 }).at(-1),
      /step must be/,
    );
    assert.throws(() => data.examplesAt(set, Int32Array.from([4])), core.ValueError);
    const ids = Int32Array.from([0]);
    assert.throws(() => data.examplesAt(set, ids, { binarize: "sample" }), /needs an rng/);
  });
});

describe("sequentialBatches", () => {
  it("covers the set in file order, with a smaller last batch, and begins again", () => {
    const source = data.sequentialBatches(countedImages(7), { batchSize: 3 });
    assert.equal(source.batchesPerEpoch, 3);
    assert.deepEqual(idsAt(source, [0, 1, 2, 3]), [[0, 1, 2], [3, 4, 5], [6], [0, 1, 2]]);
  });

  it("gives an image the same random pixels in every epoch", () => {
    const set = countedImages(200).slice(100, 160);
    const source = data.sequentialBatches(set, { batchSize: 30, binarize: "sample" });
    assert.deepEqual(read(source.at(1)), read(source.at(3)));
  });
});

describe("Rng.fold", () => {
  it("is a pure function of seed and index, unlike split", () => {
    const rng = new Rng(1);
    const before = rng.fold(5).normalArray(4);
    rng.normalArray(100);
    assert.deepEqual(rng.fold(5).normalArray(4), before);
  });

  it("gives generators uncorrelated with each other and with the parent", () => {
    const n = 50_000;
    const rng = new Rng(11);
    const streams = [rng.fold(0), rng.fold(1), rng.split(), rng].map((r) => r.normalArray(n));
    for (let a = 0; a < streams.length; a++) {
      for (let b = 0; b < a; b++) {
        const product = streams[a]!.map((value, i) => value * streams[b]![i]!);
        const correlation = product.reduce((sum, value) => sum + value, 0) / n;
        assertClose([correlation], [0], { absolute: 5 / Math.sqrt(n) });
      }
    }
  });
});
