import { data } from "latentlab";

import { countedImages } from "../support/images";
import { type Argument, count, given, number, record, rng, tensor, word } from "./argument";
import { constructs, type Subject, takes } from "./subject";

const DATASET = given(() => countedImages(6));
const PIXELS = { batchSize: count(2), range: word("unit"), binarize: word("threshold") };

/** The floats of 2 images of 1×2 pixels, and what floats may not be. */
const FLOATS: Argument = {
  valid: () => Float32Array.of(0, 0.5, 0.5, 1),
  faults: [
    { what: "255 for 1", make: () => Float32Array.of(0, 128, 128, 255) },
    { what: "−1 for 0", make: () => Float32Array.of(-1, 0, 0, 1) },
    { what: "NaN", make: () => Float32Array.of(0, NaN, 0, 1) },
    { what: "half a pixel too many", make: () => new Float32Array(5) },
    { what: "no images", make: () => new Float32Array(0) },
    { what: "a plain array", make: () => [0, 0.5, 0.5, 1] },
  ],
};

const LABELS: Argument = {
  valid: () => Int32Array.of(0, 1),
  faults: [
    { what: "one label too few", make: () => Int32Array.of(0) },
    { what: "a label without a class", make: (draw) => Int32Array.of(0, draw(2, 99)) },
    { what: "a label below 0", make: (draw) => Int32Array.of(draw(-9, -1), 0) },
  ],
};

const IMAGE_SHAPE: Argument = {
  valid: () => [1, 2, 1],
  faults: [
    { what: "a size of 0", make: () => [1, 0, 1] },
    { what: "a fractional size", make: () => [1, 0.5, 1] },
    { what: "two sizes", make: () => [1, 2] },
    { what: "four sizes", make: () => [1, 1, 2, 1] },
  ],
};

const IDS: Argument = {
  valid: () => Int32Array.of(0, 5),
  faults: [
    { what: "an index past the end", make: (draw) => Int32Array.of(0, draw(6, 99)) },
    { what: "an index below 0", make: (draw) => Int32Array.of(draw(-9, -1)) },
    { what: "no index", make: () => new Int32Array(0) },
  ],
};

const MEANS: Argument = {
  valid: () => [
    [0, 0],
    [1, 1],
  ],
  faults: [
    { what: "no means", make: () => [] },
    { what: "a NaN", make: () => [[0, NaN]] },
    { what: "three coordinates", make: () => [[0, 0, 0]] },
    { what: "ragged", make: () => [[0, 0], [1]] },
  ],
};

const WEIGHTS: Argument = {
  valid: () => [0.25, 0.75],
  faults: [
    { what: "a sum that is not 1", make: (draw) => [0.25, 0.75 + draw(1, 9)] },
    { what: "a weight below 0", make: () => [-0.5, 1.5] },
    { what: "a NaN", make: () => [NaN, 1] },
    { what: "one weight too many", make: () => [0.25, 0.25, 0.5] },
  ],
};

/** Bytes that are no file of any kind. */
const FILE: Argument = {
  valid: () => Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 6),
  faults: [
    { what: "no bytes", make: () => new Uint8Array(0) },
    { what: "other bytes", make: (draw) => Uint8Array.of(draw(1, 255), draw(0, 255)) },
  ],
};

const STD = number(0.5, { min: 0 });
const POINTS = tensor([3, 2], { fixed: [1] });

export const DATA: Readonly<Record<string, Subject>> = {
  "data.ImageDataset": constructs(
    data.ImageDataset,
    record({
      name: given(() => "test"),
      images: FLOATS,
      imageShape: IMAGE_SHAPE,
      labels: LABELS,
      classNames: given(() => ["a", "b"]),
      provenance: given(() => ({ source: "a test", license: "none", files: [] })),
    }),
  ),
  "data.ImageDataset.slice": takes(
    (set: data.ImageDataset, start: number, end: number) => set.slice(start, end),
    DATASET,
    count(0, { min: 0, max: 5 }),
    count(6, { min: 1, max: 6 }),
  ),
  "data.ImageDataset.take": takes(
    (set: data.ImageDataset, n: number) => set.take(n),
    DATASET,
    count(6, { max: 6 }),
  ),
  "data.ImageDataset.select": takes(
    (set: data.ImageDataset, ids: Int32Array) => set.select(ids),
    DATASET,
    IDS,
  ),
  "data.ImageDataset.split": takes(
    (set: data.ImageDataset, options: data.SplitOptions) => set.split(options),
    DATASET,
    record({ heldOut: count(2, { max: 5 }), seed: count(1, { min: 0 }) }),
  ),
  "data.shuffledBatches": takes(
    data.shuffledBatches,
    DATASET,
    record({ ...PIXELS, batchSize: count(2, { max: 6 }), seed: count(1, { min: 0 }) }),
  ),
  "data.shuffledBatches.at": takes(
    (set: data.ImageDataset, step: number) =>
      data.shuffledBatches(set, { batchSize: 2, seed: 1 }).at(step),
    DATASET,
    count(7, { min: 0 }),
  ),
  "data.sequentialBatches": takes(
    data.sequentialBatches,
    DATASET,
    record({ ...PIXELS, seed: count(1, { min: 0 }) }),
  ),
  "data.sequentialBatches.at": takes(
    (set: data.ImageDataset, step: number) =>
      data.sequentialBatches(set, { batchSize: 4 }).at(step),
    DATASET,
    count(1, { min: 0 }),
  ),
  "data.examplesAt": takes(
    data.examplesAt,
    DATASET,
    IDS,
    record({ range: word("signed"), binarize: word("sample"), rng }),
  ),
  "data.parseIdx": takes(
    (file: Uint8Array, options: data.IdxOptions) => data.parseIdx(file, "test", options),
    FILE,
    record({ rank: count(1, { max: 1 }), maxBytes: count(1000, { min: 10 }) }),
  ),
  "data.gaussianMixture": takes(
    data.gaussianMixture,
    record({ means: MEANS, std: number(0.5, { min: 1e-9 }), weights: WEIGHTS }),
  ),
  "data.gaussianMixture.sample": takes(
    (n: number) => data.ring8().sample(rng.valid() as never, n),
    count(3),
  ),
  "data.gaussianMixture.logDensity": takes(
    (points: never) => data.ring8().logDensity?.(points),
    POINTS,
  ),
  "data.checkerboard.logDensity": takes(
    (points: never) => data.checkerboard().logDensity?.(points),
    POINTS,
  ),
  "data.ring8": takes(data.ring8, record({ radius: number(2, { min: 0 }), std: STD })),
  "data.grid25": takes(data.grid25, record({ spacing: number(2, { min: 0 }), std: STD })),
  "data.moons": takes(data.moons, record({ std: STD })),
  "data.swissRoll": takes(data.swissRoll, record({ std: STD })),
  "data.checkerboard": takes(data.checkerboard),
  "data.toyBatches": takes(
    data.toyBatches,
    given(() => data.moons()),
    record({ batchSize: count(2), seed: count(1, { min: 0 }), batchesPerEpoch: count(5) }),
  ),
  "data.toyBatches.at": takes(
    (step: number) => data.toyBatches(data.moons(), { batchSize: 2, seed: 1 }).at(step),
    count(3, { min: 0 }),
  ),
};
