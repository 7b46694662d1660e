import type { Loss } from "../core/types";
import { tf } from "../engine/tf";
import { wordContext, type WordContext } from "../models/attngan/word-attention";
import {
  matchingLoss,
  matchingScores,
  type WordsAndRegions,
} from "../objectives/image-text-matching";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Vector = readonly number[];

const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? NaN), 0);
const meanOf = (values: Vector): number => values.reduce((s, x) => s + x, 0) / values.length;

function softmax(values: Vector): number[] {
  const total = values.reduce((sum, value) => sum + Math.exp(value), 0);
  return values.map((value) => Math.exp(value) / total);
}

/** Σ_i weight_i · vector_i */
function mixture(weights: Vector, vectors: readonly Vector[]): number[] {
  return (vectors[0] ?? []).map((_, d) =>
    weights.reduce((sum, weight, i) => sum + weight * (vectors[i]?.[d] ?? NaN), 0),
  );
}

const WORDS = [
  [
    [1, 0.5],
    [-0.5, 1.5],
    [0.25, -1],
  ],
  [
    [0.75, -0.25],
    [1, 1],
    [9, 9],
  ],
];
const MASK = [
  [1, 1, 1],
  [1, 1, 0],
];
const REGIONS = [
  [
    [0.5, 1],
    [-1, 0.25],
    [1.5, 0.5],
    [0, -0.75],
  ],
  [
    [1, -1],
    [0.25, 0.5],
    [-0.5, 1],
    [2, 0.1],
  ],
];

type Context = (regions: tf.Tensor3D, words: tf.Tensor3D, mask: tf.Tensor2D) => WordContext;

defineCheck<Context>({
  id: "ATTNGAN.2",
  solution: wordContext,
  probes: valueProbes({
    cases: [
      {
        title: "two pictures of four regions, three words, one of them padding",
        inputs: { regions: REGIONS, words: WORDS, mask: MASK },
      },
    ],
    call: (fn: Context, { regions, words, mask }) => fn(regions, words, mask),
    reference: ({ regions, words, mask }) => {
      const rows = regions.map((places, b) =>
        places.map((place) => {
          const length = (mask[b] ?? []).reduce((sum, isWord) => sum + isWord, 0);
          const text = (words[b] ?? []).slice(0, length);
          const beta = softmax(text.map((word) => dot(place, word)));
          return { context: mixture(beta, text), attention: [...beta, 0, 0].slice(0, 3) };
        }),
      );
      return {
        context: rows.map((places) => places.map(({ context }) => context)),
        attention: rows.map((places) => places.map(({ attention }) => attention)),
      };
    },
    gradients: ["regions"],
  }),
  mistakes: [
    {
      says: "Padding is looked at: its scores should be −∞ before the softmax.",
      fn: (regions, words, mask) => wordContext(regions, words, tf.onesLike(mask)),
    },
    {
      says: "The softmax is over the regions; each region shares itself out among the words.",
      fn: (regions, words, mask) => {
        const padding = tf.sub(1, mask).mul(-1e9).expandDims(1);
        const scores = tf.matMul(regions, words, false, true).add(padding);
        const attention = tf
          .softmax(scores.transpose([0, 2, 1]))
          .transpose([0, 2, 1])
          .mul(mask.expandDims(1)) as tf.Tensor3D;
        return { context: tf.matMul(attention, words), attention };
      },
    },
    {
      says: "The scores are divided by √D, as in a transformer; AttnGAN does not.",
      fn: (regions, words, mask) => {
        const scaled = regions.div<tf.Tensor3D>(Math.sqrt(regions.shape[2]));
        return wordContext(scaled, words, mask);
      },
    },
  ],
  hints: [
    "Attention with the regions as queries, and the words as keys and values.",
    "softmax over the words of (h eᵀ − 10⁹ for padding), then times e.",
  ],
});

type Scores = (inputs: WordsAndRegions) => tf.Tensor2D;

/** R(picture, text) by loops, γ₁ = γ₂ = 5. */
function scoreOf(text: readonly Vector[], places: readonly Vector[]): number {
  const similarity = text.map((word) => places.map((place) => dot(word, place)));
  const byWord = places.map((_, j) => softmax(similarity.map((row) => row[j] ?? NaN)));
  const matches = text.map((word, i) => {
    const alpha = softmax(places.map((_, j) => 5 * (byWord[j]?.[i] ?? NaN)));
    const context = mixture(alpha, places);
    return dot(context, word) / Math.sqrt(dot(context, context) * dot(word, word));
  });
  return Math.log(matches.reduce((sum, cosine) => sum + Math.exp(5 * cosine), 0)) / 5;
}

defineCheck<Scores>({
  id: "ATTNGAN.10",
  solution: matchingScores,
  probes: valueProbes({
    cases: [
      {
        title: "two pictures and two texts",
        inputs: { words: WORDS, mask: MASK, regions: REGIONS },
      },
    ],
    call: (fn: Scores, { words, mask, regions }) => fn({ words, mask, regions }),
    reference: ({ words, mask, regions }) =>
      regions.map((places) =>
        words.map((text, q) => {
          const length = (mask[q] ?? []).reduce((sum, isWord) => sum + isWord, 0);
          return scoreOf(text.slice(0, length), places);
        }),
      ),
    gradients: ["regions"],
  }),
  mistakes: [
    {
      says: "Padding counts as a word.",
      fn: ({ words, mask, regions }) => matchingScores({ words, mask: tf.onesLike(mask), regions }),
    },
    {
      says: "Rows and columns are swapped: pictures are the rows.",
      fn: (inputs) => matchingScores(inputs).transpose(),
    },
    {
      says: "The last step is not divided by γ₂.",
      fn: (inputs) => matchingScores(inputs).mul<tf.Tensor2D>(5),
    },
    {
      says: "The mean similarity of the words is taken; the best ones should count most.",
      fn: (inputs) => matchingScores(inputs, { wordSharpness: 1e-3 }).sub<tf.Tensor2D>(1000),
    },
  ],
  hints: [
    "wordRegionAttention gives α; a word's context is the mean of the regions under α.",
    "log Σ exp(5 · cosine(context, word)) / 5 over the words that are no padding.",
  ],
});

type Match = (scores: tf.Tensor2D) => Loss;

defineCheck<Match>({
  id: "ATTNGAN.11",
  solution: matchingLoss,
  probes: valueProbes({
    cases: [
      {
        title: "three pairs",
        inputs: {
          scores: [
            [0.5, 0.2, -0.1],
            [0.45, 0.6, 0.3],
            [-0.2, 0.35, 0.1],
          ],
        },
      },
    ],
    call: (fn: Match, { scores }) => fn(scores),
    reference: ({ scores }) => {
      const cost = (rows: readonly Vector[]): number =>
        meanOf(rows.map((row, i) => -Math.log(softmax(row.map((r) => 10 * r))[i] ?? NaN)));
      return cost(scores) + cost(scores.map((_, j) => scores.map((row) => row[j] ?? NaN)));
    },
    gradients: ["scores"],
  }),
  mistakes: [
    {
      says: "Only the texts are told apart; a text's picture should be found, too.",
      fn: (scores) => {
        const logits = scores.mul<tf.Tensor2D>(10);
        const right = logits.mul(tf.eye(scores.shape[0])).sum(1);
        return tf.logSumExp(logits, 1).sub(right).mean<Loss>();
      },
    },
    {
      says: "The scores are not sharpened: γ₃ is missing.",
      fn: (scores) => matchingLoss(scores, { sharpness: 1 }),
    },
    {
      says: "The mean of the two cross-entropies is taken, not their sum.",
      fn: (scores) => matchingLoss(scores).div<Loss>(2),
    },
  ],
  hints: [
    "Two cross-entropies of 10 · scores: along rows and along columns, the diagonal is right.",
    "mean(logSumExp(rows) − diagonal) + mean(logSumExp(columns) − diagonal).",
  ],
});
