import {
  assertDtype,
  assertFloats,
  assertInRange,
  assertInteger,
  assertOneOf,
  assertReal,
  assertSameShape,
} from "../core/guard";
import { erfc, sigmoid } from "../core/ops";
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

export type DiscretisedGaussianOptions = {
  /** Grey levels in [−1, 1], both ends included; 256 unless told. */
  readonly levels?: number;
  /** The normal distribution function, or the tanh approximation in OpenAI's code. */
  readonly cdf?: "exact" | "tanh";
};

/** No pixel is less likely than this. */
const LEAST = 1e-12;

/**
 * Pixels as grey levels: log of the mass that N(mean, exp(logVar)) puts on the bin of each level.
 * The outermost bins reach to ±∞, so that the masses of all levels add up to 1.
 *
 * @eq DDPM.13
 * @param mean `[B, ...]`
 * @param x grey levels in [−1, 1], same shape
 * @param logVar log σ²: one number, or a tensor that broadcasts to `mean`
 * @returns nats per example, `[B]`, below 0; the caller owns it
 * @throws ShapeError if the shapes of mean and x differ
 */
export function discretisedGaussianLogLikelihood(
  mean: tf.Tensor,
  x: tf.Tensor,
  logVar: tf.Tensor | number,
  { levels = 256, cdf = "exact" }: DiscretisedGaussianOptions = {},
): tf.Tensor1D {
  assertArguments(mean, x, logVar);
  assertInteger("discretisedGaussianLogLikelihood", "levels", levels, 2);
  assertOneOf("discretisedGaussianLogLikelihood", "cdf", cdf, ["exact", "tanh"]);
  const half = 1 / (levels - 1); // of a bin
  const distribution = cdf === "exact" ? normalCdf : tanhCdf;
  return tf.tidy(() => {
    const precision = tf.exp(tf.mul(logVar, -0.5)); // 1 / σ
    const distance = x.sub(mean);
    const below = (edge: tf.Tensor): tf.Tensor => distribution(edge.mul(precision)); // Φ(edge / σ)
    // A bin and its mirror image have the same mass; below the mean it keeps its digits.
    const near = distance.abs().neg();
    const inside = below(near.add(half)).sub(below(near.sub(half)));
    const lowest = below(distance.add(half)); // reaches to −∞
    const highest = below(tf.sub(half, distance)); // reaches to ∞
    const upper = tf.where(x.greater(1 - half), highest, inside);
    const mass = tf.where(x.less(half - 1), lowest, upper);
    return sumPerExample(tf.maximum(mass, LEAST).log());
  });
}

/** Φ(x) = erfc(−x / √2) / 2. */
function normalCdf(x: tf.Tensor): tf.Tensor {
  return erfc(x.mul(-Math.SQRT1_2)).mul(0.5);
}

/** ½ (1 + tanh u) = σ(2u), u = √(2/π) (x + 0.044715 x³). */
function tanhCdf(x: tf.Tensor): tf.Tensor {
  return sigmoid(x.add(x.square().mul(x).mul(0.044715)).mul(2 * Math.sqrt(2 / Math.PI)));
}

function assertArguments(mean: tf.Tensor, x: tf.Tensor, logVar: tf.Tensor | number): void {
  const where = "discretisedGaussianLogLikelihood";
  assertSameShape(where, ["mean", "x"], [mean, x]);
  assertFloats(where, "mean", mean, mean.shape);
  assertFloats(where, "x", x, mean.shape);
  if (typeof logVar === "number") assertReal(where, "logVar", logVar);
  else if (logVar instanceof tf.Tensor) assertFloats(where, "logVar", logVar, logVar.shape);
  else assertReal(where, "logVar", NaN);
}
