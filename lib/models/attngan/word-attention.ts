import { assertFloats } from "../../core/guard";
import { softmax } from "../../core/ops";
import { tf } from "../../engine/tf";

/** Added to the scores of padding: e^−1e9 is 0. */
const MASKED = -1e9;

/** What each region of a picture takes from the words. */
export type WordContext = {
  /** c, `[B, N, D]` */
  readonly context: tf.Tensor3D;
  /** β, `[B, N, T]`, rows summing to 1; 0 for padding. */
  readonly attention: tf.Tensor3D;
};

/**
 * For each region, the mean of the words' vectors, weighted by how well each fits the region.
 *
 * @eq ATTNGAN.2  c_j = Σ_i β_ji e_i, β_j = softmax over words of h_jᵀ e_i
 * @param regions h, `[B, N, D]`
 * @param words e, `[B, T, D]`
 * @param mask 1 for words, 0 for padding, `[B, T]`, float32
 * @returns two tensors; the caller owns them
 * @throws ShapeError
 * @see Xu et al. 2018, arXiv:1711.10485v1, eq. 2
 */
export function wordContext(
  regions: tf.Tensor3D,
  words: tf.Tensor3D,
  mask: tf.Tensor2D,
): WordContext {
  assertFloats("wordContext", "regions", regions, ["B", "N", "D"]);
  const [batch, , size] = regions.shape;
  assertFloats("wordContext", "words", words, [batch, "T", size]);
  const length = words.shape[1];
  assertFloats("wordContext", "mask", mask, [batch, length]);
  return tf.tidy(() => {
    const padding = tf.sub(1, mask).mul(MASKED).expandDims(1); // (B, 1, T)
    const scores = tf.matMul(regions, words, false, true).add(padding); // (B, N, T)
    const attention = softmax(scores as tf.Tensor3D);
    return { context: tf.matMul(attention, words), attention };
  });
}
