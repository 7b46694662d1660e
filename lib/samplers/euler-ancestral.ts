import { assertInRange } from "../core/guard";
import type { Batch, Images, Labels, SigmaDenoiser } from "../core/types";
import { defineSampler, pairs, repeated, type Sampler } from "./sampler";
import { assertSigmas, type SigmaOptions, sigmaTimes } from "./sigma-times";

export type EulerAncestralOptions = SigmaOptions & {
  /** η: share of the fresh noise; 0 is `euler`. Default 1. */
  readonly eta?: number;
};

/**
 * DDPM's ancestral sampling in noise levels: an Euler step to a level below σ_next, then fresh noise
 * up to it.
 *
 * @eq EDM.1
 * @throws ValueError
 * @see Song et al. 2021, arXiv:2011.13456v2, appendix F, and k-diffusion's `sample_euler_ancestral`
 */
export function eulerAncestral<X extends Batch = Images, C = Labels>(
  denoise: SigmaDenoiser<X, C>,
  { eta = 1, ...options }: EulerAncestralOptions = {},
): Sampler<X, C> {
  assertInRange("eulerAncestral", "eta", eta, [0, 1]);
  return defineSampler({
    times: (numSteps) => sigmaTimes(options, numSteps),
    startScale: (sigma) => sigma,
    moves: (times) =>
      pairs(assertSigmas("eulerAncestral", times)).map(([t, tNext]) => {
        const up = eta * tNext * Math.sqrt(1 - (tNext / t) ** 2);
        const down = Math.sqrt(tNext ** 2 - up ** 2);
        return { t, tNext, numbers: { sigma: t, change: down - t, up } };
      }),
    step({ x, condition, rng }, { sigma, change, up }) {
      const x0 = denoise(x, repeated(sigma, x), condition);
      const mean = x.add<X>(x.sub(x0).div(sigma).mul(change));
      return { x: mean.add(rng.normal(x.shape).mul(up)), x0 };
    },
  });
}
