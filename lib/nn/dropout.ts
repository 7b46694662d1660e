import { ValueError } from "../core/errors";
import { assertDtype } from "../core/guard";
import type { Rng } from "../core/random";
import { tf } from "../engine/tf";
import { Module } from "./module";

/**
 * While training, each value is zeroed with probability `rate` and the others are divided by
 * 1 − rate, so that the mean stays; in evaluation nothing changes.
 *
 * @see Srivastava et al. 2014, JMLR 15, §10 (the scaling at training time)
 */
export class Dropout extends Module {
  /**
   * @param rng drawn from once per training forward
   * @throws ValueError if `rate` is not in [0, 1)
   */
  constructor(
    readonly rate: number,
    private readonly rng: Rng,
  ) {
    super();
    if (typeof rate !== "number" || !(rate >= 0 && rate < 1)) {
      throw new ValueError(`Dropout: rate must be in [0, 1), got ${rate}.`);
    }
  }

  /** @returns the same shape; the caller owns it. @throws ShapeError if x is not float32 */
  forward<T extends tf.Tensor>(x: T): T {
    assertDtype("Dropout", "x", x, "float32");
    if (!this.isTraining || this.rate === 0) return x.clone();
    return tf.tidy(() => {
      const isKept = this.rng.uniform(x.shape).greaterEqual(this.rate);
      return x.mul(isKept.cast("float32").div(1 - this.rate)) as T;
    });
  }
}
