import { compile, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

type Case = readonly [title: string, shapes: readonly number[][], (...x: tf.Tensor[]) => tf.Tensor];

/** Ops that stand otherwise in the graph than tfjs asked for, and their neighbours that must not. */
const CASES: readonly Case[] = [
  [
    "matMul",
    [
      [3, 4],
      [4, 5],
    ],
    (a, b) => tf.matMul(a, b),
  ],
  [
    "matMul, first transposed",
    [
      [4, 3],
      [4, 5],
    ],
    (a, b) => tf.matMul(a, b, true),
  ],
  [
    "matMul, second transposed",
    [
      [3, 4],
      [5, 4],
    ],
    (a, b) => tf.matMul(a, b, false, true),
  ],
  [
    "matMul of batches",
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    (a, b) => tf.matMul(a, b),
  ],
  ["bias on the right", [[2, 3, 4], [4]], (a, b) => a.add(b)],
  ["bias on the left", [[4], [2, 3, 4]], (a, b) => a.add(b)],
  ["a bias of one number", [[2, 3], [1]], (a, b) => a.add(b)],
  ["a vector that makes a matrix larger", [[3, 1], [4]], (a, b) => a.add(b)],
  ["two vectors", [[3], [3]], (a, b) => a.add(b)],
  ["whole numbers", [[2, 3], [3]], (a, b) => a.toInt().add(b.toInt()).toFloat()],
  ["sum per channel", [[2, 3, 4]], (x) => x.sum([0, 1])],
  ["sum per channel, axes counted from the end", [[2, 3, 4]], (x) => x.sum([-2, -3])],
  ["sum per channel that keeps its rank", [[2, 3, 4]], (x) => x.sum([0, 1], true)],
  ["sum per row", [[2, 3]], (x) => x.sum(1)],
  ["sum of everything", [[2, 3]], (x) => x.sum()],
  ["sum of whole numbers", [[2, 3]], (x) => x.toInt().sum(0).toFloat()],
];

describe("ops that a graph says otherwise than tfjs", () => {
  for (const [title, shapes, fn] of CASES) {
    it(`${title}: the same numbers in the same shape`, () => {
      const rng = new Rng(5);
      const compiled = compile(fn);
      tf.tidy(() => {
        const inputs = shapes.map((shape) => rng.normal(shape, 0, 9));
        const [got, want] = [compiled(...inputs), fn(...inputs)];
        assertClose(got.shape, want.shape);
        assertClose(got.dataSync(), want.dataSync(), { absolute: 1e-5, relative: 1e-5 });
      });
      compiled.dispose();
    });
  }
});
