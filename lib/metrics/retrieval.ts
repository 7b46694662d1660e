import { ShapeError } from "../core/errors";
import { assertFinite, assertFloats, assertInRange, assertInteger } from "../core/guard";
import type { tf } from "../engine/tf";

/**
 * Recall@k: the share of queries for which one of the k most similar candidates is right.
 *
 * @param similarity `[N, M]`, larger is closer
 * @param isRight whether candidate j answers query i; by default only j = i does, for N = M. Pass it
 *   where candidates may be alike, such as two pictures with the same caption
 * @throws ShapeError, NonFiniteError, ValueError
 */
export function recallAt(
  similarity: tf.Tensor2D,
  k: number,
  isRight?: (query: number, candidate: number) => boolean,
): number {
  assertFloats("recallAt", "similarity", similarity, ["N", "M"]);
  const [n, size] = similarity.shape;
  const values = similarity.dataSync<"float32">();
  assertFinite("recallAt", "similarity", values);
  assertInteger("recallAt", "k", k);
  assertInRange("recallAt", "k", k, [1, size]);
  if (isRight === undefined && n !== size) {
    throw new ShapeError(
      `recallAt: similarity must be square without isRight, got [${n}, ${size}].`,
    );
  }
  const answers = isRight ?? ((query, candidate) => query === candidate);
  const hits = Array.from({ length: n }, (_, query) => {
    const row = values.subarray(query * size, (query + 1) * size);
    const order = Array.from(row.keys()).sort((a, b) => (row[b] as number) - (row[a] as number));
    return order.slice(0, k).some((candidate) => answers(query, candidate));
  });
  return hits.filter(Boolean).length / n;
}
