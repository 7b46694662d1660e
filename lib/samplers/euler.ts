import type { Batch, Images, Labels, SigmaDenoiser } from "../core/types";
import { defineSampler, pairs, repeated, type Sampler } from "./sampler";
import { assertSigmas, type SigmaOptions, sigmaTimes } from "./sigma-times";

/**
 * Euler's method on the probability-flow ODE dx/dσ = (x − x̂_0)/σ. The times are noise levels, and x
 * is x_0 + σ ε: it starts from noise of standard deviation σ_max.
 *
 * @eq EDM.1 dx/dσ = (x − D(x; σ))/σ
 * @throws ValueError
 * @see Karras et al. 2022, arXiv:2206.00364v2, algorithm 1 without its correction
 */
export function euler<X extends Batch = Images, C = Labels>(
  denoise: SigmaDenoiser<X, C>,
  options: SigmaOptions = {},
): Sampler<X, C> {
  return defineSampler({
    times: (numSteps) => sigmaTimes(options, numSteps),
    startScale: (sigma) => sigma,
    moves: (times) =>
      pairs(assertSigmas("euler", times)).map(([t, tNext]) => {
        return { t, tNext, numbers: { sigma: t, change: tNext - t } };
      }),
    step({ x, condition }, { sigma, change }) {
      const x0 = denoise(x, repeated(sigma, x), condition);
      const slope = x.sub(x0).div(sigma);
      return { x: x.add(slope.mul(change)), x0 };
    },
  });
}
