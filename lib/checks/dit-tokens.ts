import { tf } from "../engine/tf";
import { gridEmbedding } from "../nn/embedding";
import { patchify } from "../nn/patches";
import { defineCheck } from "./define";
import { flatten } from "./numbers";
import { valueProbes } from "./value-probes";

type Cut = (x: tf.Tensor4D, patchSize: number) => tf.Tensor;

/** 4 × 6 pixels of two channels, all different. */
const PICTURE = [0, 1, 2, 3].map((row) =>
  [0, 1, 2, 3, 4, 5].map((column) => [10 * row + column, 100 + 10 * row + column]),
);

/** `[B, rows, p, columns, p, C]` of a picture. */
function blocksOf(x: tf.Tensor4D, p: number): tf.Tensor {
  const [batch, height, width, channels] = x.shape;
  return x.reshape([batch, height / p, p, width / p, p, channels]);
}

function asTokens(x: tf.Tensor, { shape: [batch, height, width] }: tf.Tensor4D, p: number) {
  return x.reshape([batch, (height * width) / p ** 2, -1]);
}

defineCheck<Cut>({
  id: "R.25a",
  solution: patchify,
  probes: valueProbes({
    cases: [{ title: "4 × 6 pixels, patches of 2 × 2", inputs: { x: [PICTURE] } }],
    call: (fn: Cut, { x }) => fn(x, 2),
    reference: ({ x }) =>
      x.map((picture) =>
        [0, 2].flatMap((top) =>
          [0, 2, 4].map((left) =>
            flatten(picture.slice(top, top + 2).map((row) => row.slice(left, left + 2))),
          ),
        ),
      ),
  }),
  mistakes: [
    {
      says: "A reshape alone: it cuts rows of pixels into pieces, not squares.",
      fn: (x, p) => asTokens(x, x, p),
    },
    {
      says: "In each patch the channels come first; the order is row, column, channel.",
      fn: (x, p) => asTokens(blocksOf(x, p).transpose([0, 1, 3, 5, 2, 4]), x, p),
    },
    {
      says: "In each patch the columns come before the rows.",
      fn: (x, p) => asTokens(blocksOf(x, p).transpose([0, 1, 3, 4, 2, 5]), x, p),
    },
    {
      says: "The patches go column by column; they go row by row, as one reads.",
      fn: (x, p) => asTokens(blocksOf(x, p).transpose([0, 3, 1, 2, 4, 5]), x, p),
    },
  ],
  hints: [
    "Give rows and columns of patches axes of their own, and transpose before joining axes.",
    "reshape to [B·rows, p, columns, p·C], transpose to [0, 2, 1, 3], reshape to tokens",
  ],
});

type Grid = (height: number, width: number, size: number) => tf.Tensor;

/** Sines, then cosines of `position`, of frequencies 10000^(−i / count). */
function wavesOf(position: number, count: number): number[] {
  const phases = Array.from({ length: count }, (_, i) => position * 10_000 ** (-i / count));
  return [...phases.map(Math.sin), ...phases.map(Math.cos)];
}

function perCell(
  [height, width]: readonly [number, number],
  of: (row: number, column: number) => number[],
): number[][] {
  return Array.from({ length: height * width }, (_, cell) =>
    of(Math.floor(cell / width), cell % width),
  );
}

defineCheck<Grid>({
  id: "R.25b",
  solution: gridEmbedding,
  probes: valueProbes({
    cases: [{ title: "2 × 3 patches, 8 features", inputs: { sizes: [2, 3, 8] } }],
    call: (fn: Grid, { sizes }) => {
      const [height, width, size] = sizes.dataSync();
      return fn(height ?? NaN, width ?? NaN, size ?? NaN);
    },
    reference: () => perCell([2, 3], (row, column) => [...wavesOf(column, 2), ...wavesOf(row, 2)]),
  }),
  mistakes: [
    {
      says: "The rows come first; DiT's code writes the column (the width) in the first half.",
      fn: (height, width, size) => {
        const [column, row] = tf.split(gridEmbedding(height, width, size), 2, 1);
        return tf.concat([row as tf.Tensor, column as tf.Tensor], 1);
      },
    },
    {
      says: "Sines and cosines alternate; here each half holds all sines, then all cosines.",
      fn: (height, width, size) =>
        gridEmbedding(height, width, size)
          .reshape([-1, 2, 2, size / 4])
          .transpose([0, 1, 3, 2])
          .reshape([-1, size]),
    },
    {
      says: "This is one sequence: cells are counted through, and neighbours above are forgotten.",
      fn: (height, width, size) =>
        tf.tensor2d(perCell([height, width], (r, c) => wavesOf(r * width + c, size / 2))),
    },
    {
      says: "The frequencies fall too slowly: each half has its own, from 1 to near 1/10000.",
      fn: (height, width, size) => {
        const half = (position: number): number[] =>
          wavesOf(position, size / 2).filter((_, i) => i % (size / 2) < size / 4);
        return tf.tensor2d(perCell([height, width], (r, c) => [...half(c), ...half(r)]));
      },
    },
  ],
  hints: [
    "Half of the features tell the column, half the row; waves, shown above, makes one half.",
    "Row ⌊cell / width⌋, column cell mod width: [...waves(column, size / 2), ...waves(row, size / 2)]",
  ],
});
