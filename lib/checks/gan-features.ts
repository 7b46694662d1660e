import { tf } from "../engine/tf";
import { minibatchStandardDeviation, pixelNorm } from "../nn/minibatch-std";
import { equalizedScale } from "../nn/weight-map";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

type Features = (x: tf.Tensor, options: { groupSize?: number }) => tf.Tensor;

const BATCH = [
  [
    [1, 2],
    [3, -4],
  ],
  [
    [5, -1],
    [0, 2],
  ],
  [
    [2, 0.5],
    [3, 8],
  ],
  [
    [4, 0],
    [-6, 1],
  ],
];

defineCheck<Features>({
  id: "R.5a",
  solution: minibatchStandardDeviation,
  probes: valueProbes({
    cases: [{ title: "two groups of two", inputs: { x: BATCH } }],
    call: (fn: Features, { x }) => fn(x, { groupSize: 2 }),
    reference: ({ x }) =>
      x.map((example, b) => {
        const [first = [], second = []] = [x[b % 2]?.flat(), x[(b % 2) + 2]?.flat()];
        const deviation = meanOf(first.map((value, k) => Math.abs(value - (second[k] ?? NaN)) / 2));
        return example.map((row) => [...row, deviation]);
      }),
    absolute: 1e-4,
  }),
  mistakes: [
    {
      says: "Neighbours form the groups; group g of G holds the examples g, g + G, g + 2G, …",
      fn: (x) => {
        const order = tf.gather(x, [0, 2, 1, 3]);
        return tf.gather(minibatchStandardDeviation(order, { groupSize: 2 }), [0, 2, 1, 3]);
      },
    },
    {
      says: "The whole batch is one group.",
      fn: (x) => minibatchStandardDeviation(x, { groupSize: x.shape[0] }),
    },
    {
      says: "The deviation is over the features of an example, not over the examples of a group.",
      fn: (x) => {
        const own = tf.moments(x, [1, 2], true).variance.sqrt();
        return tf.concat([x, own.tile([1, 2, 1])], -1);
      },
    },
    {
      says: "The variance is given, not its root.",
      fn: (x) => {
        const groups = x.reshape([2, 2, -1]);
        const variance = groups.sub(groups.mean(0, true)).square().mean([0, 2]);
        const feature = tf.ones([2, 2, 2]).mul(variance.reshape([1, 2, 1]));
        return tf.concat([x, feature.reshape([4, 2, 1])], -1);
      },
    },
  ],
  hints: [
    "Reshape to [members, groups, features]; the deviation is over the first axis.",
    "Mean of the deviations over features, repeated as one more channel; 10⁻⁸ inside the root.",
  ],
});

type Scale = (shape: readonly number[], gain?: number) => number;

defineCheck<Scale>({
  id: "R.5b",
  solution: equalizedScale,
  probes: valueProbes({
    cases: [{ title: "a kernel of 3 × 3, 4 → 6", inputs: { shape: [3, 3, 4, 6] } }],
    call: (fn: Scale, { shape }) => fn(Array.from(shape.dataSync())),
    reference: () => Math.sqrt(2 / 36),
  }),
  mistakes: [
    {
      says: "The outputs are counted; fanIn is what one output takes in.",
      fn: ([height = 1, width = 1, , outputs = 1]) => Math.sqrt(2 / (height * width * outputs)),
    },
    {
      says: "The window is left out: every pixel of it is an input.",
      fn: ([, , inputs = 1]) => Math.sqrt(2 / inputs),
    },
    {
      says: "This is the variance; the scale is its root.",
      fn: ([height = 1, width = 1, inputs = 1]) => 2 / (height * width * inputs),
    },
  ],
  hints: [
    "He's initialiser as a constant: the standard deviation, √(gain / fanIn).",
    "fanIn is the product of all axes but the last.",
  ],
});

type Norm = (x: tf.Tensor) => tf.Tensor;

defineCheck<Norm>({
  id: "R.5c",
  solution: pixelNorm,
  probes: valueProbes({
    cases: [
      {
        title: "two pixels of three channels",
        inputs: {
          x: [
            [3, -4, 1],
            [0.5, 0.25, 2],
          ],
        },
      },
    ],
    call: (fn: Norm, { x }) => fn(x),
    reference: ({ x }) =>
      x.map((row) => {
        const square = meanOf(row.map((value) => value * value));
        return row.map((value) => value / Math.sqrt(square));
      }),
    gradients: ["x"],
  }),
  mistakes: [
    {
      says: "The length is made 1; it is the root mean square that should be.",
      fn: (x) => x.div(x.square().sum(-1, true).sqrt()),
    },
    {
      says: "The mean is taken away first, as in layer norm; pixel norm only divides.",
      fn: (x) => {
        const centred = x.sub(x.mean(-1, true));
        return centred.div(centred.square().mean(-1, true).sqrt());
      },
    },
    {
      says: "One norm is taken over all pixels; each has its own.",
      fn: (x) => x.div(x.square().mean().sqrt()),
    },
  ],
  hints: ["Mean of the squares over the channels.", "x · rsqrt(mean x² over axis −1 + 10⁻⁸)."],
});
