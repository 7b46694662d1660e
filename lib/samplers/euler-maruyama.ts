import type { Batch, Images, Labels, ScoreFunction } from "../core/types";
import { assertAlike } from "../diffusion/at-timesteps";
import { reverseDrift, type Sde } from "../diffusion/sde/sde";
import { tf } from "../engine/tf";
import { assertNumber } from "./guard";
import { defineSampler, pairs, repeated, type Sampler } from "./sampler";
import { assertSdeTimes, cleanFrom, levelAt, type SdeTimes, sdeTimes } from "./score-times";

/**
 * One Euler–Maruyama step of any SDE, dx = drift dt + g dw.
 *
 * @eq R.22  x + drift·h + g √|h| z
 * @param batches `x`, its `drift` and `noise` z ~ N(0, I), of one shape
 * @param step `h`, the change of time: below 0 from noise to data; `diffusion` g
 * @returns same shape; the caller owns it
 * @throws ShapeError, ValueError
 */
export function eulerMaruyamaStep<X extends Batch>(
  { x, drift, noise }: { readonly x: X; readonly drift: X; readonly noise: X },
  { h, diffusion: g }: { readonly h: number | tf.Scalar; readonly diffusion: number | tf.Scalar },
): X {
  assertAlike("eulerMaruyamaStep", { x, drift, noise });
  assertNumber("eulerMaruyamaStep", "h", h);
  assertNumber("eulerMaruyamaStep", "diffusion", g);
  return tf.tidy(() => {
    const spread = tf.sqrt(tf.abs(h)).mul(g);
    return x.add(drift.mul(h)).add(noise.mul(spread)) as X;
  });
}

export type ReverseSdeOptions = SdeTimes & {
  /** True adds noise in the last step too: by default that one ends at the mean. */
  readonly isLastNoisy?: boolean;
};

/**
 * Euler and Maruyama's method on the reverse-time SDE.
 *
 * @eq R.22
 * @throws ValueError
 * @see Song et al. 2021, arXiv:2011.13456v2, §3.3
 */
export function eulerMaruyama<X extends Batch = Images, C = Labels>(
  score: ScoreFunction<X>,
  sde: Sde,
  { isLastNoisy = false, ...options }: ReverseSdeOptions = {},
): Sampler<X, C> {
  const times = (numSteps = 1000): number[] => sdeTimes("eulerMaruyama", options, numSteps);
  times();
  return defineSampler({
    times,
    startScale: () => sde.priorStd,
    moves: (visited) =>
      pairs(assertSdeTimes("eulerMaruyama", visited)).map(([t, tNext], i, { length }) => {
        const noisy = i < length - 1 || isLastNoisy ? 1 : 0;
        const numbers = { t, h: tNext - t, noisy, ...sde.coefficients(t), ...levelAt(sde, t) };
        return { t, tNext, numbers };
      }),
    step({ x, rng }, { t, h, noisy, ...now }) {
      const s = score(x, repeated(t, x));
      const drift = reverseDrift({ x, score: s }, now);
      const noise = rng.normal<X>(x.shape).mul<X>(noisy);
      const next = eulerMaruyamaStep({ x, drift, noise }, { h, diffusion: now.diffusion });
      return { x: next, x0: cleanFrom(x, s, now) };
    },
  });
}
