import { ShapeError } from "../core/errors";
import { assertFloats, assertInteger, assertSizes } from "../core/guard";
import { tf } from "../engine/tf";

/**
 * Cut pictures into squares, row by row; within one the order is row, column, channel.
 *
 * @param x `[B, H, W, C]`, H and W divisible by `patchSize`
 * @returns `[B, (H / p)·(W / p), p²·C]`; the caller owns it
 * @throws ShapeError, ValueError
 * @see Peebles & Xie 2022, arXiv:2212.09748v2, §3.2
 */
export function patchify(x: tf.Tensor4D, patchSize: number): tf.Tensor3D {
  assertInteger("patchify", "patchSize", patchSize);
  assertFloats("patchify", "x", x, ["B", "H", "W", "C"]);
  const [batch, height, width, channels] = x.shape;
  if (height % patchSize !== 0 || width % patchSize !== 0) {
    throw new ShapeError(
      `patchify: ${height} × ${width} pixels do not divide into patches of ${patchSize}.`,
    );
  }
  const [rows, columns] = [height / patchSize, width / patchSize];
  return tf.tidy(() =>
    x
      .reshape([batch * rows, patchSize, columns, patchSize * channels])
      .transpose([0, 2, 1, 3]) // (B rows, columns, p, p C)
      .reshape([batch, rows * columns, patchSize * patchSize * channels]),
  );
}

/**
 * The inverse of `patchify`.
 *
 * @param tokens `[B, rows·columns, p²·C]`
 * @param grid rows and columns of patches
 * @returns `[B, rows·p, columns·p, C]`; the caller owns it
 * @throws ShapeError, ValueError
 */
export function unpatchify(
  tokens: tf.Tensor3D,
  patchSize: number,
  grid: readonly [rows: number, columns: number],
): tf.Tensor4D {
  assertInteger("unpatchify", "patchSize", patchSize);
  assertSizes("unpatchify", "grid", grid);
  const [rows, columns] = grid;
  assertFloats("unpatchify", "tokens", tokens, ["B", rows * columns, "features"]);
  const [batch, , features] = tokens.shape;
  const channels = features / patchSize ** 2;
  if (!Number.isInteger(channels)) {
    throw new ShapeError(
      `unpatchify: ${features} features are no ${patchSize} × ${patchSize} pixels.`,
    );
  }
  return tf.tidy(() =>
    tokens
      .reshape([batch * rows, columns, patchSize, patchSize * channels])
      .transpose([0, 2, 1, 3]) // (B rows, p, columns, p C)
      .reshape([batch, rows * patchSize, columns * patchSize, channels]),
  );
}
