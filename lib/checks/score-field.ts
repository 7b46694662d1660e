import type { VectorField } from "../diffusion/divergence";
import { tf } from "../engine/tf";

export type Rows = readonly (readonly number[])[];
export type Points = tf.Tensor2D;

export const X = [[0.6, -1.1], [1.4, 0.3], [-0.8, 0.9]]; // prettier-ignore
export const Y = [[-0.4, 0.7], [0.9, -1.3], [1.2, 0.2]]; // prettier-ignore
export const WIDE = { x: [[0.5, -0.7, 1.3], [1.1, 0.2, -0.4]], y: [[0.8, 0.6, -1.2], [-0.3, 1.4, 0.7]] }; // prettier-ignore

/** s_d(x) = 0.3 x_d³ + 0.5 x_{d+1}: a field with a Jacobian off the diagonal too. */
export const field: VectorField<Points> = (x) => {
  const [count, dim] = x.shape;
  const first = x.slice([0, 0], [count, 1]);
  const turned = tf.concat([x.slice([0, 1], [count, dim - 1]), first], 1);
  return x.square().mul(x).mul(0.3).add(turned.mul(0.5));
};

export function fieldAt(x: readonly number[]): number[] {
  return x.map((v, d) => 0.3 * v ** 3 + 0.5 * (x[(d + 1) % x.length] ?? NaN));
}

/** (∂s/∂x) v of that field. */
export function alongField(x: readonly number[], v: readonly number[]): number[] {
  return x.map((at, d) => 0.9 * at * at * (v[d] ?? NaN) + 0.5 * (v[(d + 1) % x.length] ?? NaN));
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, d) => sum + value * (b[d] ?? NaN), 0);
}

/** Mean over the rows of what `of` says of each. */
export function meanOf(rows: Rows, of: (row: readonly number[], i: number) => number): number {
  return rows.reduce((sum, row, i) => sum + of(row, i), 0) / rows.length;
}

export function row(rows: Rows, i: number): readonly number[] {
  return rows[i] ?? [];
}
