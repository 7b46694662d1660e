import type { Timesteps } from "../core/types";
import { NoiseSchedule } from "../diffusion/schedule";
import { tf } from "../engine/tf";

export type Rows = readonly (readonly number[])[];

const BETAS = [0.1, 0.2, 0.3, 0.5];
export const SCHEDULE = new NoiseSchedule(BETAS);

export function betaAt(t: number): number {
  return BETAS[t - 1] ?? NaN;
}

/** ᾱ_t by definition. */
export function alphaBarAt(t: number): number {
  return BETAS.slice(0, t).reduce((product, beta) => product * (1 - beta), 1);
}

/** Two points of two numbers, each at its own timestep, and something that goes with them. */
export const POINTS = [
  [0.6, -1.3],
  [1.7, 0.4],
];
export const OTHERS = [
  [-0.8, 0.5],
  [0.9, -2.1],
];
export const T = [2, 4];

/** f(t, a, b) of each number of two lists of rows. */
export function each(t: readonly number[], [a, b]: readonly [Rows, Rows], f: Formula): number[][] {
  return a.map((row, i) => row.map((value, d) => f(t[i] ?? NaN, value, b[i]?.[d] ?? NaN)));
}

export type Formula = (t: number, a: number, b: number) => number;

/** The wrong answer that is this formula of t and two batches. */
export function wrong(
  t: Timesteps,
  [a, b]: readonly [tf.Tensor, tf.Tensor],
  f: Formula,
): tf.Tensor {
  const rows = (x: tf.Tensor): Rows => x.arraySync() as number[][];
  return tf.tensor2d(each(t.arraySync(), [rows(a), rows(b)], f));
}
