import type { DiagonalGaussian } from "../core/types";
import type { tf } from "../engine/tf";
import {
  klDiagonalGaussian,
  klToStandardNormal,
  reparametrise,
  standardNormalLogDensity,
} from "../objectives/gaussian";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Rows = readonly (readonly number[])[];

const MEAN = [
  [0.5, -1.25, 0],
  [2, 0.75, -0.5],
];
const LOG_VAR = [
  [-0.5, 0.75, 0.1],
  [-2, 1.25, -1],
];
const OTHER_MEAN = [
  [-0.25, 0.5, 1],
  [1.5, 0, 0.25],
];
const OTHER_LOG_VAR = [
  [0.25, -0.75, 1],
  [-1, 0.5, 0.2],
];
const NOISE = [
  [1.1, -0.4, 0.6],
  [-1.5, 0.3, 0.8],
];

/** Σ_d term(d) for each row. */
function sumByRow(rows: Rows, term: (row: number, d: number) => number): number[] {
  return rows.map((columns, row) => columns.reduce((sum, _, d) => sum + term(row, d), 0));
}

function at(rows: Rows, row: number, d: number): number {
  return rows[row]?.[d] ?? NaN;
}

type KlToPrior = (q: DiagonalGaussian) => tf.Tensor;

defineCheck<KlToPrior>({
  id: "R.2",
  solution: klToStandardNormal,
  probes: valueProbes({
    cases: [
      {
        title: "two codes of three dimensions",
        inputs: { mean: MEAN, logVar: LOG_VAR },
      },
    ],
    call: (fn: KlToPrior, q) => fn(q),
    reference: ({ mean, logVar }) =>
      sumByRow(mean, (b, d) => {
        const [m, l] = [at(mean, b, d), at(logVar, b, d)];
        return 0.5 * (m * m + Math.exp(l) - 1 - l);
      }),
    gradients: ["mean", "logVar"],
  }),
  mistakes: [
    {
      says: "The mean over the dimensions is taken; nats add up, so it is a sum.",
      fn: (q) => klToStandardNormal(q).div(3),
    },
    { says: "The factor ½ is missing.", fn: (q) => klToStandardNormal(q).mul(2) },
    {
      says: "logVar is log σ², but it is used as log σ: exp(logVar) is already the variance.",
      fn: ({ mean, logVar }) => klToStandardNormal({ mean, logVar: logVar.mul(2) }),
    },
    {
      says: "This is KL(prior ‖ q). The ELBO has the other direction: the expectation is under q.",
      fn: ({ mean, logVar }) =>
        mean.square().add(1).div(logVar.exp()).sub(1).add(logVar).sum(-1).mul(0.5),
    },
    {
      says: "The variance σ² is missing from the sum: only μ² − 1 − log σ² is there.",
      fn: ({ mean, logVar }) => mean.square().sub(1).sub(logVar).sum(-1).mul(0.5),
    },
  ],
  hints: [
    "Per dimension it is ½ (μ² + σ² − 1 − log σ²); then think about which axis is summed.",
    "q.mean.square().add(q.logVar.exp()).sub(1).sub(q.logVar), summed over axis −1, times ½.",
  ],
});

type Kl = (q: DiagonalGaussian, p: DiagonalGaussian) => tf.Tensor;

defineCheck<Kl>({
  id: "R.2a",
  solution: klDiagonalGaussian,
  probes: valueProbes({
    cases: [
      {
        title: "two pairs in three dimensions",
        inputs: { mean: MEAN, logVar: LOG_VAR, meanP: OTHER_MEAN, logVarP: OTHER_LOG_VAR },
      },
    ],
    call: (fn: Kl, { mean, logVar, meanP, logVarP }) =>
      fn({ mean, logVar }, { mean: meanP, logVar: logVarP }),
    reference: ({ mean, logVar, meanP, logVarP }) =>
      sumByRow(mean, (b, d) => {
        const logRatio = at(logVar, b, d) - at(logVarP, b, d);
        const distance = (at(mean, b, d) - at(meanP, b, d)) ** 2 / Math.exp(at(logVarP, b, d));
        return 0.5 * (Math.exp(logRatio) + distance - 1 - logRatio);
      }),
    gradients: ["mean", "logVar", "meanP", "logVarP"],
  }),
  mistakes: [
    {
      says: "This is KL(p ‖ q). The expectation is under the first argument.",
      fn: (q, p) => klDiagonalGaussian(p, q),
    },
    {
      says: "The squared distance is divided by σ_q²; it is measured in units of p's variance.",
      fn: (q, p) => {
        const logRatio = q.logVar.sub(p.logVar);
        const distance = q.mean.sub(p.mean).square().div(q.logVar.exp());
        return logRatio.exp().add(distance).sub(1).sub(logRatio).sum(-1).mul(0.5);
      },
    },
    {
      says: "This is symmetric in q and p. A KL divergence is not.",
      fn: (q, p) => klDiagonalGaussian(q, p).add(klDiagonalGaussian(p, q)).mul(0.5),
    },
  ],
  hints: [
    "Write it with two ingredients: log σ_q²/σ_p², and (μ_q − μ_p)²/σ_p².",
    "½ Σ (exp(logRatio) + distance − 1 − logRatio), with logRatio = q.logVar − p.logVar.",
  ],
});

type Reparametrise = (q: DiagonalGaussian, noise: tf.Tensor2D) => tf.Tensor;

defineCheck<Reparametrise>({
  id: "R.3a",
  solution: reparametrise,
  probes: valueProbes({
    cases: [
      {
        title: "given noise",
        inputs: { mean: MEAN, logVar: LOG_VAR, noise: NOISE },
      },
    ],
    call: (fn: Reparametrise, { mean, logVar, noise }) => fn({ mean, logVar }, noise),
    reference: ({ mean, logVar, noise }) =>
      mean.map((row, b) => row.map((m, d) => m + Math.exp(at(logVar, b, d) / 2) * at(noise, b, d))),
    gradients: ["mean", "logVar"],
  }),
  mistakes: [
    {
      says: "The noise is scaled by the variance σ²; a sample is μ + σ ε.",
      fn: ({ mean, logVar }, noise) => mean.add(logVar.exp().mul(noise)),
    },
    {
      says: "The noise is added as it is: σ does not scale it, so q's width is ignored.",
      fn: ({ mean }, noise) => mean.add(noise),
    },
    {
      says: "logVar itself scales the noise; σ = exp(logVar / 2) does.",
      fn: ({ mean, logVar }, noise) => mean.add(logVar.mul(noise)),
    },
  ],
  hints: [
    "σ is the square root of the variance: what is it in terms of logVar?",
    "q.mean.add(q.logVar.mul(0.5).exp().mul(noise))",
  ],
});

type LogDensity = (z: tf.Tensor) => tf.Tensor;
const LOG_TWO_PI = Math.log(2 * Math.PI);

defineCheck<LogDensity>({
  id: "R.2b",
  solution: standardNormalLogDensity,
  probes: valueProbes({
    cases: [
      { title: "two points in three dimensions", inputs: { z: NOISE } },
      { title: "two samples of them", inputs: { z: [NOISE, MEAN] } },
    ],
    call: (fn: LogDensity, { z }) => fn(z),
    reference: ({ z }) => {
      const logDensity = (point: readonly number[]): number =>
        point.reduce(
          (sum, v) => sum + Math.log(Math.exp((-v * v) / 2) / Math.sqrt(2 * Math.PI)),
          0,
        );
      return isRows(z) ? z.map(logDensity) : z.map((rows) => rows.map(logDensity));
    },
    gradients: ["z"],
  }),
  mistakes: [
    {
      says: "The mean over the dimensions is taken; logarithms of independent densities add up.",
      fn: (z) => standardNormalLogDensity(z).div(3),
    },
    {
      says: "The sum runs over the first axis, the batch: points are mixed with one another.",
      fn: (z) => z.square().add(LOG_TWO_PI).sum(0).mul(-0.5),
    },
    {
      says: "log 2π is there once for a whole point; each dimension has its own.",
      fn: (z) => z.square().sum(-1).add(LOG_TWO_PI).mul(-0.5),
    },
    {
      says: "The constant is missing: without −½ log 2π per dimension the density has no area of 1.",
      fn: (z) => z.square().sum(-1).mul(-0.5),
    },
  ],
  hints: [
    "Of one number it is −½ (z² + log 2π); the dimensions of a point are its last axis.",
    "z.square().add(Math.log(2 * Math.PI)).sum(-1).mul(-0.5), inside tf.tidy.",
  ],
});

function isRows(z: Rows | readonly Rows[]): z is Rows {
  return typeof z[0]?.[0] === "number";
}
