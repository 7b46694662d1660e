import { EigenvalueDecomposition, inverse, Matrix } from "ml-matrix";

import { ShapeError, ValueError } from "../core/errors";
import { assertFinite, assertInRange, assertInteger, assertOneOf } from "../core/guard";
import type { Rng } from "../core/random";
import {
  assertMatrix,
  columnDifference,
  diagonalCovariance,
  type Gaussian,
  gaussianLogPdf,
  klGaussian,
  matrix,
  sampleGaussian,
} from "./gaussian";

export type LinearGaussianParameters = {
  /** W, `[D][K]` */
  readonly weight: readonly (readonly number[])[];
  /** μ, `[D]` */
  readonly mean: readonly number[];
  /** σ² of the pixels' noise, above 0 */
  readonly noiseVariance: number;
};

/** The bound and its two parts, in nats. */
export type ExactElbo = {
  readonly elbo: number;
  readonly reconstruction: number;
  readonly kl: number;
};

/**
 * A VAE whose every quantity is known: z ~ N(0, I_K), x|z ~ N(W z + μ, σ² I_D), which is
 * probabilistic PCA. log p(x), the posterior, the ELBO of any Gaussian q and the gradient of the
 * evidence are closed forms, in float64 on the host: the oracle that R.1–R.3 are checked against.
 *
 * @see Tipping & Bishop 1999, J. R. Statist. Soc. B 61(3), §3
 */
export class LinearGaussian {
  private readonly weight: Matrix;
  private readonly mean: readonly number[];
  private readonly noiseVariance: number;
  /** p(x) = N(μ, W Wᵀ + σ² I) */
  readonly evidence: Gaussian;
  /** Σ = (I + Wᵀ W / σ²)⁻¹, the same for every x. */
  private readonly posteriorCovariance: Matrix;

  /** @throws ShapeError if W and μ disagree; ValueError if σ² is not above 0 */
  constructor({ weight, mean, noiseVariance }: LinearGaussianParameters) {
    assertInRange("LinearGaussian", "noiseVariance", noiseVariance, [
      Number.MIN_VALUE,
      Number.MAX_VALUE,
    ]);
    assertMatrix("LinearGaussian", "weight", weight);
    assertFinite("LinearGaussian", "mean", mean);
    if (weight.length !== mean.length) {
      throw new ShapeError(
        `LinearGaussian: weight has ${weight.length} rows but mean has ${mean.length} numbers.`,
      );
    }
    this.weight = matrix(weight);
    this.mean = mean;
    this.noiseVariance = noiseVariance;
    const { weight: w } = this;
    const covariance = w.mmul(w.transpose()).add(Matrix.eye(w.rows).mul(noiseVariance));
    this.evidence = { mean, covariance: covariance.to2DArray() };
    const precision = w.transpose().mmul(w).div(noiseVariance).add(Matrix.eye(w.columns));
    const covarianceOfLatents = inverse(precision);
    // Rounding leaves the inverse symmetric to 1e-16 only; Cholesky asks for exactly.
    this.posteriorCovariance = covarianceOfLatents
      .clone()
      .add(covarianceOfLatents.transpose())
      .div(2);
  }

  /** Exact log p(x), nats. */
  logEvidence(x: readonly number[]): number {
    return gaussianLogPdf(x, this.evidence);
  }

  /** Exact p(z|x) = N(Σ Wᵀ (x − μ) / σ², Σ). */
  posterior(x: readonly number[]): Gaussian {
    const residual = columnDifference(x, this.mean);
    const mean = this.posteriorCovariance.mmul(this.weight.transpose()).mmul(residual);
    return {
      mean: mean.div(this.noiseVariance).to1DArray(),
      covariance: this.posteriorCovariance.to2DArray(),
    };
  }

  /**
   * The diagonal Gaussian of the largest ELBO: the posterior's mean with variance 1 / precision,
   * which is below the posterior's own variance wherever latents are correlated.
   */
  bestDiagonal(x: readonly number[]): Gaussian {
    const precision = inverse(this.posteriorCovariance).diagonal();
    return diagonalCovariance(
      this.posterior(x).mean,
      precision.map((value) => 1 / value),
    );
  }

  /**
   * Exact ELBO of x under any Gaussian q.
   *
   * @eq R.3  E_q[log p(x|z)] − KL(q ‖ N(0, I)) = log p(x) − KL(q ‖ p(z|x))
   */
  elbo(x: readonly number[], q: Gaussian): ExactElbo {
    const { weight: w, noiseVariance } = this;
    const projected = w.mmul(Matrix.columnVector([...q.mean]));
    const residual = columnDifference(x, this.mean).sub(projected);
    const spread = w.mmul(matrix(q.covariance)).mmul(w.transpose()).trace();
    const squaredError = residual.norm("frobenius") ** 2 + spread; // E_q ‖x − W z − μ‖²
    const logNormaliser = x.length * Math.log(2 * Math.PI * noiseVariance);
    const reconstruction = -0.5 * (logNormaliser + squaredError / noiseVariance);
    const kl = klGaussian(q, this.prior());
    return { elbo: reconstruction - kl, reconstruction, kl };
  }

  /**
   * Exact gradient of log p(x) with respect to W, from p(x) alone, without any latent:
   * (C⁻¹ r rᵀ C⁻¹ − C⁻¹) W with C = W Wᵀ + σ² I, r = x − μ.
   *
   * @returns `[D][K]`
   */
  evidenceGradient(x: readonly number[]): number[][] {
    const precision = inverse(matrix(this.evidence.covariance));
    const solved = precision.mmul(columnDifference(x, this.mean)); // C⁻¹ r
    return solved.mmul(solved.transpose()).sub(precision).mmul(this.weight).to2DArray();
  }

  /** `count` pictures x ~ p(x), one a row. */
  sample(count: number, rng: Rng): number[][] {
    return sampleGaussian(this.evidence, count, rng);
  }

  prior(): Gaussian {
    const latentDim = this.weight.columns;
    return { mean: new Array<number>(latentDim).fill(0), covariance: identity(latentDim) };
  }
}

/**
 * Maximum-likelihood probabilistic PCA: the parameters whose evidence is the ceiling of every
 * linear VAE's ELBO on these rows.
 *
 * @param rows data, `[N][D]`, N ≥ 2
 * @param latentDim K, below D
 * @param options `divisor` of the covariance: "n" is maximum likelihood, "n-1" is what
 *   scikit-learn's PCA uses
 * @throws ValueError if K is not in 1…D−1 or there are fewer than two rows
 * @see Tipping & Bishop 1999, eqs 7 and 8
 */
export function fitLinearGaussian(
  rows: readonly (readonly number[])[],
  latentDim: number,
  { divisor = "n" }: { readonly divisor?: "n" | "n-1" } = {},
): LinearGaussianParameters {
  assertInteger("fitLinearGaussian", "rows", rows.length, 2);
  assertInteger("fitLinearGaussian", "latentDim", latentDim);
  assertMatrix("fitLinearGaussian", "rows", rows);
  assertOneOf("fitLinearGaussian", "divisor", divisor, ["n", "n-1"]);
  const data = matrix(rows);
  const size = data.columns;
  if (latentDim >= size) {
    throw new ValueError(`fitLinearGaussian: latentDim must be below ${size}, got ${latentDim}.`);
  }
  const mean = data.mean("column");
  const centred = data.clone().subRowVector(mean);
  const count = divisor === "n" ? rows.length : rows.length - 1;
  const covariance = centred.transpose().mmul(centred).div(count);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  }); // ascending
  const discarded = realEigenvalues.slice(0, size - latentDim);
  const noiseVariance = discarded.reduce((sum, value) => sum + value, 0) / discarded.length;
  const weight = new Matrix(size, latentDim);
  for (let k = 0; k < latentDim; k++) {
    const column = size - 1 - k;
    const scale = Math.sqrt((realEigenvalues[column] as number) - noiseVariance);
    weight.setColumn(k, eigenvectorMatrix.getColumnVector(column).mul(scale).to1DArray());
  }
  return { weight: weight.to2DArray(), mean, noiseVariance };
}

function identity(size: number): number[][] {
  return Matrix.eye(size).to2DArray();
}
