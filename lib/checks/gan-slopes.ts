import type { Loss } from "../core/types";
import { tf } from "../engine/tf";
import { type Critic, gradientPenalty, r1Penalty } from "../objectives/gradient-penalty";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Rows = readonly (readonly number[])[];

const REAL = [
  [1, -0.5],
  [0.25, 2],
  [-1.5, 0.75],
];
const FAKE = [
  [0.5, 1.5],
  [-1, 0.25],
  [2, -0.5],
];
const U = [0.2, 0.9, 0.6];
const MATRIX = [
  [1.5, 0.5],
  [-0.25, 0.75],
];

/** The slope of the quadratic critic x A x at a point: (A + Aᵀ) x. */
function slopeAt(matrix: Rows, point: readonly number[]): number[] {
  return point.map((_, k) =>
    point.reduce(
      (sum, value, j) => sum + ((matrix[k]?.[j] ?? NaN) + (matrix[j]?.[k] ?? NaN)) * value,
      0,
    ),
  );
}

const quadratic =
  (matrix: tf.Tensor2D): Critic =>
  (x) =>
    x.matMul(matrix).mul(x).sum(1);

type Points = { real: tf.Tensor; fake: tf.Tensor; u: tf.Tensor1D };
type Penalty = (critic: Critic, points: Points) => Loss;

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

defineCheck<Penalty>({
  id: "WGANGP.3",
  solution: gradientPenalty,
  probes: valueProbes({
    cases: [
      {
        title: "a quadratic critic",
        inputs: { real: REAL, fake: FAKE, u: U, matrix: MATRIX },
      },
    ],
    call: (fn: Penalty, { real, fake, u, matrix }) => fn(quadratic(matrix), { real, fake, u }),
    reference: ({ real, fake, u, matrix }) => {
      const excess = real.map((row, i) => {
        const share = u[i] ?? NaN;
        const between = row.map((x, k) => share * x + (1 - share) * (fake[i]?.[k] ?? NaN));
        return (Math.hypot(...slopeAt(matrix, between)) - 1) ** 2;
      });
      return 10 * meanOf(excess);
    },
    gradients: ["matrix"],
    relative: 1e-3,
  }),
  mistakes: [
    {
      says: "The slope is squared without its distance from 1: this pushes it to 0.",
      fn: (critic, { real, fake, u }) => {
        const between = fake.add(u.expandDims(1).mul(real.sub(fake)));
        return r1Penalty(critic, between, { gamma: 20 });
      },
    },
    {
      says: "The slope is measured at the real examples, not between real and generated ones.",
      fn: (critic, { real, u }) => gradientPenalty(critic, { real, fake: real, u }),
    },
    {
      says: "One u mixes the whole batch: every pair has its own.",
      fn: (critic, { real, fake, u }) => {
        const first = u.slice([0], [1]).tile<tf.Tensor1D>([u.size]);
        return gradientPenalty(critic, { real, fake, u: first });
      },
    },
    {
      says: "The slopes of the batch are one long vector here: the norm is taken example by example.",
      fn: (critic, { real, fake, u }) => {
        const between = fake.add(u.expandDims(1).mul(real.sub(fake)));
        const slope = tf.grad((x: tf.Tensor) => critic(x).sum())(between);
        return slope.square().sum().sqrt().sub(1).square().mul<Loss>(10);
      },
    },
  ],
  hints: [
    "tf.grad of the critic's sum gives every example's own slope; reduce per example.",
    "10 · mean (‖∇D(x̂)‖ − 1)², x̂ = fake + u (real − fake), u reshaped to [B, 1, …].",
  ],
});

type RealPenalty = (discriminator: Critic, real: tf.Tensor) => Loss;

defineCheck<RealPenalty>({
  id: "MGN.9",
  solution: r1Penalty,
  probes: valueProbes({
    cases: [{ title: "a quadratic discriminator", inputs: { real: REAL, matrix: MATRIX } }],
    call: (fn: RealPenalty, { real, matrix }) => fn(quadratic(matrix), real),
    reference: ({ real, matrix }) =>
      5 * meanOf(real.map((row) => slopeAt(matrix, row).reduce((s, x) => s + x * x, 0))),
    gradients: ["matrix"],
  }),
  mistakes: [
    {
      says: "The distance of the slope from 1 is taken: R1 wants the slope to be 0.",
      fn: (discriminator, real) =>
        gradientPenalty(
          discriminator,
          { real, fake: real, u: tf.ones([real.shape[0] as number]) },
          { weight: 5 },
        ),
    },
    {
      says: "The factor ½ is missing: it is γ/2.",
      fn: (discriminator, real) => r1Penalty(discriminator, real, { gamma: 20 }),
    },
    {
      says: "The norm is not squared.",
      fn: (discriminator, real) => {
        const slope = tf.grad((x: tf.Tensor) => discriminator(x).sum())(real);
        return slope.square().sum(1).sqrt().mean<Loss>().mul(5);
      },
    },
  ],
  hints: [
    "The slope at the real examples only, squared and summed per example.",
    "γ/2 · mean Σ (∂D/∂x)², γ = 10, by tf.grad of the discriminator's sum.",
  ],
});
