import { EigenvalueDecomposition, Matrix } from "ml-matrix";

import { ShapeError } from "../core/errors";
import type { tf } from "../engine/tf";
import { assertMatrix, columnDifference, type Gaussian, matrix } from "../oracles/gaussian";
import { readRows } from "./rows";

/**
 * Mean and covariance of feature vectors, in float64; the divisor is n − 1.
 *
 * @param features `[N, D]`, N ≥ 2
 * @throws ShapeError, NonFiniteError
 */
export function featureMoments(features: tf.Tensor2D): Gaussian {
  const { values, n, size } = readRows("featureMoments", "features", features, 2);
  const mean = new Float64Array(size);
  values.forEach((value, i) => (mean[i % size] = (mean[i % size] as number) + value / n));
  const centred = Float64Array.from(values, (value, i) => value - (mean[i % size] as number));
  const deviations = Matrix.from1DArray(n, size, centred);
  const covariance = deviations
    .transpose()
    .mmul(deviations)
    .div(n - 1);
  return { mean: Array.from(mean), covariance: covariance.to2DArray() };
}

/**
 * Squared Fréchet distance between two Gaussians: what is called FID when they are moments of
 * Inception features. Covariances of fewer samples than features are welcome: it stays real.
 *
 * |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½)
 *
 * @returns ≥ 0, in squared units of the features
 * @throws ShapeError if the sizes differ; NonFiniteError
 * @see Heusel et al. 2017, arXiv:1706.08500v6
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  assertCovariance("a", a);
  assertCovariance("b", b);
  const difference = columnDifference(a.mean, b.mean);
  const [first, second] = [matrix(a.covariance), matrix(b.covariance)];
  const trace = first.trace() + second.trace() - 2 * traceOfRoot(first, second);
  return Math.max(0, difference.dot(difference) + trace);
}

/** tr (AB)^½ = tr (A^½ B A^½)^½, whose eigenvalues are real for symmetric A, B ≥ 0. */
function traceOfRoot(a: Matrix, b: Matrix): number {
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(a, {
    assumeSymmetric: true,
  });
  const roots = Matrix.diag(realEigenvalues.map(rootOf));
  const root = eigenvectorMatrix.mmul(roots).mmul(eigenvectorMatrix.transpose());
  const product = root.mmul(b).mmul(root);
  const { realEigenvalues: eigenvalues } = new EigenvalueDecomposition(product, {
    assumeSymmetric: true,
  });
  return eigenvalues.reduce((sum, value) => sum + rootOf(value), 0);
}

/** Rounding may leave an eigenvalue of 0 slightly below it. */
function rootOf(eigenvalue: number): number {
  return Math.sqrt(Math.max(0, eigenvalue));
}

function assertCovariance(name: string, { mean, covariance }: Gaussian): void {
  assertMatrix("frechetDistance", `${name}.covariance`, covariance);
  if (covariance.length === mean.length && covariance[0]?.length === mean.length) return;
  throw new ShapeError(
    `frechetDistance: ${name}.covariance must be [${mean.length}][${mean.length}], ` +
      `as long as the mean; got [${covariance.length}][${covariance[0]?.length}].`,
  );
}
