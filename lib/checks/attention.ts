import { softmax } from "../core/ops";
import { tf } from "../engine/tf";
import { type AttentionOptions, attentionWeights, splitHeads } from "../nn/attention";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Rows = readonly (readonly number[])[];
type Weights = (query: tf.Tensor4D, key: tf.Tensor4D, options?: AttentionOptions) => tf.Tensor;

const QUERY = [
  [
    [
      [0.6, -1.3, 0.4, 2.1],
      [1.7, 0.4, -0.9, 0.3],
      [-0.5, 0.8, 1.1, -1.6],
    ],
  ],
];
const KEY = [
  [
    [
      [-0.8, 0.5, 1.4, 0.2],
      [0.9, -2.1, 0.7, 1.3],
      [1.2, 0.3, -1.5, -0.4],
    ],
  ],
];

/** Shares of each key for each query, by loops. */
function sharesOf(query: Rows, key: Rows, sees: (n: number, m: number) => boolean): number[][] {
  return query.map((q, n) => {
    const dots = key.map((k) => q.reduce((sum, value, i) => sum + value * (k[i] ?? NaN), 0));
    const terms = dots.map((dot, m) => (sees(n, m) ? Math.exp(dot / Math.sqrt(q.length)) : 0));
    const total = terms.reduce((sum, term) => sum + term, 0);
    return terms.map((term) => term / total);
  });
}

/** Weights of scores multiplied by `factor`. */
function scaled(factor: (size: number) => number): Weights {
  return (query, key, options) => attentionWeights(query.mul(factor(query.shape[3])), key, options);
}

defineCheck<Weights>({
  id: "R.24",
  solution: attentionWeights,
  probes: valueProbes({
    cases: [
      {
        title: "three queries, three keys",
        inputs: { query: QUERY, key: KEY, mask: [1, 1, 1], causal: 0 },
      },
      {
        title: "the second key is padding",
        inputs: { query: QUERY, key: KEY, mask: [1, 0, 1], causal: 0 },
      },
      {
        title: "none sees what comes after it",
        inputs: { query: QUERY, key: KEY, mask: [1, 1, 1], causal: 1 },
      },
    ],
    dtypes: { mask: "bool" },
    call: (fn: Weights, { query, key, mask, causal }) =>
      fn(query, key, { mask, isCausal: causal.dataSync()[0] === 1 }),
    reference: ({ query, key, mask, causal }) => {
      const sees = (n: number, m: number): boolean => mask[m] === 1 && (causal === 0 || m <= n);
      return [[sharesOf(query[0]?.[0] ?? [], key[0]?.[0] ?? [], sees)]];
    },
    gradients: ["query"],
  }),
  mistakes: [
    {
      says: "The scores are not divided by √d: they grow with the number of features.",
      fn: scaled(Math.sqrt),
    },
    {
      says: "The scores are divided by d; it is its root.",
      fn: scaled((size) => 1 / Math.sqrt(size)),
    },
    {
      says: "The softmax runs over the queries; each query shares itself out among the keys.",
      fn: (query, key, options) => {
        const scores = attentionWeights(query, key, options).log();
        const before = tf.matMul(query, key, false, true).div(Math.sqrt(query.shape[3]));
        const shown = tf.where(scores.isFinite(), before, tf.fill(before.shape, -1e9));
        return softmax(shown.transpose([0, 1, 3, 2])).transpose([0, 1, 3, 2]);
      },
    },
    {
      says: "What is masked is cut out after the softmax: the rest no longer adds up to 1.",
      fn: (query, key, options) => {
        const seen = attentionWeights(query, key, options).greater(0).cast("float32");
        return attentionWeights(query, key).mul(seen);
      },
    },
    {
      says: "The mask is the wrong way round: true means that a key may be seen.",
      fn: (query, key, { mask, ...options } = {}) =>
        attentionWeights(query, key, mask ? { ...options, mask: mask.logicalNot() } : options),
    },
    {
      says: "isCausal is left out: queries see keys that come after them.",
      fn: (query, key, { mask } = {}) => attentionWeights(query, key, mask ? { mask } : {}),
    },
  ],
  hints: [
    "matMul with the keys transposed, over √d; the softmax is over the last axis, the keys.",
    "Add −1e9 to the scores of what may not be seen, before the softmax.",
  ],
});

type Split = (x: tf.Tensor, numHeads: number) => tf.Tensor;

defineCheck<Split>({
  id: "R.24a",
  solution: splitHeads,
  probes: valueProbes({
    cases: [
      {
        title: "three tokens of four features, two heads",
        inputs: {
          x: [
            [
              [1, 2, 3, 4],
              [5, 6, 7, 8],
              [9, 10, 11, 12],
            ],
          ],
        },
      },
    ],
    call: (fn: Split, { x }) => fn(x, 2),
    reference: ({ x }) =>
      x.map((tokens) =>
        [0, 1].map((head) => tokens.map((row) => row.slice(2 * head, 2 * head + 2))),
      ),
  }),
  mistakes: [
    {
      says: "One reshape mixes tokens and heads: split the features first, then move the axis.",
      fn: (x, heads) => {
        const [batch = 1, tokens = 1, size = 1] = x.shape;
        return x.reshape([batch, heads, tokens, size / heads]);
      },
    },
    {
      says: "Every second feature goes to a head; a head takes consecutive ones.",
      fn: (x, heads) => {
        const [batch = 1, tokens = 1, size = 1] = x.shape;
        return x.reshape([batch, tokens, size / heads, heads]).transpose([0, 3, 1, 2]);
      },
    },
    {
      says: "The heads stand behind the tokens; matMul needs them before: [B, heads, N, d].",
      fn: (x, heads) => splitHeads(x, heads).transpose([0, 2, 1, 3]),
    },
  ],
  hints: [
    "Reshape to [B, N, heads, d]; then two axes change places.",
    "x.reshape([batch, tokens, numHeads, size / numHeads]).transpose([0, 2, 1, 3])",
  ],
});
