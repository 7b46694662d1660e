import { NonFiniteError, ShapeError, StoppedError, ValueError } from "../core/errors";
import { assertDtype, assertSizes } from "../core/guard";
import { isInterrupted, nextTurn } from "../core/host";
import type { Batch, Images, Labels } from "../core/types";
import { tf } from "../engine/tf";
import {
  type CompiledSampler,
  compileSampler,
  type Move,
  type NoiseSource,
  type Sampler,
  type StepResult,
} from "./sampler";

export type SampleOptions<X extends Batch = Images, C = Labels> = {
  /** Source of all randomness: the first noise and that of the steps. */
  readonly rng: NoiseSource;
  /** Start from noise of this shape, `[B, …]`; */
  readonly shape?: readonly number[];
  /** or from this x at the first time; borrowed. */
  readonly start?: X;
  /** Steps from the first time to the last; default the sampler's own. */
  readonly numSteps?: number;
  /** Or the times themselves, the last one included. */
  readonly times?: ArrayLike<number>;
  /** Passed to the network at each step; borrowed. */
  readonly condition?: C;
  /** Ends sampling early, after the step it is in. */
  readonly signal?: AbortSignal;
  /** False samples op by op instead of as one graph: for teaching and debugging. Default true. */
  readonly compile?: boolean;
};

/** Where sampling stands after a step. Its tensors are borrowed until the next turn of the loop. */
export type Moment<X extends Batch = Images> = {
  /** Steps done, 1…`numSteps`. */
  readonly step: number;
  readonly numSteps: number;
  /** The time of `x`. */
  readonly t: number;
  readonly x: X;
  /** The clean x that the network saw in the x before. */
  readonly x0: X;
};

/**
 * The loop of every sampler. Between two steps the event loop gets its turn; breaking off the loop
 * is safe and leaves no tensor behind.
 *
 * @eq R.10 p(x_T) ∏ p_θ(x_{t−1} | x_t)
 * @example
 * const sampler = ddim(denoise, schedule);
 * for await (const { step, x, x0 } of sample(sampler, { shape: [16, 28, 28, 1], numSteps: 50, rng }))
 *   film.push({ step, x, x0 });
 *
 * @throws ValueError for wrong times, or unless there is either a shape or a start
 * @throws StoppedError after an interrupt from the notebook
 */
export async function* sample<X extends Batch = Images, C = Labels>(
  sampler: Sampler<X, C> | CompiledSampler<X, C>,
  options: SampleOptions<X, C>,
): AsyncGenerator<Moment<X>, void, void> {
  const { rng, condition, signal } = options;
  const moves = sampler.moves(timesOf(sampler, options));
  if (isInterrupted()) throw new StoppedError("Sampling was stopped before its first step.");
  const isOurs = options.compile !== false && !("dispose" in sampler);
  const algorithm = isOurs ? compileSampler(sampler) : sampler;
  let state: StepResult<X> = firstState(sampler, moves[0] as Move, options);
  try {
    for (const [i, { tNext, numbers }] of moves.entries()) {
      if (signal?.aborted === true) return;
      const { x, memory = [] } = state;
      const next = tf.tidy(() => algorithm.step({ x, memory, condition, rng }, scalars(numbers)));
      tf.dispose(state);
      state = next;
      yield { step: i + 1, numSteps: moves.length, t: tNext, x: next.x, x0: next.x0 };
      await nextTurn();
      if (isInterrupted()) {
        throw new StoppedError(`Sampling was stopped after step ${i + 1} of ${moves.length}.`);
      }
    }
  } finally {
    tf.dispose(state);
    if (isOurs) (algorithm as CompiledSampler<X, C>).dispose();
  }
}

/**
 * Sample to the end.
 *
 * @returns x at the last time; the caller owns it
 * @throws as `sample`; StoppedError if `signal` ended it; NonFiniteError if x is not finite
 */
export async function sampleAll<X extends Batch = Images, C = Labels>(
  sampler: Sampler<X, C> | CompiledSampler<X, C>,
  options: SampleOptions<X, C>,
): Promise<X> {
  let x: X | undefined;
  let isDone = false;
  for await (const moment of sample(sampler, options)) {
    isDone = moment.step === moment.numSteps;
    if (isDone) x = moment.x.clone();
  }
  if (x === undefined) throw new StoppedError("Sampling was stopped before its last step.");
  assertAllFinite(x);
  return x;
}

/** A moment of sampling that is kept. */
export type Trajectory<X extends Batch = Images> = readonly Moment<X>[];

/**
 * Sample to the end, or until `signal`, and keep what was seen on the way.
 *
 * @param options `every`: keep one moment in so many, and the last; default 1
 * @returns the moments; the caller owns their tensors: `tf.dispose(trajectory)`
 */
export async function sampleTrajectory<X extends Batch = Images, C = Labels>(
  sampler: Sampler<X, C> | CompiledSampler<X, C>,
  { every = 1, ...options }: SampleOptions<X, C> & { readonly every?: number },
): Promise<Trajectory<X>> {
  const kept: Moment<X>[] = [];
  try {
    for await (const moment of sample(sampler, options)) {
      const { step, numSteps, x, x0 } = moment;
      if (step % every !== 0 && step !== numSteps) continue;
      kept.push({ ...moment, x: x.clone(), x0: x0.clone() });
    }
  } catch (error) {
    tf.dispose(kept);
    throw error;
  }
  return kept;
}

function timesOf<X extends Batch, C>(
  sampler: Sampler<X, C>,
  { times, numSteps }: SampleOptions<X, C>,
): readonly number[] {
  const list = times === undefined ? sampler.times(numSteps) : Array.from(times);
  if (list.length >= 2) return list;
  throw new ValueError(
    `sample: times must be at least 2, got ${list.length}.`,
    "Include the last one, where sampling ends: 0 for clean data.",
  );
}

function firstState<X extends Batch, C>(
  sampler: Sampler<X, C>,
  { t }: Move,
  { shape, start, rng }: SampleOptions<X, C>,
): StepResult<X> {
  if ((shape === undefined) === (start === undefined)) {
    throw new ValueError("sample: give either the shape of the noise or a start, not both.");
  }
  if (start !== undefined) assertDtype("sample", "start", start, "float32");
  else assertSizes("sample", "shape", shape as readonly number[]);
  if ((start?.shape ?? shape ?? []).length === 0) {
    throw new ShapeError("sample: x needs an axis for the examples, got shape [].");
  }
  return tf.tidy(() => {
    const scale = sampler.startScale?.(t) ?? 1;
    const x = start?.clone() ?? rng.normal(shape as readonly number[]).mul<X>(scale);
    const memory = Array.from({ length: sampler.memorySize ?? 0 }, () => tf.zerosLike(x));
    return { x, x0: tf.zerosLike(x), memory };
  });
}

/** The numbers of a move as float32 tensors; the tidy of the step frees them. */
function scalars(numbers: Readonly<Record<string, number>>): Record<string, tf.Scalar> {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [name, tf.scalar(value)]),
  );
}

function assertAllFinite(x: Batch): void {
  const isFinite = tf.tidy(() => tf.all(tf.isFinite(x)).dataSync()[0]);
  if (isFinite) return;
  x.dispose();
  throw new NonFiniteError(
    "sampleAll: the sample holds NaN or infinite values.",
    "Look at the moments of `sample` to see at which step they come up.",
  );
}
