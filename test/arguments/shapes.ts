import { data, pipelines } from "latentlab";

import { fixed } from "./adversarial";
import { type Argument, count, given, number, record, rng, tensor, word } from "./argument";
import { type Subject, takes } from "./subject";

const CAPTION = data.parseCaption("a small red circle above a large blue square");
const SHAPES = data.captionedShapes({ split: "train", count: 3, size: 8, seed: 1 });
const SCENE = given(() => SHAPES.scenes[0]);
const SIDE = count(8, { min: 8 });

/** A caption, or words of captions. */
function text(valid: string, ...wrong: readonly unknown[]): Argument {
  return {
    valid: () => valid,
    faults: ["", "a small purple circle", 7, null, undefined, ...wrong].map((bad) => ({
      what: JSON.stringify(bad) ?? "undefined",
      make: () => bad,
    })),
  };
}

const TEXTS: Argument = {
  valid: () => ["a small red circle", "red above blue"],
  faults: [
    { what: "no texts", make: () => [] },
    { what: "an unknown word", make: () => ["a small red circle", "house"] },
    { what: "a number for a text", make: (draw) => [draw(0, 9)] },
  ],
};

const IDS: Argument = {
  valid: () => Int32Array.of(0, 2),
  faults: [
    { what: "an index past the end", make: (draw) => Int32Array.of(0, draw(3, 99)) },
    { what: "an index below 0", make: (draw) => Int32Array.of(draw(-9, -1)) },
  ],
};

/** RGB pixels of 8×8. */
const PICTURE: Argument = {
  valid: () => new Float32Array(192).fill(0.5),
  faults: [
    { what: "a pixel too many", make: () => new Float32Array(195) },
    { what: "a NaN", make: () => new Float32Array(192).fill(NaN) },
    { what: "nothing", make: () => new Float32Array(0) },
  ],
};

const RANGE: Argument = {
  valid: () => [0, 1],
  faults: [
    { what: "bytes", make: () => [0, 255] },
    { what: "upside down", make: () => [1, 0] },
    { what: "nothing", make: () => [] },
  ],
};

const CAPTIONS: Argument = {
  valid: () => [CAPTION, CAPTION],
  faults: [
    { what: "a caption too few", make: () => [CAPTION] },
    { what: "no captions", make: () => [] },
  ],
};

export const SHAPES_OF_DATA: Readonly<Record<string, Subject>> = {
  "data.parseCaption": takes(data.parseCaption, text("a small red circle", "two small red circle")),
  "data.captionWords": takes(
    data.captionWords,
    given(() => CAPTION),
  ),
  "data.formatCaption": takes(
    data.formatCaption,
    given(() => CAPTION),
  ),
  "data.canonicalCaption": takes(
    data.canonicalCaption,
    given(() => CAPTION),
  ),
  "data.converse": takes(
    data.converse,
    given(() => CAPTION),
  ),
  "data.encodeCaptions": takes(data.encodeCaptions, TEXTS, count(8, { min: 4 })),
  "data.decodeTokens": takes(data.decodeTokens, {
    valid: () => [1, 5, 0],
    faults: [
      { what: "an unknown id", make: (draw) => [draw(99, 200)] },
      { what: "an id below 0", make: () => [-1] },
      { what: "a fraction", make: () => [1.5] },
    ],
  }),
  "data.drawObjects": takes(
    data.drawObjects,
    given(() => data.sceneObjects(SHAPES.scenes[0] as data.Scene)),
    SIDE,
  ),
  "data.wordMasks": takes(data.wordMasks, SCENE, SIDE),
  "data.foundWordMasks": takes(
    data.foundWordMasks,
    PICTURE,
    count(8, { min: 8, max: 8 }),
    given(() => CAPTION),
  ),
  "pipelines.wordIous": takes(
    pipelines.wordIous,
    tensor([1, 10, 2, 2], { fixed: [0, 1, 2, 3] }),
    fixed(1, 10, 2, 2),
    record({ captions: given(() => [CAPTION]), rng }),
  ),
  "data.sampleScene": takes(
    data.sampleScene,
    given(() => CAPTION),
    rng,
  ),
  "data.sceneObjects": takes(data.sceneObjects, SCENE),
  "data.relationBetween": takes(
    data.relationBetween,
    given(() => [{ x: 0, y: 0 }]),
    given(() => [{ x: 1, y: 0 }]),
  ),
  "data.splitOf": takes(
    data.splitOf,
    given(() => CAPTION),
  ),
  "data.splitHash": takes(data.splitHash, word("train")),
  "data.captionsOf": takes(data.captionsOf, word("train"), word("one")),
  "data.captionedShapes": takes(
    data.captionedShapes,
    record({ split: word("unseen"), count: count(2), size: SIDE, seed: count(1, { min: 0 }) }),
  ),
  "data.CaptionedShapes.tokensAt": takes((ids: Int32Array) => SHAPES.tokensAt(ids), IDS),
  "data.CaptionedShapes.masksAt": takes((ids: Int32Array) => SHAPES.masksAt(ids), IDS),
  "data.CaptionedShapes.batchAt": takes(
    (ids: Int32Array, range: data.PixelRange) => SHAPES.batchAt(ids, range),
    IDS,
    word("unit"),
  ),
  "data.captionBatches": takes(
    data.captionBatches,
    given(() => SHAPES),
    record({ batchSize: count(2, { max: 3 }), seed: count(1, { min: 0 }), range: word("unit") }),
  ),
  "data.readScene": takes(data.readScene, PICTURE, count(8, { min: 8, max: 8 })),
  "data.scoreScene": takes(
    data.scoreScene,
    given(() => data.readScene(new Float32Array(192).fill(0.5), 8)),
    given(() => CAPTION),
  ),
  "data.scorePictures": takes(
    data.scorePictures,
    tensor([2, 8, 8, 3], { fixed: [1, 2, 3] }),
    CAPTIONS,
    record({ range: RANGE }),
  ),
  "data.addScores": takes(data.addScores, {
    valid: () => [data.scoreScene([], CAPTION)],
    faults: [{ what: "no scores", make: () => [] }],
  }),
  "data.parserAccuracy": takes(
    data.parserAccuracy,
    given(() => SHAPES),
    record({
      noise: number(0.1, { min: 0 }),
      blur: number(0.5, { min: 0, max: 100 }),
      seed: count(1, { min: 0 }),
    }),
  ),
  "data.parserCurve": takes(
    data.parserCurve,
    given(() => SHAPES),
    record({ damages: given(() => [{ noise: 0.1 }, { blur: 1 }]), seed: count(1, { min: 0 }) }),
  ),
};
