import { strict as assert } from "node:assert";

import { models, objectives, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

type Vectors = readonly (readonly number[])[];

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

function softmax(values: readonly number[]): number[] {
  const total = values.reduce((sum, value) => sum + Math.exp(value), 0);
  return values.map((value) => Math.exp(value) / total);
}

/** Σ_i weight_i · vector_i */
function mixture(weights: readonly number[], vectors: Vectors): number[] {
  return vectors[0]!.map((_, d) => weights.reduce((sum, w, i) => sum + w * vectors[i]![d]!, 0));
}

/** R(picture, text) of eq. 7–10, one loop after another; the words are without padding. */
function score(words: Vectors, regions: Vectors): number {
  const similarity = words.map((e) => regions.map((v) => dot(e, v)));
  const byWord = regions.map((_, j) => softmax(similarity.map((row) => row[j]!)));
  const matches = words.map((e, i) => {
    const alpha = softmax(regions.map((_, j) => 4 * byWord[j]![i]!));
    const c = mixture(alpha, regions);
    return dot(c, e) / Math.sqrt(dot(c, c) * dot(e, e));
  });
  return Math.log(matches.reduce((sum, cos) => sum + Math.exp(3 * cos), 0)) / 3;
}

const LENGTHS = [3, 2];
const MASK = [
  [1, 1, 1],
  [1, 1, 0],
];

describe("image–text matching", () => {
  const words = (): tf.Tensor3D => new Rng(1).normal([2, 3, 4]);
  const regions = (): tf.Tensor3D => new Rng(2).normal([3, 5, 4]);

  it("ATTNGAN.10 scores each pair as plain loops do, without the padding", () => {
    tf.tidy(() => {
      const [e, v] = [words(), regions()];
      const options = { attentionSharpness: 4, wordSharpness: 3 };
      const got = objectives.matchingScores(
        { words: e, mask: tf.tensor2d(MASK), regions: v },
        options,
      );
      const want = v
        .arraySync()
        .flatMap((places) =>
          e.arraySync().map((text, q) => score(text.slice(0, LENGTHS[q]), places)),
        );
      assertClose(got.dataSync(), want, { absolute: 1e-5 });
    });
  });

  it("ATTNGAN.9 each word's attention sums to 1 and lies where only it matches", () => {
    tf.tidy(() => {
      // Two orthogonal words; region k shows word k.
      const e = tf.tensor3d([
        [
          [9, 0],
          [0, 9],
        ],
      ]);
      const v = tf.tensor3d([
        [
          [1, 0],
          [0, 1],
        ],
      ]);
      const pair = { words: e, mask: tf.ones<tf.Rank.R2>([1, 2]), regions: v };
      const got = objectives.wordRegionAttention(pair, { attentionSharpness: 20 });
      assertClose(got.dataSync(), [1, 0, 0, 1], { absolute: 1e-6 });
    });
  });

  it("ATTNGAN.11 is both cross-entropies of the diagonal, by loops; pairs that also fit do not count", () => {
    const scores = [
      [0.5, 0.2, -0.1],
      [0.4, 0.9, 0.3],
      [-0.5, 0.6, 0.1],
    ];
    const fits = [
      [1, 0, 1],
      [0, 1, 0],
      [1, 0, 1],
    ];
    const cost = (rows: Vectors, skip: Vectors): number =>
      rows.reduce((sum, row, i) => {
        const others = row.filter((_, j) => j === i || skip[i]![j] !== 1);
        return sum + Math.log(others.reduce((s, r) => s + Math.exp(10 * r), 0)) - 10 * row[i]!;
      }, 0) / 3;
    const transposed = scores.map((_, i) => scores.map((row) => row[i]!));
    const none = fits.map((row) => row.map(() => 0));
    tf.tidy(() => {
      const matrix = tf.tensor2d(scores);
      const all = objectives.matchingLoss(matrix);
      assertClose(all.dataSync(), [cost(scores, none) + cost(transposed, none)], {
        relative: 1e-5,
      });
      const some = objectives.matchingLoss(matrix, { alsoFit: tf.tensor2d(fits) });
      assertClose(some.dataSync(), [cost(scores, fits) + cost(transposed, fits)], {
        relative: 1e-5,
      });
      assert.ok(some.dataSync()[0]! < all.dataSync()[0]!);
    });
  });

  it("ATTNGAN.2 a region takes from the words as plain loops do, nothing from padding", () => {
    tf.tidy(() => {
      const [h, e] = [new Rng(3).normal<tf.Tensor3D>([2, 5, 4]), words()];
      const { context, attention } = models.wordContext(h, e, tf.tensor2d(MASK));
      const wanted = h.arraySync().map((places, b) =>
        places.map((place) => {
          const text = e.arraySync()[b]!.slice(0, LENGTHS[b]);
          const beta = softmax(text.map((word) => dot(place, word)));
          return { beta: [...beta, 0].slice(0, 3), c: mixture(beta, text) };
        }),
      );
      assertClose(
        context.dataSync(),
        wanted.flat().flatMap(({ c }) => c),
        { absolute: 1e-5 },
      );
      assertClose(
        attention.dataSync(),
        wanted.flat().flatMap(({ beta }) => beta),
        { absolute: 1e-6 },
      );
    });
  });
});
