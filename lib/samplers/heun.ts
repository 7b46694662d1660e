import { assertInRange } from "../core/guard";
import type { Batch, Images, Labels, SigmaDenoiser } from "../core/types";
import { defineSampler, pairs, repeated, type Sampler } from "./sampler";
import { assertSigmas, type SigmaOptions, sigmaTimes } from "./sigma-times";

export type HeunOptions = SigmaOptions & {
  /** S_churn: fresh noise before each step; 0, the default, is the ODE. */
  readonly churn?: number;
};

/**
 * Heun's method on the probability-flow ODE: an Euler step, then the mean of the slopes at both of
 * its ends. Of second order, with two network calls a step. The last step, to 0, has no second slope.
 *
 * @eq EDM.1
 * @throws ValueError
 * @see Karras et al. 2022, arXiv:2206.00364v2, algorithms 1 and 2
 */
export function heun<X extends Batch = Images, C = Labels>(
  denoise: SigmaDenoiser<X, C>,
  { churn = 0, ...options }: HeunOptions = {},
): Sampler<X, C> {
  assertInRange("heun", "churn", churn, [0, Number.MAX_VALUE]);
  return defineSampler({
    times: (numSteps) => sigmaTimes(options, numSteps),
    startScale: (sigma) => sigma,
    moves: (times) =>
      pairs(assertSigmas("heun", times)).map(([t, tNext], _, { length }) => {
        const sigma = t * (1 + Math.min(churn / length, Math.SQRT2 - 1));
        const fresh = Math.sqrt(sigma ** 2 - t ** 2);
        // At 0 the second slope counts for nothing; it is taken elsewhere, to be a number at all.
        const [sigmaNext, second] = tNext === 0 ? [sigma, 0] : [tNext, 1 / 2];
        const numbers = { sigma, fresh, change: tNext - sigma, sigmaNext, second };
        return { t, tNext, numbers };
      }),
    step({ x: before, condition, rng }, { sigma, fresh, change, sigmaNext, second }) {
      const x = churn === 0 ? before : before.add<X>(rng.normal(before.shape).mul(fresh));
      const x0 = denoise(x, repeated(sigma, x), condition);
      const slope = x.sub(x0).div(sigma);
      const guess = x.add<X>(slope.mul(change));
      const x0Next = denoise(guess, repeated(sigmaNext, x), condition);
      const slopeNext = guess.sub(x0Next).div(sigmaNext);
      const mean = slope.add(slopeNext.sub(slope).mul(second));
      return { x: x.add(mean.mul(change)), x0 };
    },
  });
}
