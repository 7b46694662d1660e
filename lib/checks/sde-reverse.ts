import { hutchinsonDivergence, type VectorField } from "../diffusion/divergence";
import { probabilityFlow, reverseDrift, type SdeCoefficients } from "../diffusion/sde";
import { tf } from "../engine/tf";
import { correctorStepSize, eulerMaruyamaStep } from "../samplers";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Points = tf.Tensor2D;

const X = [[0.6, -1.1], [1.4, 0.3], [-0.8, 0.9]]; // prettier-ignore
// prettier-ignore
const SCORE = [[-0.4, 0.7], [0.9, -1.3], [1.2, 0.2]]; // prettier-ignore
// prettier-ignore
const NOISE = [[1.1, -0.2], [-0.7, 0.4], [0.3, -1.6]]; // prettier-ignore

type Drift = (batches: { x: Points; score: Points }, coefficients: SdeCoefficients) => Points;
const NOW = { driftRate: -1.4, diffusion: 1.7 };

function driftWith(factor: number, power = 2): Drift {
  return ({ x, score }, { driftRate, diffusion }) =>
    x.mul(driftRate).sub(score.mul(factor * diffusion ** power));
}

function driftProbes(half: number) {
  return valueProbes({
    cases: [{ title: "three points", inputs: { x: X, score: SCORE } }],
    call: (fn: Drift, batches) => fn(batches, NOW),
    reference: ({ x, score }) =>
      x.map((at, i) => at.map((v, d) => -1.4 * v - half * 1.7 * 1.7 * (score[i]?.[d] ?? NaN))),
    gradients: ["score"],
  });
}

defineCheck<Drift>({
  id: "R.22",
  solution: reverseDrift,
  probes: driftProbes(1),
  mistakes: [
    {
      says: "Half the score is the drift of the probability flow; with noise it takes all.",
      fn: driftWith(0.5),
    },
    { says: "g stands where its square should.", fn: driftWith(1, 1) },
    { says: "The score is added: in reversed time, dt < 0, that leads away from data.", fn: driftWith(-1) }, // prettier-ignore
  ],
  hints: ["f(x, t) is driftRate·x.", "x.mul(driftRate).sub(score.mul(diffusion ** 2))"],
});

defineCheck<Drift>({
  id: "R.22b",
  solution: probabilityFlow,
  probes: driftProbes(0.5),
  mistakes: [
    {
      says: "The whole score is the drift of the reverse SDE, whose noise is missing here.",
      fn: driftWith(1),
    },
    { says: "g stands where its square should.", fn: driftWith(0.5, 1) },
  ],
  hints: [
    "Without noise, half of g² times the score is enough.",
    "x.mul(driftRate).sub(score.mul(0.5 * diffusion ** 2))",
  ],
});

type EulerStep = (
  batches: { x: Points; drift: Points; noise: Points },
  step: { h: number; diffusion: number },
) => Points;

defineCheck<EulerStep>({
  id: "R.22c",
  solution: eulerMaruyamaStep,
  probes: valueProbes({
    cases: [{ title: "three points, h = −0.04", inputs: { x: X, drift: SCORE, noise: NOISE } }],
    call: (fn: EulerStep, batches) => fn(batches, { h: -0.04, diffusion: 1.7 }),
    reference: ({ x, drift, noise }) =>
      x.map((at, i) =>
        at.map((v, d) => v - 0.04 * (drift[i]?.[d] ?? NaN) + 1.7 * 0.2 * (noise[i]?.[d] ?? NaN)),
      ),
    gradients: ["drift"],
  }),
  mistakes: [
    {
      says: "The noise is taken times |h|; it grows with the root of time.",
      fn: ({ x, drift, noise }, { h, diffusion }) =>
        x.add(drift.mul(h)).add(noise.mul(diffusion * Math.abs(h))),
    },
    {
      says: "The drift goes forwards in time: h is below 0 on the way to data, and must stay so.",
      fn: ({ x, drift, noise }, { h, diffusion }) =>
        x.add(drift.mul(Math.abs(h))).add(noise.mul(diffusion * Math.sqrt(Math.abs(h)))),
    },
    {
      says: "g is missing before the noise.",
      fn: ({ x, drift, noise }, { h }) =>
        x.add(drift.mul(h)).add(noise.mul(Math.sqrt(Math.abs(h)))),
    },
  ],
  hints: [
    "The drift times h, with its sign; the noise times a root, which has none.",
    "x.add(drift.mul(h)).add(noise.mul(diffusion * Math.sqrt(Math.abs(h))))",
  ],
});

type Divergence = (field: VectorField<Points>, x: Points, probe: Points) => tf.Tensor1D;
const cubes: VectorField<Points> = (x) => x.square().mul(x).add(x.reverse(1).mul(0.5));

defineCheck<Divergence>({
  id: "R.22d",
  solution: hutchinsonDivergence,
  probes: valueProbes({
    cases: [{ title: "three points, a probe each", inputs: { x: X, probe: NOISE } }],
    call: (fn: Divergence, { x, probe }) => fn(cubes, x, probe),
    reference: ({ x, probe }) =>
      x.map(([a = NaN, b = NaN], i) => {
        const [v = NaN, w = NaN] = probe[i] ?? [];
        return 3 * a * a * v * v + 3 * b * b * w * w + v * w;
      }),
  }),
  mistakes: [
    {
      says: "vᵀ ∂f/∂x is summed as it is; it must be multiplied by v once more.",
      fn: (field, x, probe) =>
        tf
          .grad((at) => field(at as Points))(x, probe)
          .sum(1),
    },
    {
      says: "The product with x is taken; both sides of the Jacobian get the probe.",
      fn: (field, x, probe) =>
        tf
          .grad((at) => field(at as Points))(x, probe)
          .mul(x)
          .sum(1),
    },
  ],
  hints: [
    "tf.grad(f)(x, v) gives vᵀ ∂f/∂x in one backward pass.",
    "tf.grad(field)(x, probe).mul(probe), summed over each example.",
  ],
});

type Corrector = (batches: { score: Points; noise: Points }, snr: number) => tf.Scalar;

/** Mean length of the rows. */
function meanLength(v: tf.Tensor): tf.Tensor {
  return v.square().sum(1).sqrt().mean();
}

defineCheck<Corrector>({
  id: "R.22e",
  solution: correctorStepSize,
  probes: valueProbes({
    cases: [{ title: "three points, r = 0.2", inputs: { score: SCORE, noise: NOISE } }],
    call: (fn: Corrector, batches) => fn(batches, 0.2),
    reference: ({ score, noise }) => {
      const mean = (rows: readonly (readonly number[])[]): number =>
        rows.reduce((sum, r) => sum + Math.hypot(...r), 0) / rows.length;
      return 2 * ((0.2 * mean(noise)) / mean(score)) ** 2;
    },
  }),
  mistakes: [
    {
      says: "The ratio is not squared: noise grows with the root of the step, the drift with the step.",
      fn: ({ score, noise }, snr) => meanLength(noise).div(meanLength(score)).mul(2 * snr) as tf.Scalar, // prettier-ignore
    },
    {
      says: "The ratio is upside down: where the score is long, the step is short.",
      fn: ({ score, noise }, snr) => meanLength(score).div(meanLength(noise)).mul(snr).square().mul(2) as tf.Scalar, // prettier-ignore
    },
  ],
  hints: [
    "One mean length for the noise, one for the score, over the batch.",
    "2 (snr · length(noise) / length(score))²",
  ],
});
