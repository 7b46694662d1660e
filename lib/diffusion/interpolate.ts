import { assertInRange } from "../core/guard";
import type { Batch } from "../core/types";
import { tf } from "../engine/tf";
import { assertAlike } from "./at-timesteps";

/**
 * Spherical interpolation between two batches of noise, example by example. A straight line between
 * two draws of N(0, I) passes through vectors that are too short to be one; the great circle does not.
 *
 * (sin((1 − w) θ) a + sin(w θ) b) / sin θ, θ the angle between a and b
 *
 * @param a `[B, ...]`
 * @param b same shape; nowhere parallel to `a`
 * @param weight w of `b`, in [0, 1]
 * @returns same shape; the caller owns it
 * @throws ShapeError, ValueError
 * @see Song, Meng & Ermon 2021 (DDIM), arXiv:2010.02502v4, appendix D.5
 */
export function slerp<X extends Batch>(a: X, b: X, weight: number): X {
  assertAlike("slerp", { a, b });
  assertInRange("slerp", "weight", weight, [0, 1]);
  return tf.tidy(() => {
    const axes = a.shape.map((_, axis) => axis).slice(1);
    const dot = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => x.mul(y).sum(axes, true);
    const cosine = dot(a, b).div(dot(a, a).mul(dot(b, b)).sqrt());
    const angle = tf.acos(cosine.clipByValue(-1, 1));
    const [ofA, ofB] = [angle.mul(1 - weight).sin(), angle.mul(weight).sin()];
    return a.mul(ofA).add(b.mul(ofB)).div(angle.sin()) as X;
  });
}
