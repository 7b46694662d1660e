import { ValueError } from "../core/errors";
import { assertInRange, assertReal } from "../core/guard";
import type { Batch } from "../core/types";
import { tf } from "../engine/tf";

/** Cut predicted x0 to the range of the data: for the option `limitX0`. @throws ValueError */
export function clipTo(min: number, max: number): <X extends Batch>(x0: X) => X {
  assertReal("clipTo", "min", min);
  assertReal("clipTo", "max", max);
  if (!(min < max)) throw new ValueError(`clipTo: min ${min} must be below max ${max}.`);
  return (x0) => tf.clipByValue(x0, min, max);
}

/**
 * Cut each example at its own quantile of |x0|, where that is above 1, and scale it back into
 * [−1, 1]: strong guidance then does not saturate the colours. For the option `limitX0`.
 *
 * @param options `ratio`: the quantile, interpolated; `max`: cut no higher than here
 * @throws ValueError
 * @see Saharia et al. 2022 (Imagen), arXiv:2205.11487v1, §2.3
 */
export function dynamicThreshold({ ratio = 0.995, max = Infinity } = {}): <X extends Batch>(
  x0: X,
) => X {
  assertInRange("dynamicThreshold", "ratio", ratio, [0, 1]);
  assertInRange("dynamicThreshold", "max", max, [1, Infinity]);
  return <X extends Batch>(x0: X) =>
    tf.tidy(() => {
      const rows = x0.abs().reshape<tf.Tensor2D>([x0.shape[0] as number, -1]);
      const threshold = tf.clipByValue(quantile(rows, ratio), 1, max);
      const perRow = threshold.reshape([-1, ...x0.shape.slice(1).map(() => 1)]);
      return tf.minimum(tf.maximum(x0, perRow.neg()), perRow).div<X>(perRow);
    });
}

/** The quantile of each row, `[B, n]` → `[B]`, interpolated between neighbours. */
function quantile(rows: tf.Tensor2D, ratio: number): tf.Tensor1D {
  const fromTop = (1 - ratio) * (rows.shape[1] - 1);
  const upper = Math.floor(fromTop);
  const lower = Math.ceil(fromTop);
  const { values } = tf.topk(rows, lower + 1);
  const column = (i: number): tf.Tensor1D => values.slice([0, i], [-1, 1]).reshape([-1]);
  return column(upper).add(
    column(lower)
      .sub(column(upper))
      .mul(fromTop - upper),
  );
}
