import { assertInRange, assertInteger } from "../core/guard";
import type { Batch, Images, Labels, ScoreFunction } from "../core/types";
import { geometricSigmas } from "../diffusion/sde/ve";
import type { SigmaRange } from "../diffusion/sigmas";
import { langevinStep } from "./langevin";
import { defineSampler, pairs, repeated, type Sampler } from "./sampler";
import { assertSigmas } from "./sigma-times";
import { cleanFrom } from "./score-times";

export type AnnealedLangevinOptions = SigmaRange & {
  /** ε: the step at the smallest scale. */
  readonly epsilon?: number;
  /** T: Langevin steps at each scale. */
  readonly stepsPerLevel?: number;
};

/**
 * The step at each noise scale: α_i = ε σ_i² / σ_L², so that signal and noise of a step keep their
 * ratio.
 *
 * @eq NCSN.A1
 * @param sigmas descending, above 0
 */
export function annealedStepSizes(sigmas: ArrayLike<number>, epsilon: number): Float64Array {
  assertInteger("annealedStepSizes", "number of sigmas", sigmas.length);
  assertSigmas("annealedStepSizes", Array.from(sigmas));
  assertInRange("annealedStepSizes", "epsilon", epsilon, [Number.MIN_VALUE, Number.MAX_VALUE]);
  const last = sigmas[sigmas.length - 1] as number;
  return Float64Array.from(sigmas, (sigma) => (epsilon * sigma * sigma) / (last * last));
}

/**
 * Langevin dynamics from the largest noise scale to the smallest: where the data are far apart the
 * large scales fill the gaps, and carry x between modes. Its steps are noise scales and a closing 0.
 *
 * @eq NCSN.A1
 * @eq R.19
 * @param score of p_σ, by σ
 * @throws ValueError
 * @see Song & Ermon 2019, arXiv:1907.05600v3, algorithm 1
 */
export function annealedLangevin<X extends Batch = Images, C = Labels>(
  score: ScoreFunction<X>,
  { epsilon = 2e-5, stepsPerLevel = 100, ...range }: AnnealedLangevinOptions = {},
): Sampler<X, C> {
  assertInteger("annealedLangevin", "stepsPerLevel", stepsPerLevel);
  assertInRange("annealedLangevin", "epsilon", epsilon, [Number.MIN_VALUE, Number.MAX_VALUE]);
  const times = (numLevels = 10): number[] => [...geometricSigmas(numLevels, range), 0];
  times();
  return defineSampler({
    times,
    startScale: (sigma) => sigma,
    moves: (visited) => {
      const levels = assertSigmas("annealedLangevin", visited).slice(0, -1);
      const stepSizes = annealedStepSizes(levels, epsilon);
      return pairs(visited).flatMap(([sigma, sigmaNext], level) =>
        Array.from({ length: stepsPerLevel }, (_, i) => ({
          t: sigma,
          tNext: i === stepsPerLevel - 1 ? sigmaNext : sigma,
          numbers: { sigma, scale: 1, stepSize: stepSizes[level] as number },
        })),
      );
    },
    step({ x, rng }, { stepSize, ...level }) {
      const s = score(x, repeated(level.sigma, x));
      const next = langevinStep({ x, score: s, noise: rng.normal<X>(x.shape) }, stepSize);
      return { x: next, x0: cleanFrom(x, s, level) };
    },
  });
}
