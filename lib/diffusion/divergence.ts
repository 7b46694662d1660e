import type { Batch } from "../core/types";
import { tf } from "../engine/tf";
import { assertAlike, assertBatch } from "./at-timesteps";

/** A vector for every point, e.g. a score: each example's depends on that example alone. */
export type VectorField<X extends Batch = Batch> = (x: X) => X;

/**
 * tr ∂f/∂x of each example, exactly: one backward pass per number of an example.
 *
 * @param x `[B, ...]`
 * @returns `[B]`, differentiable; the caller owns it
 */
export function exactDivergence<X extends Batch>(field: VectorField<X>, x: X): tf.Tensor1D {
  assertBatch("exactDivergence", "x", x);
  return tf.tidy(() => {
    const [count = 0, ...sizes] = x.shape;
    const dim = sizes.reduce((product, size) => product * size, 1);
    const gradient = tf.grad((at) => field(at as X));
    const rows = tf.eye(dim);
    const parts = Array.from({ length: dim }, (_, i) => {
      const direction = tf.tile(rows.slice([i, 0], [1, dim]), [count, 1]); // (B, D), e_i
      const slope = gradient(x, direction.reshape(x.shape)); // ∂f_i/∂x
      return slope.reshape([count, dim]).mul(direction).sum(1);
    });
    return tf.addN(parts) as tf.Tensor1D;
  });
}

/**
 * vᵀ (∂f/∂x) v of each example: an unbiased estimate of the trace if E[v vᵀ] = I, for one backward
 * pass whatever the dimension.
 *
 * @eq SDE.40  E_v[vᵀ (∂f/∂x) v] = tr ∂f/∂x
 * @param x `[B, ...]`
 * @param probe v, shaped like x: normal, or ±1 with equal chance
 * @returns `[B]`, differentiable; the caller owns it
 * @see Hutchinson 1989; Grathwohl et al. 2019, arXiv:1810.01367v3, §3
 */
export function hutchinsonDivergence<X extends Batch>(
  field: VectorField<X>,
  x: X,
  probe: X,
): tf.Tensor1D {
  assertAlike("hutchinsonDivergence", { x, probe });
  return tf.tidy(() => {
    const slope = tf.grad((at) => field(at as X))(x, probe); // vᵀ ∂f/∂x
    return slope
      .mul(probe)
      .reshape([x.shape[0] as number, -1])
      .sum(1) as tf.Tensor1D;
  });
}
