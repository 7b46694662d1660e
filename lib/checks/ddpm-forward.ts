import type { Timesteps } from "../core/types";
import { qSample, qStep } from "../diffusion/forward";
import { posterior } from "../diffusion/posterior";
import type { NoiseSchedule } from "../diffusion/schedule";
import { tf } from "../engine/tf";
import {
  alphaBarAt,
  betaAt,
  each,
  type Formula,
  OTHERS,
  POINTS,
  SCHEDULE,
  T,
  wrong,
} from "./ddpm-cases";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Jump = (
  schedule: NoiseSchedule,
  t: Timesteps,
  batches: { readonly x0: tf.Tensor; readonly noise: tf.Tensor },
) => tf.Tensor;

function wrongJump(f: Formula): Jump {
  return (_, t, { x0, noise }) => wrong(t, [x0, noise], f);
}

defineCheck<Jump>({
  id: "R.8",
  solution: qSample,
  probes: valueProbes({
    cases: [
      { title: "two points at t = 2 and t = 4", inputs: { x0: POINTS, noise: OTHERS, t: T } },
    ],
    dtypes: { t: "int32" },
    call: (fn: Jump, { x0, noise, t }) => fn(SCHEDULE, t, { x0, noise }),
    reference: ({ x0, noise, t }) =>
      each(t, [x0, noise], (s, x, e) => {
        const a = alphaBarAt(s);
        return Math.sqrt(a) * x + Math.sqrt(1 - a) * e;
      }),
  }),
  mistakes: [
    {
      says: "x0 is multiplied by ᾱ_t, as the review prints; the mean has its square root.",
      fn: wrongJump((t, x, e) => alphaBarAt(t) * x + Math.sqrt(1 - alphaBarAt(t)) * e),
    },
    {
      says: "The noise is multiplied by the variance 1 − ᾱ_t, not by its root.",
      fn: wrongJump((t, x, e) => Math.sqrt(alphaBarAt(t)) * x + (1 - alphaBarAt(t)) * e),
    },
    {
      says: "α_t stands where the product ᾱ_t belongs: this is one step, not the whole way.",
      fn: wrongJump((t, x, e) => Math.sqrt(1 - betaAt(t)) * x + Math.sqrt(betaAt(t)) * e),
    },
    {
      says: "The index is one too low: this is x at t − 1.",
      fn: wrongJump(
        (t, x, e) => Math.sqrt(alphaBarAt(t - 1)) * x + Math.sqrt(1 - alphaBarAt(t - 1)) * e,
      ),
    },
  ],
  hints: [
    "Two factors of each example, √ᾱ_t and √(1 − ᾱ_t); atTimesteps(table, t, x0) gathers them.",
    "x0.mul(√ᾱ_t).add(noise.mul(√(1 − ᾱ_t))), inside tf.tidy.",
  ],
});

type OneStep = (
  schedule: NoiseSchedule,
  t: Timesteps,
  batches: { readonly previous: tf.Tensor; readonly noise: tf.Tensor },
) => tf.Tensor;

function wrongStep(f: Formula): OneStep {
  return (_, t, { previous, noise }) => wrong(t, [previous, noise], f);
}

defineCheck<OneStep>({
  id: "R.6",
  solution: qStep,
  probes: valueProbes({
    cases: [{ title: "steps to t = 2 and t = 4", inputs: { x: POINTS, noise: OTHERS, t: T } }],
    dtypes: { t: "int32" },
    call: (fn: OneStep, { x, noise, t }) => fn(SCHEDULE, t, { previous: x, noise }),
    reference: ({ x, noise, t }) =>
      each(t, [x, noise], (s, a, e) => Math.sqrt(1 - betaAt(s)) * a + Math.sqrt(betaAt(s)) * e),
  }),
  mistakes: [
    {
      says: "The noise is multiplied by the variance β_t, not by its root.",
      fn: wrongStep((t, x, e) => Math.sqrt(1 - betaAt(t)) * x + betaAt(t) * e),
    },
    {
      says: "x is not shrunk: without √(1 − β_t) the variance grows at every step.",
      fn: wrongStep((t, x, e) => x + Math.sqrt(betaAt(t)) * e),
    },
    {
      says: "x is multiplied by 1 − β_t, not by its root.",
      fn: wrongStep((t, x, e) => (1 - betaAt(t)) * x + Math.sqrt(betaAt(t)) * e),
    },
  ],
  hints: [
    "The step keeps the variance: what is taken from x is given to the noise.",
    "√(1 − β_t) times the previous x, plus √β_t times the noise; schedule.beta holds β_t.",
  ],
});

type Posterior = (
  schedule: NoiseSchedule,
  t: Timesteps,
  batches: { readonly x0: tf.Tensor; readonly xt: tf.Tensor },
) => { readonly mean: tf.Tensor; readonly variance: tf.Tensor };

function posteriorVarianceAt(t: number): number {
  return (betaAt(t) * (1 - alphaBarAt(t - 1))) / (1 - alphaBarAt(t));
}

defineCheck<Posterior>({
  id: "DDPM.7",
  solution: posterior,
  probes: valueProbes({
    cases: [{ title: "two points at t = 2 and t = 4", inputs: { x0: POINTS, xt: OTHERS, t: T } }],
    dtypes: { t: "int32" },
    call: (fn: Posterior, { x0, xt, t }) => fn(SCHEDULE, t, { x0, xt }),
    // Bayes: prior N(√ᾱ_{t−1} x0, 1 − ᾱ_{t−1}), likelihood N(x_t; √α_t x, β_t); precisions add up.
    reference: ({ x0, xt, t }) => {
      const varianceAt = (s: number): number =>
        1 / (1 / (1 - alphaBarAt(s - 1)) + (1 - betaAt(s)) / betaAt(s));
      return {
        mean: each(t, [x0, xt], (s, x, noisy) => {
          const prior = (Math.sqrt(alphaBarAt(s - 1)) * x) / (1 - alphaBarAt(s - 1));
          return varianceAt(s) * (prior + (Math.sqrt(1 - betaAt(s)) * noisy) / betaAt(s));
        }),
        variance: t.map((s) => [varianceAt(s)]),
      };
    },
  }),
  mistakes: [
    {
      says: "The variance is β_t: that is the step's own, not the posterior's.",
      fn: (schedule, t, batches) => ({
        ...posterior(schedule, t, batches),
        variance: tf.tensor2d(t.arraySync().map((s) => [betaAt(s)])),
      }),
    },
    {
      says: "The variance is a standard deviation.",
      fn: (schedule, t, batches) => ({
        ...posterior(schedule, t, batches),
        variance: tf.tensor2d(t.arraySync().map((s) => [Math.sqrt(posteriorVarianceAt(s))])),
      }),
    },
    {
      says: "The weights of x_0 and x_t have changed places.",
      fn: (schedule, t, { x0, xt }) => posterior(schedule, t, { x0: xt, xt: x0 }),
    },
  ],
  hints: [
    "Three tables: ᾱ_t, ᾱ_{t−1} and β_t; the mean is a weighted sum of x0 and xt.",
    "√ᾱ_{t−1} β_t / (1−ᾱ_t) of x0, √α_t (1−ᾱ_{t−1}) / (1−ᾱ_t) of xt; β̃ = β_t (1−ᾱ_{t−1}) / (1−ᾱ_t).",
  ],
});
