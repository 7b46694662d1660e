import { compile } from "../compile";
import type { Disposable } from "../core/memory";
import type { Rng } from "../core/random";
import type { Batch, Images, Labels } from "../core/types";
import { tf } from "../engine/tf";

/** Where a step draws its noise: an `Rng`, or recorded draws in a test. */
export type NoiseSource = Pick<Rng, "normal">;

/** One step of a sampler, from time `t` to `tNext`: what it needs to know of them, in float64. */
export type Move<K extends string = string> = {
  readonly t: number;
  readonly tNext: number;
  readonly numbers: Readonly<Record<K, number>>;
};

/** What a step starts from; all of it borrowed. */
export type StepInput<X extends Batch = Images, C = Labels> = {
  readonly x: X;
  /** What the step before left in its `memory`; zeros at first. */
  readonly memory: readonly X[];
  readonly condition: C | undefined;
  readonly rng: NoiseSource;
};

/** What a step gives: fresh tensors, none of them an input. */
export type StepResult<X extends Batch = Images> = {
  readonly x: X;
  /** The clean x that the network saw in the x before. */
  readonly x0: X;
  /** `memorySize` tensors of the shape of x, for the next step. */
  readonly memory?: X[];
};

/**
 * An algorithm that goes from noise to data, for points, images and latents alike. It owns nothing
 * and says nothing of the loop: see `sample`.
 *
 * `moves` works out in float64 what depends on time; `step` is tensors only and gets the numbers
 * of its move as scalars. So one compiled graph serves every step of every number of steps.
 *
 * @typeParam X what is sampled
 * @typeParam C what it is conditioned on
 */
export interface Sampler<X extends Batch = Images, C = Labels, K extends string = string> {
  /** The times of n steps, the last one included: n + 1 of them. Without n its full number. */
  times(numSteps?: number): readonly number[];
  /** The calls of `step` that lead through these times. @throws ValueError */
  moves(times: readonly number[]): readonly Move<K>[];
  step(input: StepInput<X, C>, numbers: Readonly<Record<K, tf.Scalar>>): StepResult<X>;
  /** How many tensors a step leaves to the next; default 0. */
  readonly memorySize?: number;
  /** Standard deviation of the noise that sampling starts from at time t; default 1. */
  startScale?(t: number): number;
}

/** Let the names of the numbers follow from `moves`. */
export function defineSampler<X extends Batch, C, K extends string>(
  sampler: Sampler<X, C, K>,
): Sampler<X, C> {
  return sampler;
}

/** A sampler whose graph stays, to sample with it again and again. */
export type CompiledSampler<X extends Batch = Images, C = Labels> = Sampler<X, C> & Disposable;

/**
 * Compile a sampler once for many samplings; `sample` by itself compiles anew at each call.
 *
 * @example
 * const sampler = compileSampler(ddim(denoise, schedule));
 * for (const numSteps of [10, 50, 100]) await sampleAll(sampler, { numSteps, shape, rng });
 * sampler.dispose();
 *
 * @returns it owns its graphs until `dispose`
 */
export function compileSampler<X extends Batch, C>(sampler: Sampler<X, C>): CompiledSampler<X, C> {
  const step = compile((input: StepInput<X, C>, numbers: Readonly<Record<string, tf.Scalar>>) =>
    tf.tidy(() => sampler.step(input, numbers)),
  );
  return { ...sampler, step, dispose: step.dispose };
}

/** A number of the step, once for each example of x: `[B]`, float32. */
export function repeated(number: tf.Scalar, x: Batch): tf.Tensor1D {
  return tf.tile(number.reshape<tf.Tensor1D>([1]), [x.shape[0] as number]);
}

/** Neighbours: [a, b], [b, c], … */
export function pairs(times: readonly number[]): (readonly [t: number, tNext: number])[] {
  return times.slice(1).map((tNext, i) => [times[i] as number, tNext] as const);
}
