import { tf } from "../engine/tf";
import { bernoulliLogLikelihood } from "../objectives/likelihood";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

/** Σ x log p + (1 − x) log(1 − p) with p = sigmoid(logit). */
export function bernoulli(logits: readonly number[], x: readonly number[]): number {
  return logits.reduce((sum, logit, i) => {
    const p = 1 / (1 + Math.exp(-logit));
    return sum + (x[i] ?? NaN) * Math.log(p) + (1 - (x[i] ?? NaN)) * Math.log(1 - p);
  }, 0);
}

type Likelihood = (logits: tf.Tensor, x: tf.Tensor) => tf.Tensor;

defineCheck<Likelihood>({
  id: "R.3b",
  solution: bernoulliLogLikelihood,
  probes: valueProbes({
    cases: [
      {
        title: "grey pixels",
        inputs: {
          logits: [
            [-1.5, 0.25, 3],
            [-0.5, 2, -4],
          ],
          x: [
            [0, 0.4, 1],
            [0.75, 0.1, 0.05],
          ],
        },
      },
    ],
    call: (fn: Likelihood, { logits, x }) => fn(logits, x),
    reference: ({ logits, x }) => logits.map((row, b) => bernoulli(row, x[b] ?? [])),
    gradients: ["logits"],
  }),
  mistakes: [
    {
      says: "The mean over pixels is taken; log-likelihoods of pixels add up.",
      fn: (logits, x) => bernoulliLogLikelihood(logits, x).div(3),
    },
    {
      says: "This is the cross-entropy, a loss: the log-likelihood is its negative.",
      fn: (logits, x) => bernoulliLogLikelihood(logits, x).neg(),
    },
    {
      says: "The logits are taken for probabilities, or squashed twice.",
      fn: (logits, x) => bernoulliLogLikelihood(tf.sigmoid(logits), x),
    },
    {
      says: "Only the white part counts: the term (1 − x) log(1 − p) is missing.",
      fn: (logits, x) => x.mul(tf.logSigmoid(logits)).sum(-1),
    },
  ],
  hints: [
    "With p = sigmoid(logit), log p = −softplus(−logit) and log(1 − p) = −softplus(logit).",
    "x · logit − softplus(logit), summed over every axis but the first.",
  ],
});
