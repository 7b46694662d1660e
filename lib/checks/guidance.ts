import type { Timesteps } from "../core/types";
import { combineNoise, guidedMean, guidedNoise, guidedStep } from "../diffusion/guidance";
import type { NoisePair } from "../diffusion/guidance";
import { sampleStep, type StepGaussian } from "../diffusion/reverse";
import { NoiseSchedule } from "../diffusion/schedule";
import { tf } from "../engine/tf";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

const SCHEDULE = new NoiseSchedule([0.1, 0.2, 0.3, 0.5]);
const ALPHA_BAR = [1, 0.9, 0.72, 0.504, 0.252];
const SCALE = 2.5;

const MEAN = [
  [0.6, -1.3],
  [1.7, 0.4],
];
const GRADIENT = [
  [-0.8, 0.5],
  [0.9, -2.1],
];
const NOISE = [
  [1.1, -0.6],
  [-0.3, 1.4],
];
const LOG_VAR = [[-1.2], [-0.4]];

function at(rows: readonly (readonly number[])[], i: number, d: number): number {
  return rows[i]?.[d] ?? NaN;
}

type Mean = (gaussian: StepGaussian<tf.Tensor>, gradient: tf.Tensor, scale: number) => tf.Tensor;

defineCheck<Mean>({
  id: "R.16",
  solution: guidedMean,
  probes: valueProbes({
    cases: [{ title: "s = 2.5", inputs: { mean: MEAN, logVar: LOG_VAR, gradient: GRADIENT } }],
    call: (fn: Mean, { mean, logVar, gradient }) => fn({ mean, logVar }, gradient, SCALE),
    reference: ({ mean, logVar, gradient }) =>
      mean.map((row, i) =>
        row.map((m, d) => m + SCALE * Math.exp(at(logVar, i, 0)) * at(gradient, i, d)),
      ),
  }),
  mistakes: [
    {
      says: "The gradient is scaled by the standard deviation; it is the variance Σ.",
      fn: ({ mean, logVar }, gradient, s) => mean.add(logVar.div(2).exp().mul(gradient).mul(s)),
    },
    {
      says: "Σ is left out: the shift must shrink as the steps do.",
      fn: ({ mean }, gradient, s) => mean.add(gradient.mul(s)),
    },
    {
      says: "The shift goes down the gradient, away from the class.",
      fn: ({ mean, logVar }, gradient, s) => mean.sub(logVar.exp().mul(gradient).mul(s)),
    },
    {
      says: "The scale s is left out.",
      fn: ({ mean, logVar }, gradient) => mean.add(logVar.exp().mul(gradient)),
    },
  ],
  hints: [
    "The mean moves by s times the variance times the gradient.",
    "mean.add(logVar.exp().mul(gradient).mul(guidanceScale))",
  ],
});

type Guided = (
  gaussian: StepGaussian<tf.Tensor>,
  t: Timesteps,
  step: {
    readonly gradient: tf.Tensor;
    readonly noise: tf.Tensor;
    readonly guidanceScale: number;
  },
) => tf.Tensor;

defineCheck<Guided>({
  id: "R.A1",
  solution: guidedStep,
  probes: valueProbes({
    cases: [
      {
        title: "a step from t = 3, and the last one",
        inputs: { mean: MEAN, logVar: LOG_VAR, gradient: GRADIENT, noise: NOISE, t: [3, 1] },
      },
    ],
    dtypes: { t: "int32" },
    call: (fn: Guided, { mean, logVar, gradient, noise, t }) =>
      fn({ mean, logVar }, t, { gradient, noise, guidanceScale: SCALE }),
    reference: ({ mean, logVar, gradient, noise, t }) =>
      mean.map((row, i) =>
        row.map((m, d) => {
          const variance = Math.exp(at(logVar, i, 0));
          const scatter = (t[i] ?? NaN) > 1 ? Math.sqrt(variance) * at(noise, i, d) : 0;
          return m + SCALE * variance * at(gradient, i, d) + scatter;
        }),
      ),
  }),
  mistakes: [
    {
      says: "The last step adds noise too; at t = 1 there is none.",
      fn: ({ mean, logVar }, _t, { gradient, noise, guidanceScale }) =>
        guidedMean({ mean, logVar }, gradient, guidanceScale).add(logVar.div(2).exp().mul(noise)),
    },
    {
      says: "The noise is scaled by the variance, not by its root.",
      fn: ({ mean, logVar }, t, { gradient, noise, guidanceScale }) => {
        const shifted = guidedMean({ mean, logVar }, gradient, guidanceScale);
        return sampleStep({ mean: shifted, logVar: logVar.mul(2) }, t, noise);
      },
    },
    {
      says: "There is no guidance: the mean is not shifted.",
      fn: (gaussian, t, { noise }) => sampleStep(gaussian, t, noise),
    },
  ],
  hints: [
    "Shift the mean (R.16), then draw as without guidance.",
    "sampleStep({ mean: guidedMean(…), logVar }, t, noise)",
  ],
});

type Combine = (pair: NoisePair<tf.Tensor>, scale: number) => tf.Tensor;

defineCheck<Combine>({
  id: "R.17",
  solution: combineNoise,
  probes: valueProbes({
    cases: [{ title: "s = 2.5", inputs: { conditional: MEAN, unconditional: NOISE } }],
    call: (fn: Combine, pair) => fn(pair, SCALE),
    reference: ({ conditional, unconditional }) =>
      conditional.map((row, i) =>
        row.map((c, d) => at(unconditional, i, d) + SCALE * (c - at(unconditional, i, d))),
      ),
  }),
  mistakes: [
    {
      says: "The scale is read as Ho & Salimans' w; here s = 1 is no guidance, and w = s − 1.",
      fn: (pair, s) => combineNoise(pair, s + 1),
    },
    {
      says: "The conditional and the unconditional estimate have changed places.",
      fn: ({ conditional, unconditional }, s) =>
        combineNoise({ conditional: unconditional, unconditional: conditional }, s),
    },
    {
      says: "The difference is added to nothing: it starts from the unconditional estimate.",
      fn: ({ conditional, unconditional }, s) => conditional.sub(unconditional).mul(s),
    },
    {
      says: "The sign of the unconditional part is wrong: s ε_c + (s − 1) ε_u.",
      fn: ({ conditional, unconditional }, s) => conditional.mul(s).add(unconditional.mul(s - 1)),
    },
  ],
  hints: [
    "Start from the unconditional estimate and go s times the way to the conditional one.",
    "unconditional.add(conditional.sub(unconditional).mul(guidanceScale))",
  ],
});

type Noise = (
  schedule: NoiseSchedule,
  t: Timesteps,
  batches: { readonly noise: tf.Tensor; readonly gradient: tf.Tensor },
  scale: number,
) => tf.Tensor;

defineCheck<Noise>({
  id: "ADM.14",
  solution: guidedNoise,
  probes: valueProbes({
    cases: [
      {
        title: "t = 2 and t = 4, s = 2.5",
        inputs: { noise: NOISE, gradient: GRADIENT, t: [2, 4] },
      },
    ],
    dtypes: { t: "int32" },
    call: (fn: Noise, { noise, gradient, t }) => fn(SCHEDULE, t, { noise, gradient }, SCALE),
    reference: ({ noise, gradient, t }) =>
      noise.map((row, i) => {
        const spread = Math.sqrt(1 - (ALPHA_BAR[t[i] ?? NaN] ?? NaN));
        return row.map((e, d) => e - spread * SCALE * at(gradient, i, d));
      }),
  }),
  mistakes: [
    {
      says: "The gradient is added. Noise is minus the score: to climb, subtract.",
      fn: (schedule, t, batches, s) => guidedNoise(schedule, t, batches, -s),
    },
    {
      says: "The factor √(1 − ᾱ_t) between score and noise is missing.",
      fn: (_schedule, _t, { noise, gradient }, s) => noise.sub(gradient.mul(s)),
    },
    {
      says: "The scale s is left out.",
      fn: (schedule, t, batches) => guidedNoise(schedule, t, batches, 1),
    },
  ],
  hints: [
    "The guided score is score + s gradient, and ε̂ = −√(1 − ᾱ_t) score.",
    "noise.sub(gradient.mul(√(1 − ᾱ_t)).mul(guidanceScale))",
  ],
});
