import type { Timesteps } from "../core/types";
import { atTimesteps } from "../diffusion/at-timesteps";
import { qSample } from "../diffusion/forward";
import type { NoiseSchedule } from "../diffusion/schedule";
import { tf } from "../engine/tf";
import { simpleLoss } from "../objectives/denoising";
import { priorKl } from "../objectives/diffusion-bound";
import { alphaBarAt, each, OTHERS, POINTS, SCHEDULE, T } from "./ddpm-cases";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Network = (xt: tf.Tensor, t: Timesteps) => tf.Tensor;
type Loss = (
  denoise: Network,
  schedule: NoiseSchedule,
  t: Timesteps,
  batches: { readonly x0: tf.Tensor; readonly noise: tf.Tensor },
) => tf.Tensor;

const FACTORS = [0, 0.1, 0.2, 0.3, 0.4];

/** A network that shows whether it was told x_t, and when. */
function network(xt: tf.Tensor, t: Timesteps): tf.Tensor {
  return xt.mul(atTimesteps(FACTORS, t, xt)).add(0.2);
}

defineCheck<Loss>({
  id: "R.13",
  solution: simpleLoss,
  probes: valueProbes({
    cases: [{ title: "two points at t = 2 and 4", inputs: { x0: POINTS, noise: OTHERS, t: T } }],
    dtypes: { t: "int32" },
    call: (fn: Loss, { x0, noise, t }) => fn(network, SCHEDULE, t, { x0, noise }),
    reference: ({ x0, noise, t }) => {
      const squares = each(t, [x0, noise], (s, x, e) => {
        const xt = Math.sqrt(alphaBarAt(s)) * x + Math.sqrt(1 - alphaBarAt(s)) * e;
        return (e - (FACTORS[s] ?? NaN) * xt - 0.2) ** 2;
      }).flat();
      return squares.reduce((sum, square) => sum + square, 0) / squares.length;
    },
    gradients: ["x0"],
  }),
  mistakes: [
    {
      says: "The squares are summed over everything; it is their mean, whatever the batch's size.",
      fn: (denoise, schedule, t, batches) =>
        simpleLoss(denoise, schedule, t, batches).mul(batches.x0.size),
    },
    {
      says: "The output is compared with x0; this network predicts the noise.",
      fn: (denoise, schedule, t, { x0, noise }) =>
        denoise(qSample(schedule, t, { x0, noise }), t)
          .sub(x0)
          .square()
          .mean(),
    },
    {
      says: "The network is shown the clean x0; it has to find the noise in x_t.",
      fn: (denoise, _schedule, t, { x0, noise }) => denoise(x0, t).sub(noise).square().mean(),
    },
    {
      says: "The absolute error is taken, not its square.",
      fn: (denoise, schedule, t, { x0, noise }) =>
        denoise(qSample(schedule, t, { x0, noise }), t)
          .sub(noise)
          .abs()
          .mean(),
    },
  ],
  hints: [
    "Noise x0 to x_t in one jump, ask the network, compare with the noise that you put in.",
    "noise.sub(denoise(qSample(schedule, t, { x0, noise }), t)).square().mean()",
  ],
});

type PriorKl = (schedule: NoiseSchedule, x0: tf.Tensor) => tf.Tensor;

const LAST = alphaBarAt(SCHEDULE.numTimesteps);

/** ½ Σ (mean² + variance − 1 − log variance) with another mean factor or variance. */
function wrongKl(factor: number, variance: number): PriorKl {
  return (_, x0) =>
    x0
      .mul(factor)
      .square()
      .add(variance - 1 - Math.log(variance))
      .sum(-1)
      .div(2);
}

defineCheck<PriorKl>({
  id: "R.12",
  solution: priorKl,
  probes: valueProbes({
    cases: [{ title: "L_T of two points", inputs: { x0: POINTS } }],
    call: (fn: PriorKl, { x0 }) => fn(SCHEDULE, x0),
    reference: ({ x0 }) =>
      x0.map((row) =>
        row.reduce((sum, x) => sum + (LAST * x * x + (1 - LAST) - 1 - Math.log(1 - LAST)) / 2, 0),
      ),
    gradients: ["x0"],
  }),
  mistakes: [
    {
      says: "The mean of q(x_T | x_0) has √ᾱ_T, not ᾱ_T.",
      fn: wrongKl(LAST, 1 - LAST),
    },
    {
      says: "ᾱ_T is taken for the variance; what is not signal is noise, 1 − ᾱ_T.",
      fn: wrongKl(Math.sqrt(LAST), LAST),
    },
    {
      says: "The mean over the numbers of an example is taken; nats add up.",
      fn: (schedule, x0) => priorKl(schedule, x0).div(x0.shape[1] ?? 1),
    },
  ],
  hints: [
    "q(x_T | x_0) is a Gaussian (R.8), and its KL from N(0, I) you have from R.2.",
    "klToStandardNormal with mean √ᾱ_T x0 and logVar log(1 − ᾱ_T), as [B, D].",
  ],
});
