import { ValueError } from "../core/errors";
import { assertInRange } from "../core/guard";
import { linspace } from "../core/math";
import type { Batch } from "../core/types";
import type { Sde } from "../diffusion/sde/sde";
import { tf } from "../engine/tf";

/** What samplers over the time of an SDE have in common. */
export type SdeTimes = {
  /** Where they end: a network's score is unbounded at 0. Default 1e-3. */
  readonly minTime?: number;
};

/** `numSteps` + 1 times from 1 down to `minTime`. */
export function sdeTimes(where: string, { minTime = 1e-3 }: SdeTimes, numSteps: number): number[] {
  assertInRange(where, "minTime", minTime, [0, 1]);
  return Array.from(linspace(1, minTime, numSteps + 1));
}

/** Refuse times that do not descend from 1 at most. @throws ValueError */
export function assertSdeTimes(where: string, times: readonly number[]): readonly number[] {
  if (times.every((t, i) => t <= 1 && !(t >= (times[i - 1] ?? Infinity)))) return times;
  throw new ValueError(`${where}: times must descend, from 1 at most.`);
}

/** Scale and sigma of time t, as numbers of a move. */
export function levelAt(sde: Pick<Sde, "marginal">, t: number): Record<"scale" | "sigma", number> {
  const { scale, sigma } = sde.marginal(t);
  return { scale, sigma };
}

/** E[x_0 | x_t] by Tweedie's formula, (x + sigma²·score) / scale. */
export function cleanFrom<X extends Batch>(
  x: X,
  score: X,
  { scale, sigma }: Readonly<Record<"scale" | "sigma", tf.Scalar>>,
): X {
  return tf.tidy(() => x.add(score.mul(sigma.square())).div(scale) as X);
}
