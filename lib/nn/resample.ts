import { ShapeError } from "../core/errors";
import { assertFloats, assertInteger } from "../core/guard";
import { tf } from "../engine/tf";

/**
 * Each pixel becomes a square of `factor`² equal ones. Its gradient sums over the squares, which
 * is `averagePool` up to a factor: the two are each other's gradients, to any order.
 *
 * @param x `[B, H, W, C]`
 * @returns `[B, factor·H, factor·W, C]`; the caller owns it
 */
export function upsampleNearest(x: tf.Tensor4D, factor = 2): tf.Tensor4D {
  assertPictures("upsampleNearest", x, factor);
  const [, height, width] = x.shape;
  return tf.customGrad((pictures) => ({
    value: tf.image.resizeNearestNeighbor(pictures as tf.Tensor4D, [
      height * factor,
      width * factor,
    ]),
    gradFunc: (dy: tf.Tensor) => averagePool(dy as tf.Tensor4D, factor).mul(factor ** 2),
  }))(x) as tf.Tensor4D;
}

/**
 * The mean of each square of `factor`² pixels.
 *
 * @param x `[B, H, W, C]`, H and W divisible by `factor`
 * @returns `[B, H / factor, W / factor, C]`; the caller owns it
 */
export function averagePool(x: tf.Tensor4D, factor = 2): tf.Tensor4D {
  assertPictures("averagePool", x, factor);
  assertDivisible("averagePool", x, factor);
  return tf.customGrad((pictures) => ({
    value: tf.avgPool(pictures as tf.Tensor4D, factor, factor, "valid"),
    gradFunc: (dy: tf.Tensor) => upsampleNearest(dy as tf.Tensor4D, factor).div(factor ** 2),
  }))(x) as tf.Tensor4D;
}

/**
 * The largest value of each square of `factor`² pixels. First derivatives only.
 *
 * @param x `[B, H, W, C]`, H and W divisible by `factor`
 * @returns `[B, H / factor, W / factor, C]`; the caller owns it
 */
export function maxPool(x: tf.Tensor4D, factor = 2): tf.Tensor4D {
  assertPictures("maxPool", x, factor);
  assertDivisible("maxPool", x, factor);
  return tf.maxPool(x, factor, factor, "valid");
}

export type BilinearOptions = {
  /**
   * Whether the centres of the corner pixels stay in place. No unless told: the outer *edges* do,
   * as in PyTorch (`align_corners=False`), PIL and TensorFlow 2. tfjs's default is neither.
   */
  readonly alignCorners?: boolean;
};

/**
 * Enlarge with linear interpolation in both directions.
 *
 * @param x `[B, H, W, C]`
 * @returns `[B, factor·H, factor·W, C]`; the caller owns it
 */
export function upsampleBilinear(
  x: tf.Tensor4D,
  factor = 2,
  { alignCorners = false }: BilinearOptions = {},
): tf.Tensor4D {
  assertPictures("upsampleBilinear", x, factor);
  const [batch, height, width, channels] = x.shape;
  return tf.tidy(() => {
    // Matrix products, since tfjs-node's own gradient of resizeBilinear ignores half-pixel centres.
    const vertical = interpolation(height, factor, alignCorners); // (1, fH, H)
    const horizontal = interpolation(width, factor, alignCorners); // (1, fW, W)
    const rows = x.reshape([batch, height, width * channels]);
    const tall = tf.matMul(vertical, rows); // (B, fH, W C)
    const columns = tall.reshape([batch * factor * height, width, channels]);
    const large = tf.matMul(horizontal, columns); // (B fH, fW, C)
    return large.reshape([batch, factor * height, factor * width, channels]);
  });
}

/** `[1, factor·size, size]`: how much of each old pixel a new one takes. */
function interpolation(size: number, factor: number, alignCorners: boolean): tf.Tensor {
  const newSize = factor * size;
  const weights = new Float32Array(newSize * size);
  for (let i = 0; i < newSize; i++) {
    const place = alignCorners
      ? (i * (size - 1)) / Math.max(newSize - 1, 1)
      : (i + 0.5) / factor - 0.5;
    const inside = Math.min(Math.max(place, 0), size - 1);
    const before = Math.min(Math.floor(inside), Math.max(size - 2, 0));
    const share = inside - before;
    weights[i * size + before] = 1 - share;
    if (share > 0) weights[i * size + before + 1] = share;
  }
  return tf.tensor(weights, [1, newSize, size]);
}

function assertPictures(where: string, x: tf.Tensor4D, factor: number): void {
  assertInteger(where, "factor", factor);
  assertFloats(where, "x", x, ["B", "H", "W", "C"]);
}

function assertDivisible(where: string, { shape }: tf.Tensor4D, factor: number): void {
  const [, height, width] = shape;
  if (height % factor === 0 && width % factor === 0) return;
  throw new ShapeError(
    `${where}: ${height} × ${width} pixels do not divide into squares of ${factor} × ${factor}.`,
  );
}
