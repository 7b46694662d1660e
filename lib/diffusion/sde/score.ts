import { assertInRange } from "../../core/guard";
import type { Batch, Denoiser, ScoreFunction } from "../../core/types";
import { tf } from "../../engine/tf";
import { perExample } from "./noise";
import type { Sde } from "./sde";

/**
 * The score of an SDE at any time from a network that predicts noise: −ε_θ(x_t, timeScale·t) / sigma.
 *
 * @param options `timeScale`: the network's clock at t = 1; DDPM's networks count to 1000
 * @returns a function of x and times `[B]` in (0, 1]; sigma is 0 at 0, where there is no answer
 */
export function sdeScore<X extends Batch, C>(
  denoise: Denoiser<X, C>,
  sde: Sde,
  options: { readonly timeScale?: number; readonly condition?: C } = {},
): ScoreFunction<X> {
  const { timeScale = 1000, condition } = options;
  assertInRange("sdeScore", "timeScale", timeScale, [Number.MIN_VALUE, Number.MAX_VALUE]);
  return (x, t) =>
    tf.tidy(() => {
      const noise = denoise(x, t.mul(timeScale), condition);
      return noise.div(perExample(sde.marginalAt(t).sigma, x)).neg() as X;
    });
}

/**
 * The score at any noise scale σ from a network that predicts noise: −ε_θ(c x, 250 log σ) / σ, with
 * c = 1 / √(1 + σ²). Dividing by σ lets one network serve all scales (NCSNv2), and c keeps what it
 * sees near 1 where the data are.
 *
 * @returns a function of x and noise levels σ `[B]`, above 0
 * @see Song & Ermon 2020, arXiv:2006.09011v2, §3.3; Karras et al. 2022, arXiv:2206.00364v2, table 1
 */
export function noiseScaleScore<X extends Batch, C>(
  denoise: Denoiser<X, C>,
  { condition }: { readonly condition?: C } = {},
): ScoreFunction<X> {
  return (x, sigma) =>
    tf.tidy(() => {
      const gain = perExample(sigma.square().add<tf.Tensor1D>(1).rsqrt(), x);
      const clock = sigma.log().mul<tf.Tensor1D>(250);
      const noise = denoise(x.mul(gain) as X, clock, condition);
      return noise.div(perExample(sigma, x)).neg() as X;
    });
}
