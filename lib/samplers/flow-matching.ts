import { linspace } from "../core/math";
import type { Batch, Images, Labels } from "../core/types";
import type { tf } from "../engine/tf";
import { defineSampler, pairs, repeated, type Sampler } from "./sampler";

/** A network of flow matching: velocity at x and time t `[B]`, float32, 0 (noise) … 1 (data). */
export type VelocityField<X extends Batch = Images, C = Labels> = (
  x: X,
  t: tf.Tensor1D,
  condition?: C,
) => X;

/**
 * Euler's method along a flow from noise, t = 0, to data, t = 1.
 *
 * @eq FM.23 dx/dt = u(x, t)
 * @see Lipman et al. 2023, arXiv:2210.02747v2
 */
export function flowMatching<X extends Batch = Images, C = Labels>(
  velocity: VelocityField<X, C>,
): Sampler<X, C> {
  return defineSampler({
    times: (numSteps = 50) => Array.from(linspace(0, 1, numSteps + 1)),
    moves: (times) =>
      pairs(times).map(([t, tNext]) => {
        return { t, tNext, numbers: { time: t, change: tNext - t, left: 1 - t } };
      }),
    step({ x, condition }, { time, change, left }) {
      const u = velocity(x, repeated(time, x), condition);
      return { x: x.add(u.mul(change)), x0: x.add(u.mul(left)) };
    },
  });
}
