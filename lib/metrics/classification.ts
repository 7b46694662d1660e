import { ValueError } from "../core/errors";
import { assertFinite, assertFloats, assertInteger } from "../core/guard";
import type { tf } from "../engine/tf";
import { readRows, type Rows } from "./rows";

/**
 * exp E KL(p(y|x) ‖ p(y)), over a classifier's predictions for generated pictures: from 1 (always
 * the same answer, or never sure) to the number of classes.
 *
 * @param logits `[N, K]`
 * @param options `splits`: how many equal parts, in order, are scored apart (N divisible by it)
 * @returns mean over the parts and their standard deviation (divisor: the number of parts)
 * @throws ShapeError, ValueError
 * @see Salimans et al. 2016, arXiv:1606.03498v1, section 4
 */
export function inceptionScore(
  logits: tf.Tensor2D,
  { splits = 1 }: { readonly splits?: number } = {},
): { readonly mean: number; readonly std: number } {
  assertFloats("inceptionScore", "logits", logits, ["N", "K"]);
  assertInteger("inceptionScore", "splits", splits);
  const [n] = logits.shape;
  if (n % splits !== 0) {
    throw new ValueError(
      `inceptionScore: ${n} predictions do not split into ${splits} equal parts.`,
    );
  }
  const rows = readRows("inceptionScore", "logits", logits);
  const perPart = n / splits;
  const scores = Array.from({ length: splits }, (_, part) =>
    Math.exp(meanDivergence(rows, part * perPart, perPart)),
  );
  const mean = scores.reduce((sum, score) => sum + score, 0) / splits;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / splits;
  return { mean, std: Math.sqrt(variance) };
}

/** E KL(p(y|x) ‖ p(y)) over `count` rows from row `first` on; 0 log 0 = 0. */
function meanDivergence({ values, size }: Rows, first: number, count: number): number {
  const p = Array.from({ length: count }, (_, i) =>
    softmax(values.subarray((first + i) * size, (first + i + 1) * size)),
  );
  let divergence = 0;
  for (let k = 0; k < size; k++) {
    const marginal = p.reduce((sum, row) => sum + (row[k] as number), 0) / count;
    for (const row of p) {
      const probability = row[k] as number;
      if (probability > 0) divergence += probability * Math.log(probability / marginal);
    }
  }
  return divergence / count;
}

function softmax(logits: Float32Array): Float64Array {
  const max = Math.max(...logits);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - max));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/**
 * How even the classes of generated pictures are: the distance between their shares and `expected`,
 * half of Σ|share − expected|, from 0 (the same) to 1 (nothing in common).
 *
 * @param labels predicted classes, 0…K−1
 * @param expected shares of the K classes, of sum 1
 * @throws ValueError for a label out of range, or none
 */
export function classImbalance(labels: ArrayLike<number>, expected: ArrayLike<number>): number {
  assertFinite("classImbalance", "expected", expected);
  const shares = sharesOf("classImbalance", labels, expected.length);
  return shares.reduce((sum, share, k) => sum + Math.abs(share - (expected[k] as number)), 0) / 2;
}

/**
 * How frequent each class is, of sum 1.
 *
 * @param labels classes, 0…K−1
 * @throws ValueError for a label out of range, or none
 */
export function classShares(labels: ArrayLike<number>, numClasses: number): Float64Array {
  assertInteger("classShares", "numClasses", numClasses);
  return sharesOf("classShares", labels, numClasses);
}

function sharesOf(where: string, labels: ArrayLike<number>, numClasses: number): Float64Array {
  assertInteger(where, "the number of labels", labels.length);
  const shares = new Float64Array(numClasses);
  Array.from(labels).forEach((label, i) => {
    if (!Number.isInteger(label) || label < 0 || label >= numClasses) {
      throw new ValueError(
        `${where}: label ${i} must be one of 0…${numClasses - 1}, got ${label}.`,
      );
    }
    shares[label] = (shares[label] as number) + 1 / labels.length;
  });
  return shares;
}
