import { annealedStepSizes, langevinStep } from "../samplers";
import { defineCheck } from "./define";
import { type Points, row, X, Y } from "./score-field";
import { valueProbes } from "./value-probes";

type Langevin = (batches: { x: Points; score: Points; noise: Points }, stepSize: number) => Points;
const ALPHA = 0.3;

defineCheck<Langevin>({
  id: "R.20b",
  solution: langevinStep,
  probes: valueProbes({
    cases: [{ title: "three points, α = 0.3", inputs: { x: X, score: Y, noise: X.toReversed() } }], // prettier-ignore
    call: (fn: Langevin, batches) => fn(batches, ALPHA),
    reference: ({ x, score, noise }) =>
      x.map((at, i) =>
        at.map((v, d) => {
          const [s, z] = [row(score, i)[d] ?? NaN, row(noise, i)[d] ?? NaN];
          return v + (ALPHA / 2) * s + Math.sqrt(ALPHA) * z;
        }),
      ),
    gradients: ["score"],
  }),
  mistakes: [
    {
      says: "The score is taken times α; half of it is in balance with noise of variance α.",
      fn: ({ x, score, noise }, alpha) => x.add(score.mul(alpha)).add(noise.mul(Math.sqrt(alpha))),
    },
    {
      says: "The noise is taken times α: that is its variance, not its standard deviation.",
      fn: ({ x, score, noise }, alpha) => x.add(score.mul(alpha / 2)).add(noise.mul(alpha)),
    },
    {
      says: "The step goes down the density: against the score.",
      fn: ({ x, score, noise }, alpha) =>
        x.sub(score.mul(alpha / 2)).add(noise.mul(Math.sqrt(alpha))),
    },
  ],
  hints: [
    "A drift of half a step, and noise whose variance is the step.",
    "x.add(score.mul(stepSize / 2)).add(noise.mul(Math.sqrt(stepSize)))",
  ],
});

type StepSizes = (sigmas: ArrayLike<number>, epsilon: number) => Float64Array;

defineCheck<StepSizes>({
  id: "R.20c",
  solution: annealedStepSizes,
  probes: valueProbes({
    cases: [{ title: "three scales, ε = 0.02", inputs: { sigmas: [2, 0.7, 0.25] } }],
    call: (fn: StepSizes, { sigmas }) => fn(sigmas.arraySync(), 0.02),
    reference: ({ sigmas }) => sigmas.map((sigma) => 0.02 * (sigma / (sigmas.at(-1) ?? NaN)) ** 2),
  }),
  mistakes: [
    {
      says: "The steps shrink like σ; they go with σ².",
      fn: (sigmas, epsilon) =>
        Float64Array.from(sigmas, (s) => (epsilon * s) / (sigmas[sigmas.length - 1] ?? NaN)),
    },
    {
      says: "The steps are measured by the largest scale; ε is the step at the smallest.",
      fn: (sigmas, epsilon) =>
        Float64Array.from(sigmas, (s) => epsilon * (s / (sigmas[0] ?? NaN)) ** 2),
    },
  ],
  hints: [
    "α_i = ε at the last scale, and grows with the variance of the noise.",
    "epsilon * sigma ** 2 / last ** 2",
  ],
});
