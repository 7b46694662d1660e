import { assertFloats, assertInRange, assertTensor } from "../core/guard";
import { softmax } from "../core/ops";
import type { Loss } from "../core/types";
import { tf } from "../engine/tf";

/** Texts and pictures in one space of D features. */
export type WordsAndRegions = {
  /** e, a vector per word, `[Q, T, D]`. */
  readonly words: tf.Tensor3D;
  /** 1 for a word, 0 for padding, `[Q, T]`, float32. */
  readonly mask: tf.Tensor2D;
  /** v, a vector per region of a picture, `[P, N, D]`. */
  readonly regions: tf.Tensor3D;
};

export type MatchingOptions = {
  /** γ₁: how sharply a word picks its regions; 5 unless told. */
  readonly attentionSharpness?: number;
  /** γ₂: how much the best word counts above the others; 5 unless told. */
  readonly wordSharpness?: number;
};

/** Added to the scores of padding: e^−1e9 is 0. */
const EXCLUDED = -1e9;

/**
 * Which regions each word looks at, for every picture and text. Words first compete for each
 * region, regions then for each word.
 *
 * @eq ATTNGAN.9  s = eᵀv, s̄ = softmax of s over words, α = softmax of γ₁ s̄ over regions
 * @returns α `[P, Q, T, N]`, rows summing to 1; the caller owns it
 * @throws ShapeError, ValueError
 * @see Xu et al. 2018, arXiv:1711.10485v1, eq. 7–9
 */
export function wordRegionAttention(
  { words, mask, regions }: WordsAndRegions,
  { attentionSharpness = 5 }: Pick<MatchingOptions, "attentionSharpness"> = {},
): tf.Tensor4D {
  assertPair("wordRegionAttention", { words, mask, regions });
  assertSharpness("wordRegionAttention", "attentionSharpness", attentionSharpness);
  const [texts, length, size] = words.shape;
  const [pictures, places] = regions.shape;
  return tf.tidy(() => {
    const rows = words.reshape<tf.Tensor2D>([texts * length, size]);
    const columns = regions.reshape<tf.Tensor2D>([pictures * places, size]);
    const scores = tf
      .matMul(columns, rows, false, true)
      .reshape([pictures, places, texts, length])
      .transpose([0, 2, 1, 3]); // s (P, Q, N, T)
    const padding = tf.sub(1, mask).mul(EXCLUDED).reshape([1, texts, 1, length]);
    const byWord = softmax(scores.add(padding)).transpose([0, 1, 3, 2]); // s̄ (P, Q, T, N)
    return softmax(byWord.mul(attentionSharpness)) as tf.Tensor4D;
  });
}

/**
 * How well each picture fits each text: the words' best matches count most.
 *
 * @eq ATTNGAN.10  R = (1/γ₂) log Σ_i exp(γ₂ cos(c_i, e_i)), c_i = Σ_j α_ij v_j
 * @returns `[P, Q]`; the caller owns it
 * @throws ShapeError, ValueError
 * @see Xu et al. 2018, arXiv:1711.10485v1, eq. 9–10
 */
export function matchingScores(
  { words, mask, regions }: WordsAndRegions,
  { attentionSharpness = 5, wordSharpness = 5 }: MatchingOptions = {},
): tf.Tensor2D {
  assertSharpness("matchingScores", "wordSharpness", wordSharpness);
  assertPair("matchingScores", { words, mask, regions });
  const [texts, length, size] = words.shape;
  const [pictures, places] = regions.shape;
  return tf.tidy(() => {
    const attention = wordRegionAttention({ words, mask, regions }, { attentionSharpness });
    const flat = attention.reshape<tf.Tensor3D>([pictures, texts * length, places]);
    const contexts = tf.matMul(flat, regions).reshape([pictures, texts, length, size]); // c
    const similarity = cosine(contexts, words.expandDims(0)); // (P, Q, T)
    const padding = tf.sub(1, mask).mul(EXCLUDED).expandDims(0); // (1, Q, T)
    const sharpened = similarity.mul(wordSharpness).add(padding);
    return tf.logSumExp(sharpened, 2).div<tf.Tensor2D>(wordSharpness);
  });
}

export type MatchingLossOptions = {
  /** γ₃: how sharply the right partner is told from the others; 10 unless told. */
  readonly sharpness?: number;
  /**
   * 1 where picture p and text q fit although they come from different examples, such as two
   * examples of one caption; such pairs are no wrong answers. `[B, B]`, float32.
   */
  readonly alsoFit?: tf.Tensor2D;
};

/**
 * Find a picture's text among those of the batch, and a text's picture: the two cross-entropies.
 *
 * @eq ATTNGAN.11  −mean log P(text|picture) − mean log P(picture|text), P = softmax(γ₃ R)
 * @param scores R of every picture and text, `[B, B]`; the diagonal holds the right pairs
 * @returns a scalar; the caller owns it
 * @throws ShapeError, ValueError
 * @see Xu et al. 2018, arXiv:1711.10485v1, eq. 11–13
 */
export function matchingLoss(
  scores: tf.Tensor2D,
  { sharpness = 10, alsoFit }: MatchingLossOptions = {},
): Loss {
  assertTensor("matchingLoss", "scores", scores);
  const size = scores.shape[0];
  assertFloats("matchingLoss", "scores", scores, ["B", size as number]);
  assertSharpness("matchingLoss", "sharpness", sharpness);
  if (alsoFit !== undefined) assertFloats("matchingLoss", "alsoFit", alsoFit, scores.shape);
  return tf.tidy(() => {
    const diagonal = tf.eye(size);
    const excluded = alsoFit?.mul(tf.sub(1, diagonal)).mul(EXCLUDED);
    const sharp = scores.mul(sharpness);
    const logits = excluded === undefined ? sharp : sharp.add(excluded);
    const right = logits.mul(diagonal).sum(1); // (B)
    const wrongTexts = tf.logSumExp(logits, 1).sub(right);
    const wrongPictures = tf.logSumExp(logits, 0).sub(right);
    return wrongTexts.add(wrongPictures).mean<Loss>();
  });
}

/** Cosine similarity over the last axis. */
function cosine(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const norms = a.square().sum(-1).mul(b.square().sum(-1)).add(1e-12).sqrt();
  return a.mul(b).sum(-1).div(norms);
}

function assertPair(where: string, { words, mask, regions }: WordsAndRegions): void {
  assertFloats(where, "words", words, ["Q", "T", "D"]);
  assertFloats(where, "mask", mask, words.shape.slice(0, 2));
  assertFloats(where, "regions", regions, ["P", "N", words.shape[2]]);
}

function assertSharpness(where: string, name: string, value: number): void {
  assertInRange(where, name, value, [Number.MIN_VALUE, Number.MAX_VALUE]);
}
