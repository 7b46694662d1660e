import { assertDtype, assertInRange, assertReal, assertSameShape } from "../core/guard";
import { tf } from "../engine/tf";

const LOG_TWO_PI = Math.log(2 * Math.PI);

/**
 * log p(x|z) given what the decoder returned for z: nats per example, summed over pixels. A decoder
 * is a network; which distribution its output stands for is decided here, and can be swapped.
 */
export type LogLikelihood = (decoded: tf.Tensor, x: tf.Tensor) => tf.Tensor1D;

/** Sum over every axis but the first: `[B, ...]` → `[B]`. */
function sumPerExample(values: tf.Tensor): tf.Tensor1D {
  return values.reshape<tf.Tensor2D>([values.shape[0] as number, -1]).sum(1);
}

/**
 * Pixels as coins: log p(x|z) = Σ x log p + (1 − x) log(1 − p), p = sigmoid(logits), computed as
 * Σ x·logit − softplus(logit), which is finite for every logit.
 *
 * On grey levels x is a weight, not an outcome, so this is the usual surrogate and not the
 * logarithm of a normalised density of grey pictures.
 *
 * @param logits log p/(1−p), `[B, ...]`
 * @param x grey levels in [0, 1], same shape
 * @returns nats per example, `[B]`, at most 0; the caller owns it
 * @throws ShapeError if the shapes differ
 */
export function bernoulliLogLikelihood(logits: tf.Tensor, x: tf.Tensor): tf.Tensor1D {
  assertSameShape("bernoulliLogLikelihood", ["logits", "x"], [logits, x]);
  assertDtype("bernoulliLogLikelihood", "logits", logits, "float32");
  assertDtype("bernoulliLogLikelihood", "x", x, "float32");
  return tf.tidy(() => sumPerExample(x.mul(logits).sub(tf.softplus(logits))));
}

/**
 * Pixels as measurements with Gaussian noise: log N(x; mean, exp(logVar)), with its constant.
 *
 * @param mean `[B, ...]`
 * @param x same shape
 * @param logVar log σ² of each pixel's noise: one number, or a tensor that broadcasts to `mean`
 * @returns nats per example, `[B]`; a density, so it can be above 0; the caller owns it
 * @throws ShapeError if the shapes of mean and x differ
 */
export function gaussianLogLikelihood(
  mean: tf.Tensor,
  x: tf.Tensor,
  logVar: number | tf.Tensor,
): tf.Tensor1D {
  assertSameShape("gaussianLogLikelihood", ["mean", "x"], [mean, x]);
  assertDtype("gaussianLogLikelihood", "mean", mean, "float32");
  assertDtype("gaussianLogLikelihood", "x", x, "float32");
  if (logVar instanceof tf.Tensor) {
    assertDtype("gaussianLogLikelihood", "logVar", logVar, "float32");
  } else assertReal("gaussianLogLikelihood", "logVar", logVar);
  return tf.tidy(() => {
    const logVariance = tf.zerosLike(mean).add(logVar); // (B, ...)
    const squaredDistance = x.sub(mean).square().div(logVariance.exp());
    return sumPerExample(squaredDistance.add(logVariance).add(LOG_TWO_PI)).mul(-0.5);
  });
}

/**
 * A likelihood for `elbo`: pixels in [0, 1] with mean sigmoid(logits) and noise of one known size.
 *
 * @param std σ of the noise, in units of the whole grey range; above 0
 * @throws ValueError if std is not above 0
 */
export function gaussianPixels(std: number): LogLikelihood {
  assertInRange("gaussianPixels", "std", std, [Number.MIN_VALUE, Number.MAX_VALUE]);
  const logVar = 2 * Math.log(std);
  return (logits, x) => tf.tidy(() => gaussianLogLikelihood(tf.sigmoid(logits), x, logVar));
}
