import { linspace } from "../core/math";
import { type ScoreFunction } from "../core/types";
import { type VectorField } from "../diffusion/divergence";
import { geometricSigmas } from "../diffusion/sde";
import { tf } from "../engine/tf";
import { denoisingScoreMatching, ncsnLoss } from "../objectives/score-matching";
import { defineCheck } from "./define";
import { dot, field, fieldAt, meanOf, type Points, row, X, Y } from "./score-field";
import { valueProbes } from "./value-probes";

type Denoising = (
  score: VectorField<Points>,
  x: Points,
  options: { sigma: number; noise: Points },
) => tf.Scalar;
const SIGMA = 0.7;

defineCheck<Denoising>({
  id: "R.19",
  solution: denoisingScoreMatching,
  probes: valueProbes({
    cases: [{ title: "three points, σ = 0.7", inputs: { x: X, noise: Y } }],
    call: (fn: Denoising, { x, noise }) => fn(field, x, { sigma: SIGMA, noise }),
    reference: ({ x, noise }) =>
      meanOf(x, (at, i) => {
        const e = row(noise, i);
        const off = fieldAt(at.map((v, d) => v + SIGMA * (e[d] ?? NaN))).map(
          (s, d) => s + (e[d] ?? NaN) / SIGMA,
        );
        return dot(off, off);
      }),
    gradients: ["x"],
  }),
  mistakes: [
    {
      says: "The target has the wrong sign: the score points back to the data, against the noise.",
      fn: (score, x, { sigma, noise }) =>
        score(x.add(noise.mul(sigma))).sub(noise.div(sigma)).square().sum(1).mean(), // prettier-ignore
    },
    {
      says: "The target is −ε; it must be divided by σ.",
      fn: (score, x, { sigma, noise }) =>
        score(x.add(noise.mul(sigma))).add(noise).square().sum(1).mean(), // prettier-ignore
    },
    {
      says: "The score is taken at the clean data; it is that of the noisy.",
      fn: (score, x, { sigma, noise }) => score(x).add(noise.div(sigma)).square().sum(1).mean(),
    },
  ],
  hints: [
    "(x̃ − x)/σ² is ε/σ.",
    "score(x.add(noise.mul(sigma))).add(noise.div(sigma)): its squared length, and the mean.",
  ],
});

type Ladder = (n: number, range: { sigmaMin: number; sigmaMax: number }) => Float64Array;

defineCheck<Ladder>({
  id: "R.19b",
  solution: geometricSigmas,
  probes: valueProbes({
    cases: [{ title: "5 scales from 4 to 0.05", inputs: { range: [5, 0.05, 4] } }],
    call: (fn: Ladder, { range }) => {
      const [n, sigmaMin, sigmaMax] = range.arraySync() as [number, number, number];
      return fn(n, { sigmaMin, sigmaMax });
    },
    reference: ({ range }) => {
      const [n = NaN, min = NaN, max = NaN] = range;
      return Array.from({ length: n }, (_, i) => max * (min / max) ** (i / (n - 1)));
    },
  }),
  mistakes: [
    {
      says: "Neighbours differ by a constant; their ratio is to be constant.",
      fn: (n, { sigmaMin, sigmaMax }) => linspace(sigmaMax, sigmaMin, n),
    },
    {
      says: "The scales rise; annealing begins at the largest.",
      fn: (n, range) => geometricSigmas(n, range).toReversed(),
    },
  ],
  hints: [
    "Evenly spaced logarithms.",
    "core.linspace(Math.log(sigmaMax), Math.log(sigmaMin), n).map(Math.exp)",
  ],
});

type Ncsn = (
  score: ScoreFunction<Points>,
  x: Points,
  options: { sigma: tf.Tensor1D; noise: Points },
) => tf.Scalar;
const scaleScore: ScoreFunction<Points> = (x, sigma) => field(x).div(sigma.add(1).reshape([-1, 1]));

function ncsnWith(power: number): Ncsn {
  return (score, x, { sigma, noise }) => {
    const spread = sigma.reshape([-1, 1]);
    const off = score(x.add(noise.mul(spread)), sigma)
      .add(noise.div(spread))
      .square()
      .sum(1);
    return off.mul(sigma.pow(power)).mean<tf.Scalar>().mul(0.5);
  };
}

defineCheck<Ncsn>({
  id: "R.20",
  solution: ncsnLoss,
  probes: valueProbes({
    cases: [{ title: "three points, a scale each", inputs: { x: X, noise: Y, sigma: [0.4, 1.5, 3] } }], // prettier-ignore
    call: (fn: Ncsn, { x, noise, sigma }) => fn(scaleScore, x, { sigma, noise }),
    reference: ({ x, noise, sigma }) =>
      meanOf(x, (at, i) => {
        const [e, s] = [row(noise, i), sigma[i] ?? NaN];
        const score = fieldAt(at.map((v, d) => v + s * (e[d] ?? NaN))).map((v) => v / (1 + s));
        const off = score.map((v, d) => s * v + (e[d] ?? NaN));
        return dot(off, off) / 2;
      }),
    gradients: ["x"],
  }),
  mistakes: [
    { says: "λ is 1: the smallest scales, where 1/σ² is huge, drown all others.", fn: ncsnWith(0) },
    { says: "λ is σ; it takes σ² to make all scales alike.", fn: ncsnWith(1) },
    {
      says: "The data are noised by ε itself, not by σ ε.",
      fn: (score, x, { sigma, noise }) =>
        score(x.add(noise), sigma).mul(sigma.reshape([-1, 1])).add(noise).square().sum(1).mean<tf.Scalar>().mul(0.5), // prettier-ignore
    },
  ],
  hints: [
    "σ² ‖s + ε/σ‖² = ‖σ s + ε‖²: no division is left.",
    "noisy = diffusion.addNoise({ scale: 1, sigma }, …); (σ·score(noisy, sigma) + noise), ½ mean ‖·‖².",
  ],
});
