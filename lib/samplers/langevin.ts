import { assertInRange, assertReal } from "../core/guard";
import type { Batch } from "../core/types";
import { assertAlike } from "../diffusion/at-timesteps";
import { tf } from "../engine/tf";
import { assertNumber } from "./guard";

/**
 * One step of Langevin dynamics: uphill in log p by half the step, and noise of the step's variance.
 * Repeated, it samples p itself, but for a bias that vanishes with the step.
 *
 * @eq NCSN.4  x + α/2 ∇ log p(x) + √α z
 * @param batches `x`, its `score` and `noise` z ~ N(0, I), of one shape
 * @param stepSize α, a number or a scalar
 * @returns same shape; the caller owns it
 * @throws ShapeError, ValueError
 * @see Song & Ermon 2019, arXiv:1907.05600v3, §2.2
 */
export function langevinStep<X extends Batch>(
  { x, score, noise }: { readonly x: X; readonly score: X; readonly noise: X },
  stepSize: number | tf.Scalar,
): X {
  assertAlike("langevinStep", { x, score, noise });
  assertNumber("langevinStep", "stepSize", stepSize);
  if (typeof stepSize === "number") {
    assertInRange("langevinStep", "stepSize", stepSize, [0, Number.MAX_VALUE]);
  }
  return tf.tidy(() => {
    const climb = score.mul(tf.mul(stepSize, 0.5));
    return x.add(climb).add(noise.mul(tf.sqrt(stepSize))) as X;
  });
}

/**
 * The step of a corrector whose signal-to-noise ratio is `snr`: half of α in `langevinStep`.
 *
 * @eq SDE.A4  α/2 = 2 (r ‖z‖ / ‖s‖)², lengths averaged over the batch
 * @param batches `score` and `noise`, `[B, ...]` both
 * @returns α/2, a scalar; the caller owns it
 * @see Song et al. 2021, arXiv:2011.13456v2, algorithm 4
 */
export function correctorStepSize<X extends Batch>(
  { score, noise }: { readonly score: X; readonly noise: X },
  snr: number,
): tf.Scalar {
  assertAlike("correctorStepSize", { score, noise });
  assertReal("correctorStepSize", "snr", snr);
  return tf.tidy(() => {
    const ratio = meanLength(noise).div(meanLength(score)).mul(snr);
    return ratio.square().mul<tf.Scalar>(2);
  });
}

function meanLength(v: Batch): tf.Tensor {
  return v
    .reshape([v.shape[0] as number, -1])
    .square()
    .sum(1)
    .sqrt()
    .mean();
}
