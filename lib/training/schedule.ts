import { assertInRange, assertInteger } from "../core/guard";

/** Learning rate of a step; the first step is 1. A pure function, so a resumed run agrees. */
export type LearningRateSchedule = (step: number) => number;

export function constantRate(learningRate: number): LearningRateSchedule {
  assertRate("constantRate", "learningRate", learningRate);
  return () => learningRate;
}

/** Falls in a straight line from `peak` at step 0 to 0 at `steps`; 0 afterwards. */
export function linearDecay(peak: number, steps: number): LearningRateSchedule {
  assertRate("linearDecay", "peak", peak);
  assertInteger("linearDecay", "steps", steps);
  return (step) => peak * Math.max(0, 1 - step / steps);
}

/**
 * Half a cosine from `peak` at step 0 to 0 at `steps`; 0 afterwards.
 *
 * @see Loshchilov & Hutter 2017, arXiv:1608.03983v5, eq. 5, without restarts
 */
export function cosineDecay(peak: number, steps: number): LearningRateSchedule {
  assertRate("cosineDecay", "peak", peak);
  assertInteger("cosineDecay", "steps", steps);
  return (step) => (peak * (1 + Math.cos(Math.PI * Math.min(1, step / steps)))) / 2;
}

/**
 * Rises in a straight line from 0 to what `after` starts with, then follows `after` from its step 0.
 *
 * @example withWarmUp(500, cosineDecay(1e-3, 9500)) // 10,000 steps in all
 */
export function withWarmUp(steps: number, after: LearningRateSchedule): LearningRateSchedule {
  assertInteger("withWarmUp", "steps", steps);
  return (step) => (step < steps ? (after(0) * step) / steps : after(step - steps));
}

function assertRate(where: string, name: string, rate: number): void {
  assertInRange(where, name, rate, [0, Number.MAX_VALUE]);
}
