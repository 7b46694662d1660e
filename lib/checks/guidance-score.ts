import { guidedScore, rescaleGuided } from "../diffusion/guidance";
import type { tf } from "../engine/tf";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

const SCALE = 2.5;
const ROWS = [
  [0.6, -1.3, 0.2],
  [1.7, 0.4, -0.5],
];
const OTHER_ROWS = [
  [-0.8, 2.5, 1.9],
  [0.9, -2.1, 3.4],
];

type Score = (
  batches: { readonly score: tf.Tensor; readonly gradient: tf.Tensor },
  scale: number,
) => tf.Tensor;

defineCheck<Score>({
  id: "R.15",
  solution: guidedScore,
  probes: valueProbes({
    cases: [{ title: "s = 2.5", inputs: { score: ROWS, gradient: OTHER_ROWS } }],
    call: (fn: Score, batches) => fn(batches, SCALE),
    reference: ({ score, gradient }) =>
      score.map((row, i) => row.map((value, d) => value + SCALE * (gradient[i]?.[d] ?? NaN))),
  }),
  mistakes: [
    {
      says: "s multiplies the score as well; only the classifier's gradient is weighted.",
      fn: ({ score, gradient }, s) => score.add(gradient).mul(s),
    },
    {
      says: "This is a weighted mean of the two, (1 − s) and s. The score keeps its weight of 1.",
      fn: ({ score, gradient }, s) => score.mul(1 - s).add(gradient.mul(s)),
    },
    {
      says: "The scale s is left out.",
      fn: ({ score, gradient }) => score.add(gradient),
    },
  ],
  hints: [
    "Bayes' rule adds two gradients; guidance weights one of them.",
    "score.add(gradient.mul(guidanceScale))",
  ],
});

type Rescale = (
  batches: { readonly guided: tf.Tensor; readonly conditional: tf.Tensor },
  amount: number,
) => tf.Tensor;

const AMOUNT = 0.7;

function spread(row: readonly number[]): number {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  return Math.sqrt(row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length);
}

defineCheck<Rescale>({
  id: "R.17a",
  solution: rescaleGuided,
  probes: valueProbes({
    cases: [{ title: "φ = 0.7", inputs: { guided: OTHER_ROWS, conditional: ROWS } }],
    call: (fn: Rescale, batches) => fn(batches, AMOUNT),
    reference: ({ guided, conditional }) =>
      guided.map((row, i) => {
        const ratio = spread(conditional[i] ?? []) / spread(row);
        return row.map((value) => AMOUNT * ratio * value + (1 - AMOUNT) * value);
      }),
  }),
  mistakes: [
    {
      says: "φ is left out: the spread is matched wholly.",
      fn: (batches) => rescaleGuided(batches, 1),
    },
    {
      says: "φ and 1 − φ have changed places.",
      fn: (batches, amount) => rescaleGuided(batches, 1 - amount),
    },
    {
      says: "The ratio is upside down: it must shrink what guidance has blown up.",
      fn: ({ guided, conditional }, amount) => {
        const whole = rescaleGuided({ guided, conditional }, 1);
        return guided.mul(
          guided
            .div(whole)
            .mul(amount)
            .add(1 - amount),
        );
      },
    },
  ],
  hints: [
    "Each example has its own two standard deviations, over all axes but the first.",
    "guided · (φ · std(conditional) / std(guided) + 1 − φ)",
  ],
});
