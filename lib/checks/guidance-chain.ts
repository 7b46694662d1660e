import type { Denoiser, Timesteps } from "../core/types";
import {
  fixedLogVariance,
  type ReverseKernel,
  reverseKernel,
  reverseMean,
} from "../diffusion/reverse";
import type { NoiseSchedule } from "../diffusion/schedule";
import { tf } from "../engine/tf";
import { alphaBarAt, betaAt, each, POINTS, SCHEDULE, T } from "./ddpm-cases";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Points = Denoiser<tf.Tensor2D, tf.Tensor2D>;
type MakeKernel = (
  denoise: Points,
  schedule: NoiseSchedule,
) => ReverseKernel<tf.Tensor2D, tf.Tensor2D>;

/** A network that heeds its condition, a factor here, and has no 0 where it has none. */
const denoise: Points = (xt, _t, factor) => xt.mul(factor ?? 0.7);
const FACTORS = [[0.4], [-1.6]];

defineCheck<MakeKernel>({
  id: "R.14",
  solution: reverseKernel,
  probes: valueProbes({
    cases: [
      { title: "t = 2 and t = 4", inputs: { xt: POINTS, factor: FACTORS, t: T } },
      { title: "one row, t = 3", inputs: { xt: [[-0.9, 2.2]], factor: [[1.3]], t: [3] } },
    ],
    dtypes: { t: "int32" },
    call: (fn: MakeKernel, { xt, factor, t }) => {
      const { mean, logVar } = fn(denoise, SCHEDULE)(xt, t as Timesteps, factor);
      return { mean, "log-variance": logVar };
    },
    reference: ({ xt, factor, t }) => {
      const factors = xt.map((row, i) => row.map(() => factor[i]?.[0] ?? NaN));
      const mean = each(t, [xt, factors], (s, x, f) => {
        const removed = (betaAt(s) / Math.sqrt(1 - alphaBarAt(s))) * f * x;
        return (x - removed) / Math.sqrt(1 - betaAt(s));
      });
      const logVar = t.map((s) => [
        Math.log((betaAt(s) * (1 - alphaBarAt(s - 1))) / (1 - alphaBarAt(s))),
      ]);
      return { mean, "log-variance": logVar };
    },
  }),
  mistakes: [
    {
      says: "The condition does not reach the network: this is the chain without y.",
      fn: (network, schedule) => reverseKernel((xt, t) => network(xt, t), schedule),
    },
    {
      says: "The variance is β_t; unless told otherwise it is the posterior's, β̃_t.",
      fn: (network, schedule) => reverseKernel(network, schedule, "beta"),
    },
    {
      says: "The network's noise is given as the mean. It must go through reverseMean.",
      fn: (network, schedule) => (xt, t, y) => ({
        mean: network(xt, t, y),
        logVar: fixedLogVariance(schedule, t, xt),
      }),
    },
    {
      says: "The variance stands where its logarithm should.",
      fn: (network, schedule) => (xt, t, y) => ({
        mean: reverseMean(schedule, t, { xt, noise: network(xt, t, y) }),
        logVar: fixedLogVariance(schedule, t, xt).exp(),
      }),
    },
  ],
  hints: [
    "Return a function: ask the network, condition included; its noise gives the mean.",
    "mean: reverseMean(schedule, t, { xt, noise }), logVar: fixedLogVariance(schedule, t, xt, variance)",
  ],
});
