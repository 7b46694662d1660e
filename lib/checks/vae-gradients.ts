import type { DiagonalGaussian } from "../core/types";
import { tf } from "../engine/tf";
import { fisherGradient, scoreFunctionGradient } from "../objectives/gradient-estimators";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type LogJoint = (theta: tf.Tensor, z: tf.Tensor2D) => tf.Tensor;
type Fisher = (logJoint: LogJoint, theta: tf.Tensor, z: tf.Tensor2D) => tf.Tensor;

const PIXELS = [0.9, -1.1, 0.4];

/** log p(x, z) up to a constant: x|z ~ N(θ z, I), z ~ N(0, 1). */
const logJoint: LogJoint = (theta, z) => {
  const residual = tf.sub(PIXELS, z.mul(theta.reshape([1, -1]))); // (N, 3)
  return residual.square().sum(1).add(z.square().sum(1)).mul(-0.5); // (N)
};

defineCheck<Fisher>({
  id: "R.1",
  solution: fisherGradient,
  probes: valueProbes({
    cases: [
      {
        title: "four samples of the posterior",
        inputs: { theta: [0.7, -0.5, 0.3], z: [[0.8], [1.4], [-0.3], [0.5]] },
      },
    ],
    call: (fn: Fisher, { theta, z }) => fn(logJoint, theta, z),
    reference: ({ theta, z }) =>
      theta.map((weight, d) => {
        const slope = ([value = NaN]: readonly number[]): number =>
          ((PIXELS[d] ?? NaN) - weight * value) * value;
        return z.reduce((sum, sample) => sum + slope(sample), 0) / z.length;
      }),
  }),
  mistakes: [
    {
      says: "The gradients are summed over the samples; an expectation is their mean.",
      fn: (joint, theta, z) => fisherGradient(joint, theta, z).mul(z.shape[0]),
    },
    {
      says:
        "This is the gradient of the log of the mean of p(x, z). The logarithm belongs inside: " +
        "posterior samples already carry the weights.",
      fn: (joint, theta, z) => tf.grad((t) => tf.logSumExp(joint(t, z)))(theta),
    },
    {
      says: "The sign is that of a loss: log p(x, z) goes up along this gradient.",
      fn: (joint, theta, z) => fisherGradient(joint, theta, z).neg(),
    },
  ],
  hints: [
    "tf.grad differentiates a function of θ that returns one number: which one?",
    "tf.grad((t) => logJoint(t, z).mean())(theta)",
  ],
});

type PerSample = (z: tf.Tensor2D) => tf.Tensor1D;
type ScoreFunction = (f: PerSample, q: DiagonalGaussian, noise: tf.Tensor2D) => DiagonalGaussian;

/** f(z) = Σ 1.5 z² − z */
const cost: PerSample = (z) => z.square().mul(1.5).sub(z).sum(1);

function scaled(
  { mean, logVar }: DiagonalGaussian,
  by: (of: tf.Tensor2D) => tf.Tensor,
): {
  mean: tf.Tensor;
  logVar: tf.Tensor;
} {
  return { mean: by(mean), logVar: by(logVar) };
}

defineCheck<
  (...args: Parameters<ScoreFunction>) => { readonly mean: tf.Tensor; readonly logVar: tf.Tensor }
>({
  id: "R.3d",
  solution: scoreFunctionGradient,
  probes: valueProbes({
    cases: [
      {
        title: "three samples in two dimensions",
        inputs: {
          mean: [[0.7, -0.2], [0.1, 0.4], [-0.5, 1]], // prettier-ignore
          logVar: [[-0.6, 0.3], [0.2, -1], [0.5, 0]], // prettier-ignore
          noise: [[0.4, -1.1], [1.3, 0.2], [-0.8, 0.6]], // prettier-ignore
        },
      },
    ],
    call: (fn, { mean, logVar, noise }) => fn(cost, { mean, logVar }, noise),
    reference: ({ mean, logVar, noise }) => {
      const std = logVar.map((row) => row.map((l) => Math.exp(l / 2)));
      const at = (rows: readonly (readonly number[])[], n: number, d: number): number =>
        rows[n]?.[d] ?? NaN;
      const value = mean.map((row, n) =>
        row.reduce((sum, m, d) => {
          const z = m + at(std, n, d) * at(noise, n, d);
          return sum + 1.5 * z * z - z;
        }, 0),
      );
      // ∂ log q/∂μ = ε/σ, ∂ log q/∂ log σ² = (ε² − 1)/2
      return {
        mean: mean.map((row, n) =>
          row.map((_, d) => ((value[n] ?? NaN) * at(noise, n, d)) / at(std, n, d)),
        ),
        logVar: mean.map((row, n) =>
          row.map((_, d) => ((value[n] ?? NaN) * (at(noise, n, d) ** 2 - 1)) / 2),
        ),
      };
    },
  }),
  mistakes: [
    {
      says:
        "The gradient runs through the sample: that is the reparametrised estimate. Fix z first, " +
        "and differentiate log q alone.",
      fn: (f, q, noise) => {
        const total = (mean: tf.Tensor, logVar: tf.Tensor): tf.Scalar =>
          f(mean.add(logVar.mul(0.5).exp().mul(noise))).sum();
        const [mean, logVar] = tf.grads(total)([q.mean, q.logVar]) as [tf.Tensor, tf.Tensor];
        return { mean, logVar };
      },
    },
    {
      says: "Only ∇ log q is there: each row has to be weighted by its f(z).",
      fn: (_, q, noise) => scoreFunctionGradient((z) => tf.onesLike(cost(z)), q, noise),
    },
    {
      says: "The rows are averaged already: there is one estimate per row.",
      fn: (f, q, noise) => scaled(scoreFunctionGradient(f, q, noise), (g) => g.div(3)),
    },
  ],
  hints: [
    "The sample is a number here: compute z and f(z) outside the function that is differentiated.",
    "tf.grads of Σ_n f(z_n) · log q(z_n; mean_n, logVar_n), with z and f(z) fixed.",
  ],
});
