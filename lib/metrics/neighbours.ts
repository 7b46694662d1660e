import { ValueError } from "../core/errors";
import { assertInteger } from "../core/guard";
import type { tf } from "../engine/tf";
import { readBoth, type Rows, squaredDistance } from "./rows";

export type Neighbours = {
  /** Row of the nearest one. */
  readonly index: Int32Array;
  readonly distance: Float64Array;
};

/**
 * The nearest row of `bank` to each row of `samples`, by Euclidean distance: has a model made
 * something new, or a copy of a training picture?
 *
 * @param samples `[N, D]`, e.g. pictures reshaped to rows
 * @param bank `[M, D]`
 * @throws ShapeError, NonFiniteError
 */
export function nearestNeighbours(samples: tf.Tensor2D, bank: tf.Tensor2D): Neighbours {
  const [rows, others] = readBoth("nearestNeighbours", { samples, bank });
  const index = new Int32Array(rows.n);
  const distance = new Float64Array(rows.n).fill(Infinity);
  for (let i = 0; i < rows.n; i++) {
    for (let j = 0; j < others.n; j++) {
      const candidate = squaredDistance(rows, i, others, j);
      if (candidate < (distance[i] as number)) [distance[i], index[i]] = [candidate, j];
    }
  }
  return { index, distance: distance.map(Math.sqrt) };
}

export type ManifoldScores = {
  /** Share of generated samples inside the real manifold. */
  readonly precision: number;
  /** Share of real samples inside the generated manifold. */
  readonly recall: number;
  /** As precision, counting how many real balls hold each sample: robust to outliers, may pass 1. */
  readonly density: number;
  /** Share of real balls that hold a generated sample. */
  readonly coverage: number;
};

/**
 * Fidelity and diversity apart: each set's manifold is the union of balls around its samples that
 * reach to the `k`th neighbour (the sample itself not counted).
 *
 * @param real features `[N, D]`
 * @param generated features `[M, D]`
 * @throws ValueError unless 1 ≤ k < N and k < M; ShapeError, NonFiniteError
 * @see Kynkäänniemi et al. 2019, arXiv:1904.06991v3; Naeem et al. 2020, arXiv:2002.09797v2
 */
export function precisionRecall(
  real: tf.Tensor2D,
  generated: tf.Tensor2D,
  { k = 5 }: { readonly k?: number } = {},
): ManifoldScores {
  const [truth, made] = readBoth("precisionRecall", { real, generated });
  assertInteger("precisionRecall", "k", k);
  if (k >= truth.n || k >= made.n) {
    throw new ValueError(
      `precisionRecall: k = ${k} neighbours need more than ${k} samples on both sides, ` +
        `got ${truth.n} and ${made.n}.`,
    );
  }
  const [realRadius, madeRadius] = [squaredRadii(truth, k), squaredRadii(made, k)];
  const [holds, isHeld, isRecalled] = [
    new Int32Array(truth.n),
    new Int32Array(made.n),
    new Int32Array(truth.n),
  ];
  for (let i = 0; i < truth.n; i++) {
    for (let j = 0; j < made.n; j++) {
      const apart = squaredDistance(truth, i, made, j);
      if (apart < (realRadius[i] as number)) {
        holds[i] = (holds[i] as number) + 1;
        isHeld[j] = 1;
      }
      if (apart < (madeRadius[j] as number)) isRecalled[i] = 1;
    }
  }
  return {
    precision: sum(isHeld) / made.n,
    recall: sum(isRecalled) / truth.n,
    density: sum(holds) / (k * made.n),
    coverage: holds.filter((count) => count > 0).length / truth.n,
  };
}

/** Squared distance of each row to its kth neighbour. */
function squaredRadii(rows: Rows, k: number): Float64Array {
  const all = new Float64Array(rows.n);
  return Float64Array.from({ length: rows.n }, (_, i) => {
    for (let j = 0; j < rows.n; j++) all[j] = squaredDistance(rows, i, rows, j);
    all[i] = -1; // the row itself comes first, so that the kth neighbour stands at k
    return all.slice().sort()[k] as number;
  });
}

function sum(counts: Int32Array): number {
  return counts.reduce((total, count) => total + count, 0);
}
