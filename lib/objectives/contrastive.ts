import { assertFloats } from "../core/guard";
import { logSoftmax } from "../core/ops";
import type { Loss } from "../core/types";
import { tf } from "../engine/tf";

/** The loss of pictures with their captions, and its two sides: each `[]`. */
export type ContrastiveLoss = {
  readonly loss: Loss;
  /** Which caption belongs to the picture? */
  readonly imageToText: Loss;
  /** Which picture belongs to the caption? */
  readonly textToImage: Loss;
};

/**
 * Cosines between all pictures and all captions, times exp(logScale).
 *
 * @param image `[N, E]`
 * @param text `[M, E]`
 * @param logScale `[]`
 * @returns `[N, M]`; the caller owns it
 * @throws ShapeError
 */
export function contrastiveLogits(
  image: tf.Tensor2D,
  text: tf.Tensor2D,
  logScale: tf.Tensor,
): tf.Tensor2D {
  assertFloats("contrastiveLogits", "image", image, ["N", "E"]);
  assertFloats("contrastiveLogits", "text", text, ["M", image.shape[1]]);
  assertFloats("contrastiveLogits", "logScale", logScale, []);
  return tf.tidy(() =>
    tf.matMul(normalised(image), normalised(text), false, true).mul(logScale.exp()),
  );
}

/**
 * Symmetric InfoNCE: picture i and caption i belong together, all other pairs do not. Mean of two
 * cross-entropies, in nats; log N for embeddings that know nothing.
 *
 * @param image `[N, E]`, need not be normalised
 * @param text `[N, E]`
 * @param logScale logarithm of the factor on the cosines, `[]`
 * @returns three scalars; the caller owns them
 * @throws ShapeError
 * @see Radford et al. 2021, arXiv:2103.00020v1, figure 3
 */
export function contrastiveLoss(
  image: tf.Tensor2D,
  text: tf.Tensor2D,
  logScale: tf.Tensor,
): ContrastiveLoss {
  assertFloats("contrastiveLoss", "image", image, ["N", "E"]);
  assertFloats("contrastiveLoss", "text", text, image.shape);
  return tf.tidy(() => {
    const logits = contrastiveLogits(image, text, logScale); // (N, N)
    const imageToText = crossEntropyOfDiagonal(logits);
    const textToImage = crossEntropyOfDiagonal(logits.transpose());
    return { loss: imageToText.add(textToImage).div(2), imageToText, textToImage };
  });
}

/** Mean of −log softmax at (i, i). */
function crossEntropyOfDiagonal(logits: tf.Tensor2D): Loss {
  const own = logSoftmax(logits).mul(tf.eye(logits.shape[0])); // (N, N)
  return own.sum(1).mean().neg() as Loss;
}

function normalised(x: tf.Tensor2D): tf.Tensor2D {
  const squaredLength = x.square().sum(1, true);
  return x.mul(squaredLength.add(Number.EPSILON).rsqrt());
}
