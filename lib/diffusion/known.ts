import type { Batch } from "../core/types";
import { tf } from "../engine/tf";
import { assertAlike } from "./at-timesteps";

/** What is known of a clean batch. */
export type Known = {
  /** `[B, ...]`; what lies where `mask` is 0 does not matter. */
  readonly clean: Batch;
  /** 1 where `clean` is known, 0 where it is to be made up; same shape. */
  readonly mask: Batch;
};

/**
 * Inpainting: put what is known into each predicted x̂_0, and let the sampler make up the rest. For
 * the option `limitX0`. The range of a mask is projected on, its null space is the network's.
 *
 * x̂_0 ← mask · clean + (1 − mask) · x̂_0
 *
 * @param x0 predicted, `[B, ...]`
 * @param known of the same shape; borrowed
 * @returns same shape; the caller owns it
 * @throws ShapeError
 * @see Wang, Yu & Zhang 2022 (DDNM), arXiv:2212.00490v2, section 3.1
 */
export function keepKnown<X extends Batch>(x0: X, { clean, mask }: Known): X {
  assertAlike("keepKnown", { x0, clean, mask });
  return tf.tidy(() => clean.mul(mask).add(x0.mul(tf.sub(1, mask)))) as X;
}
