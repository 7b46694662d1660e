import { ValueError } from "../core/errors";
import { assertFloats, assertInRange, assertInteger, assertSameShape } from "../core/guard";
import type { Images } from "../core/types";
import { tf } from "../engine/tf";

export type ImageRange = {
  /** Distance between black and white: 1 for [0, 1], 2 for [−1, 1], 255 for bytes. */
  readonly dataRange: number;
};

/**
 * Peak signal-to-noise ratio of each picture, 10 log₁₀(range² / MSE), in dB; infinite for equal ones.
 *
 * @param reference `[B, H, W, C]`
 * @param images same shape
 * @returns `[B]`
 * @throws ShapeError, ValueError
 */
export function psnr(reference: Images, images: Images, options: ImageRange): tf.Tensor1D {
  assertPair("psnr", [reference, images], options);
  return tf.tidy(() => {
    const meanSquare = reference.squaredDifference(images).mean([1, 2, 3]);
    const decibel = meanSquare
      .div(options.dataRange ** 2)
      .log()
      .mul(-10 / Math.LN10);
    return tf.where<tf.Tensor>(meanSquare.equal(0), tf.scalar(Infinity), decibel) as tf.Tensor1D;
  });
}

/** The window that SSIM looks through: 11 pixels, Gaussian, σ = 1.5. */
const WINDOW = 11;
const SIGMA = 1.5;

/**
 * Structural similarity of each picture, mean over the places where the whole window fits and over
 * channels: 1 for equal pictures.
 *
 * (2 μ_x μ_y + C₁)(2 σ_xy + C₂) / ((μ_x² + μ_y² + C₁)(σ_x² + σ_y² + C₂))
 *
 * @param reference `[B, H, W, C]`, at least 11 × 11 pixels
 * @param images same shape
 * @returns `[B]`
 * @throws ShapeError, ValueError
 * @see Wang et al. 2004, "Image quality assessment", IEEE TIP 13(4)
 */
export function ssim(reference: Images, images: Images, options: ImageRange): tf.Tensor1D {
  assertPair("ssim", [reference, images], options);
  assertWindowFits("ssim", reference);
  return tf.tidy(() => {
    const { luminance, contrast } = comparisons(reference, images, options.dataRange);
    return luminance.mul(contrast).mean([1, 2, 3]) as tf.Tensor1D;
  });
}

/** Weights of the five scales, from the finest, that observers were asked for. */
const SCALE_WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/**
 * SSIM over several scales: contrast and structure at each, luminance at the coarsest, each scale
 * half the size of the one before.
 *
 * @param reference `[B, H, W, C]`; the coarsest scale must hold an 11 × 11 window
 * @param images same shape
 * @param options `weights` of the scales from the finest, of sum 1
 * @returns `[B]`
 * @throws ShapeError, ValueError
 * @see Wang, Simoncelli & Bovik 2003, "Multi-scale structural similarity", Asilomar
 */
export function multiScaleSsim(
  reference: Images,
  images: Images,
  { weights = SCALE_WEIGHTS, dataRange }: ImageRange & { readonly weights?: readonly number[] },
): tf.Tensor1D {
  const where = "multiScaleSsim";
  assertPair(where, [reference, images], { dataRange });
  assertInteger(where, "the number of weights", weights.length);
  weights.forEach((weight) => assertInRange(where, "a weight", weight, [0, 1]));
  return tf.tidy(() => {
    let [x, y] = [reference, images];
    const factors = weights.map((weight, scale) => {
      if (scale > 0) [x, y] = [halve(x), halve(y)];
      assertWindowFits(where, x);
      const { luminance, contrast } = comparisons(x, y, dataRange);
      const isLast = scale === weights.length - 1;
      const similarity = (isLast ? luminance.mul(contrast) : contrast).mean([1, 2]); // (B, C)
      return similarity.relu().pow(weight);
    });
    return factors.reduce((product, factor) => product.mul(factor)).mean(1) as tf.Tensor1D;
  });
}

function halve(x: Images): Images {
  return tf.avgPool(x, 2, 2, "valid");
}

function comparisons(
  x: Images,
  y: Images,
  dataRange: number,
): { readonly luminance: tf.Tensor; readonly contrast: tf.Tensor } {
  const [c1, c2] = [(0.01 * dataRange) ** 2, (0.03 * dataRange) ** 2];
  const window = gaussianWindow(x.shape[3]);
  const local = (z: Images): tf.Tensor4D => tf.depthwiseConv2d(z, window, 1, "valid");
  const [muX, muY] = [local(x), local(y)];
  const product = muX.mul(muY);
  const squares = muX.square().add(muY.square());
  const covariance = local(x.mul(y)).sub(product);
  const variances = local(x.square().add(y.square())).sub(squares);
  return {
    luminance: product.mul(2).add(c1).div(squares.add(c1)),
    contrast: covariance.mul(2).add(c2).div(variances.add(c2)),
  };
}

/** `[11, 11, C, 1]`, of sum 1 for each channel. */
function gaussianWindow(channels: number): tf.Tensor4D {
  const line = tf.range(0, WINDOW).sub((WINDOW - 1) / 2);
  const weights = line
    .square()
    .div(-2 * SIGMA ** 2)
    .exp();
  const unit = weights.div(weights.sum()); // (11)
  const square = tf.outerProduct(unit as tf.Tensor1D, unit as tf.Tensor1D);
  return square.reshape([WINDOW, WINDOW, 1, 1]).tile([1, 1, channels, 1]);
}

function assertPair(
  where: string,
  [reference, images]: readonly [Images, Images],
  { dataRange }: ImageRange,
): void {
  assertFloats(where, "reference", reference, ["B", "H", "W", "C"]);
  assertFloats(where, "images", images, ["B", "H", "W", "C"]);
  assertSameShape(where, ["reference", "images"], [reference, images]);
  assertInRange(where, "dataRange", dataRange, [Number.MIN_VALUE, Number.MAX_VALUE]);
}

function assertWindowFits(where: string, { shape: [, height, width] }: Images): void {
  if (height >= WINDOW && width >= WINDOW) return;
  throw new ValueError(
    `${where}: pictures must have at least ${WINDOW} × ${WINDOW} pixels, ` +
      `the size of its window; got ${height} × ${width}.`,
  );
}
