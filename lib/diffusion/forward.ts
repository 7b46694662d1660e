import type { Rng } from "../core/random";
import type { Batch, Timesteps } from "../core/types";
import { tf } from "../engine/tf";
import { assertBatch, assertNoisy, atTimesteps } from "./at-timesteps";
import type { NoiseSchedule } from "./schedule";

/**
 * Noise a clean batch to timestep t in one jump, a sample of q(x_t | x_0).
 *
 * @eq R.8  x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε
 * @param t timesteps `[B]`, int32, 0…T
 * @param batches `x0` clean, `[B, ...]`, images in [−1, 1]; `noise` ε ~ N(0, I), same shape
 * @returns x_t, same shape; the caller owns it
 * @throws ShapeError if the shapes differ
 * @see Ho, Jain & Abbeel 2020, arXiv:2006.11239v2, eq. 4
 */
export function qSample<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  { x0, noise }: { readonly x0: X; readonly noise: X },
): X {
  assertNoisy("qSample", t, { x0, noise });
  return tf.tidy(() => {
    const signal = atTimesteps(schedule.alphaBar.map(Math.sqrt), t, x0); // √ᾱ_t, (B, 1, …)
    const spread = atTimesteps(
      schedule.alphaBar.map((alphaBar) => Math.sqrt(1 - alphaBar)),
      t,
      x0,
    );
    return x0.mul(signal).add(noise.mul(spread)) as X;
  });
}

/**
 * One step of the forward process, a sample of q(x_t | x_{t−1}).
 *
 * @eq R.6  x_t = √(1 − β_t) x_{t−1} + √β_t ε
 * @param t timesteps that the step leads to, `[B]`, int32, 1…T
 * @param batches `previous` is x_{t−1}, `[B, ...]`; `noise` ε ~ N(0, I), same shape
 * @returns x_t, same shape; the caller owns it
 * @throws ShapeError if the shapes differ
 * @see Ho, Jain & Abbeel 2020, arXiv:2006.11239v2, eq. 2
 */
export function qStep<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  { previous, noise }: { readonly previous: X; readonly noise: X },
): X {
  assertNoisy("qStep", t, { previous, noise });
  return tf.tidy(() => {
    const kept = atTimesteps(schedule.alpha.map(Math.sqrt), t, previous); // √α_t, (B, 1, …)
    const added = atTimesteps(schedule.beta.map(Math.sqrt), t, previous); // √β_t
    return previous.mul(kept).add(noise.mul(added)) as X;
  });
}

/** Where a chain is. */
export type ChainState<X extends Batch> = { readonly t: number; readonly xt: X };

/**
 * The forward chain, step by step: t = 1, 2, …, T.
 *
 * @eq R.7  q(x_{1:T} | x_0) = ∏_t q(x_t | x_{t−1})
 * @param x0 clean batch `[B, ...]`
 * @yields x_t, borrowed until the next turn: the generator owns it and frees it
 * @example for (const { t, xt } of forwardChain(schedule, x0, rng)) if (t === 300) show(xt);
 */
export function* forwardChain<X extends Batch>(
  schedule: NoiseSchedule,
  x0: X,
  rng: Rng,
): Generator<ChainState<X>, void, void> {
  assertBatch("forwardChain", "x0", x0);
  let xt = x0.clone();
  try {
    for (let step = 1; step <= schedule.numTimesteps; step++) {
      const previous = xt;
      xt = tf.tidy(() => {
        const t = tf.fill([x0.shape[0] as number], step, "int32") as Timesteps;
        return qStep(schedule, t, { previous, noise: rng.normal<X>(x0.shape) });
      });
      previous.dispose();
      yield { t: step, xt };
    }
  } finally {
    xt.dispose();
  }
}
