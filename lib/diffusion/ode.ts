import { StoppedError, ValueError } from "../core/errors";
import { assertInRange, assertInteger, assertReal } from "../core/guard";
import { isInterrupted, nextTurn } from "../core/host";
import type { Batch } from "../core/types";
import { tf } from "../engine/tf";
import { assertBatch } from "./at-timesteps";

/** dx/dt at a time. */
export type Velocity<X extends Batch = Batch> = (x: X, t: number) => X;

/** Coefficients of Dormand & Prince 1980, RK5(4)7M: each row is what a stage weighs those before. */
const STAGES = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
] as const;
const TIMES = [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1] as const;
/** Weights of order 5 less those of order 4. */
const ERROR = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40] as const;

export type DormandPrinceStep<X extends Batch> = {
  /** x at t + h, of order 5. */
  readonly x: X;
  /** The velocity there: the first stage of the next step. */
  readonly velocity: X;
  /** Estimated error of the step. */
  readonly error: X;
};

/**
 * One step of Dormand & Prince's embedded method of orders 5 and 4.
 *
 * @param from where the step starts: `t`, its size `h` (negative: backwards), and, if known, the
 *   velocity there
 * @returns three tensors like x; the caller owns them
 * @see Dormand & Prince 1980, J. Comput. Appl. Math. 6(1), table 2
 */
export function dormandPrinceStep<X extends Batch>(
  velocity: Velocity<X>,
  x: X,
  { t, h, first }: { readonly t: number; readonly h: number; readonly first?: X },
): DormandPrinceStep<X> {
  assertBatch("dormandPrinceStep", "x", x);
  assertReal("dormandPrinceStep", "t", t);
  assertReal("dormandPrinceStep", "h", h);
  return tf.tidy(() => {
    const slopes: X[] = [];
    let at = x;
    STAGES.forEach((weights, i) => {
      if (i > 0) at = x.add(weigh(slopes, weights, h)) as X;
      const isKnown = i === 0 && first !== undefined;
      slopes.push(isKnown ? (first.clone() as X) : velocity(at, t + (TIMES[i] as number) * h));
    });
    return { x: at, velocity: slopes[6] as X, error: weigh(slopes, ERROR, h) as X };
  });
}

export type Tolerances = {
  /** What the error of a step may be, per number: absolute + relative·|x|. */
  readonly absolute?: number;
  readonly relative?: number;
  /** Steps, those taken back included, before it gives up. */
  readonly maxSteps?: number;
};

export type IntegrateOptions = Tolerances & {
  readonly from: number;
  /** May be below `from`. */
  readonly to: number;
  /** Ends it early, after the step it is in. */
  readonly signal?: AbortSignal;
};

export type Integral<X extends Batch> = {
  /** x at the time `to`; the caller owns it. */
  readonly x: X;
  /** How often the velocity was asked for. */
  readonly evaluations: number;
  readonly steps: number;
  /** Steps that were too long and taken anew. */
  readonly rejected: number;
};

/**
 * Follow a velocity from one time to another, in steps as long as the error allows: that of the
 * example with the largest root mean square counts. float32 limits what tolerances can reach: below
 * 1e-6 of the size of x nothing is gained. Between two steps the event loop gets its turn.
 *
 * @param x `[B, ...]`
 * @throws ValueError if it needs more than `maxSteps`, or the velocity is not finite
 * @throws StoppedError if `signal`, or an interrupt from the notebook, ended it
 */
export async function integrate<X extends Batch>(
  velocity: Velocity<X>,
  x: X,
  options: IntegrateOptions,
): Promise<Integral<X>> {
  const { from, to, absolute = 1e-5, relative = 1e-5, maxSteps = 10_000, signal } = options;
  assertReal("integrate", "from", from);
  assertReal("integrate", "to", to);
  assertTolerances("integrate", { absolute, relative, maxSteps });
  assertBatch("integrate", "x", x);
  assertRunning(from, signal);
  let [t, h] = [from, (to - from) / 50];
  let [steps, rejected] = [0, 0];
  let now = { x: x.clone() as X, velocity: tf.tidy(() => velocity(x, from)) };
  try {
    while (t !== to) {
      if (steps + rejected === maxSteps) throw tooManySteps(t, maxSteps);
      if (Math.abs(h) >= Math.abs(to - t)) h = to - t;
      const next = dormandPrinceStep(velocity, now.x, { t, h, first: now.velocity });
      const error = errorNorm(now.x, next, { absolute, relative });
      next.error.dispose();
      const isRight = error <= 1;
      tf.dispose(isRight ? now : [next.x, next.velocity]);
      if (isRight) {
        now = { x: next.x, velocity: next.velocity };
        t = h === to - t ? to : t + h;
        steps++;
      } else rejected++;
      h *= stepFactor(error);
      await nextTurn();
      assertRunning(t, signal);
    }
  } catch (error) {
    tf.dispose(now);
    throw error;
  }
  now.velocity.dispose();
  return { x: now.x, evaluations: 1 + 6 * (steps + rejected), steps, rejected };
}

/** Refuse tolerances that are none. @throws ValueError */
export function assertTolerances(
  where: string,
  { absolute = 1e-5, relative = 1e-5, maxSteps = 1 }: Tolerances,
): void {
  assertInRange(where, "absolute", absolute, [Number.MIN_VALUE, Number.MAX_VALUE]);
  assertInRange(where, "relative", relative, [0, Number.MAX_VALUE]);
  assertInteger(where, "maxSteps", maxSteps);
}

/** h Σ_i w_i k_i. */
function weigh(slopes: readonly tf.Tensor[], weights: readonly number[], h: number): tf.Tensor {
  return tf.addN(
    weights.flatMap((weight, i) =>
      weight === 0 ? [] : [(slopes[i] as tf.Tensor).mul(h * weight)],
    ),
  );
}

/** The largest root mean square over examples of error / (absolute + relative·|x|). */
function errorNorm<X extends Batch>(
  before: X,
  { x, error }: DormandPrinceStep<X>,
  { absolute, relative }: { readonly absolute: number; readonly relative: number },
): number {
  return tf.tidy(() => {
    const size = tf.maximum(before.abs(), x.abs());
    const ratio = error.div(size.mul(relative).add(absolute)).reshape([x.shape[0] as number, -1]);
    return ratio.square().mean(1).sqrt().max().dataSync()[0] as number;
  });
}

/** How the next step compares with this one: at most 10 times as long, at least a fifth. */
function stepFactor(error: number): number {
  if (Number.isNaN(error)) return 0.2;
  return Math.min(10, Math.max(0.2, 0.9 * error ** -0.2));
}

function assertRunning(t: number, signal?: AbortSignal): void {
  if (!isInterrupted() && signal?.aborted !== true) return;
  throw new StoppedError(`Integration was stopped at t = ${t.toPrecision(3)}.`);
}

function tooManySteps(t: number, maxSteps: number): ValueError {
  return new ValueError(
    `integrate: ${maxSteps} steps lead only to t = ${t}.`,
    "Ask for less precision, or end where the velocity is still finite.",
  );
}
