import { CholeskyDecomposition, inverse, Matrix } from "ml-matrix";

import { ShapeError, ValueError } from "../core/errors";
import { assertFinite, assertInRange, assertInteger, assertReal } from "../core/guard";
import type { Rng } from "../core/random";

/** N(mean, covariance) in float64 on the host; covariance is `[D][D]`, positive definite. */
export type Gaussian = {
  readonly mean: readonly number[];
  readonly covariance: readonly (readonly number[])[];
};

const LOG_TWO_PI = Math.log(2 * Math.PI);

/** N(mean, diag(variance)). */
export function diagonalCovariance(mean: readonly number[], variance: readonly number[]): Gaussian {
  if (mean.length !== variance.length) {
    throw new ShapeError(
      `diagonalCovariance: mean has ${mean.length} numbers, variance ${variance.length}.`,
    );
  }
  assertFinite("diagonalCovariance", "mean", mean);
  for (const value of variance) {
    assertInRange("diagonalCovariance", "variance", value, [0, Number.MAX_VALUE]);
  }
  return { mean, covariance: Matrix.diag([...variance]).to2DArray() };
}

/** log N(x; mean, covariance), nats. @throws ShapeError, ValueError as `factor` */
export function gaussianLogPdf(x: readonly number[], gaussian: Gaussian): number {
  const { cholesky, logDeterminant } = factor("gaussianLogPdf", gaussian);
  const difference = columnDifference(x, gaussian.mean);
  const squaredDistance = difference.transpose().mmul(cholesky.solve(difference)).get(0, 0);
  return -0.5 * (x.length * LOG_TWO_PI + logDeterminant + squaredDistance);
}

/**
 * KL(q ‖ p) between Gaussians with full covariances, in nats.
 *
 * @eq R.2  ½ (tr(Σ_p⁻¹ Σ_q) + (μ_p − μ_q)ᵀ Σ_p⁻¹ (μ_p − μ_q) − D + log det Σ_p / det Σ_q)
 * @throws ShapeError if the sizes differ; ValueError if a covariance is not positive definite
 */
export function klGaussian(q: Gaussian, p: Gaussian): number {
  const [qFactor, pFactor] = [factor("klGaussian", q), factor("klGaussian", p)];
  const trace = pFactor.cholesky.solve(matrix(q.covariance)).trace();
  const difference = columnDifference(p.mean, q.mean);
  const distance = difference.transpose().mmul(pFactor.cholesky.solve(difference)).get(0, 0);
  const logRatio = pFactor.logDeterminant - qFactor.logDeterminant;
  return 0.5 * (trace + distance - q.mean.length + logRatio);
}

/**
 * What guidance of scale s is said to sample: p(x) p(y | x)^s ∝ p(x)^{1−s} p(x | y)^s, which for
 * Gaussians is a Gaussian again. At s = 1 it is p(x | y). A diffusion guided at every step does not
 * sample it for another s; this is the target it is judged by.
 *
 * @eq R.15
 * @param prior p(x)
 * @param conditional p(x | y)
 * @throws ValueError if there is no such distribution: s above 1 needs a conditional narrower than
 *   the prior
 */
export function tiltGaussian(prior: Gaussian, conditional: Gaussian, scale: number): Gaussian {
  assertReal("tiltGaussian", "scale", scale);
  factor("tiltGaussian", prior);
  factor("tiltGaussian", conditional);
  columnDifference(prior.mean, conditional.mean);
  const parts = [prior, conditional].map(({ mean, covariance }, i) => {
    const precision = inverse(matrix(covariance)).mul(i === 0 ? 1 - scale : scale);
    return { precision, pull: precision.mmul(Matrix.columnVector([...mean])) };
  }) as [Part, Part];
  const precision = parts[0].precision.add(parts[1].precision);
  const covariance = inverse(precision.add(precision.transpose()).div(2));
  const mean = covariance.mmul(parts[0].pull.add(parts[1].pull)).to1DArray();
  const tilted = { mean, covariance: covariance.add(covariance.transpose()).div(2).to2DArray() };
  factor("tiltGaussian", tilted);
  return tilted;
}

type Part = { readonly precision: Matrix; readonly pull: Matrix };

/** `count` samples, one a row: mean + L ε, where L Lᵀ = covariance. */
export function sampleGaussian(gaussian: Gaussian, count: number, rng: Rng): number[][] {
  assertInteger("sampleGaussian", "count", count);
  const { cholesky } = factor("sampleGaussian", gaussian);
  const size = gaussian.mean.length;
  const noise = Matrix.from1DArray(count, size, rng.normalArray(count * size));
  return noise
    .mmul(cholesky.lowerTriangularMatrix.transpose())
    .addRowVector([...gaussian.mean])
    .to2DArray();
}

/** ml-matrix takes mutable rows and copies them. */
export function matrix(rows: readonly (readonly number[])[]): Matrix {
  return new Matrix(rows as number[][]);
}

/** a − b as a column. @throws ShapeError if the lengths differ */
export function columnDifference(a: readonly number[], b: readonly number[]): Matrix {
  if (a.length !== b.length) {
    throw new ShapeError(`Gaussian: vectors of ${a.length} and ${b.length} numbers do not meet.`);
  }
  assertFinite("Gaussian", "a vector", a);
  assertFinite("Gaussian", "a vector", b);
  return Matrix.columnVector(a.map((value, i) => value - (b[i] as number)));
}

/** Refuse rows that are no matrix of finite numbers. @throws ShapeError, NonFiniteError */
export function assertMatrix(
  where: string,
  name: string,
  rows: readonly (readonly number[])[],
): void {
  const width = rows[0]?.length ?? 0;
  if (width === 0 || rows.some((row) => row.length !== width)) {
    throw new ShapeError(`${where}: ${name} must have rows of one length, and one at least.`);
  }
  assertFinite(where, name, rows.flat());
}

function factor(
  where: string,
  { mean, covariance }: Gaussian,
): { cholesky: CholeskyDecomposition; logDeterminant: number } {
  const size = mean.length;
  if (covariance.length !== size || covariance.some((row) => row.length !== size)) {
    throw new ShapeError(`${where}: covariance must be [${size}][${size}], as long as the mean.`);
  }
  assertFinite(where, "mean", mean);
  assertFinite(where, "covariance", covariance.flat());
  if (!matrix(covariance).isSymmetric()) {
    throw new ValueError(`${where}: covariance must be symmetric.`);
  }
  const cholesky = new CholeskyDecomposition(matrix(covariance));
  if (!cholesky.isPositiveDefinite()) {
    throw new ValueError(`${where}: covariance must be positive definite.`);
  }
  const diagonal = cholesky.lowerTriangularMatrix.diagonal();
  return { cholesky, logDeterminant: diagonal.reduce((sum, l) => sum + 2 * Math.log(l), 0) };
}
