import { EigenvalueDecomposition } from "ml-matrix";

import { ShapeError, ValueError } from "../core/errors";
import { assertFinite, assertInRange, assertInteger } from "../core/guard";
import type { NoiseLevel } from "../core/types";
import {
  assertMatrix,
  columnDifference,
  diagonalCovariance,
  type Gaussian,
  gaussianLogPdf,
  matrix,
} from "./gaussian";

/** A Gaussian mixture, float64 on the host. Give either `std` or `covariances`. */
export type MixtureParameters = {
  /** `[K][D]` */
  readonly means: readonly (readonly number[])[];
  /** Standard deviation in all directions: of each component, or one for all; > 0. */
  readonly std?: number | readonly number[];
  /** `[K][D][D]`, positive definite */
  readonly covariances?: readonly Gaussian["covariance"][];
  /** `[K]`, positive, of sum 1; all equal unless told. */
  readonly weights?: readonly number[];
  /** The class of each component, 0…; without them each component is a class of its own. */
  readonly labels?: readonly number[];
};

/** One Gaussian of a mixture by its principal axes. */
export type Component = {
  readonly mean: readonly number[];
  /** Variance along each axis, `[D]`. */
  readonly variance: readonly number[];
  /** Unit vectors of the axes as columns, `[D][D]`; undefined if they are the coordinate axes. */
  readonly axes: readonly (readonly number[])[] | undefined;
};

export type Mixture = {
  readonly components: readonly Component[];
  readonly weights: readonly number[];
  readonly labels: readonly number[];
};

/** Check a mixture and find the axes of its components. @throws ShapeError, ValueError */
export function decompose(where: string, parameters: MixtureParameters): Mixture {
  const { means, std, covariances } = parameters;
  assertMatrix(where, "means", means);
  if ((std === undefined) === (covariances === undefined)) {
    throw new ValueError(`${where}: give either std or covariances.`);
  }
  const components =
    covariances === undefined
      ? isotropic(where, means, std as number | readonly number[])
      : principalAxes(where, means, covariances);
  return { components, weights: weightsOf(where, parameters), labels: labelsOf(where, parameters) };
}

/**
 * log p_t(x) of a mixture at a noise level, in nats, in float64.
 *
 * @param x `[D]`
 * @param level one for the batch: numbers, not tensors; without it the clean density
 */
export function mixtureLogPdf(
  x: readonly number[],
  parameters: MixtureParameters,
  { scale, sigma }: NoiseLevel<number> = { scale: 1, sigma: 0 },
): number {
  const { components, weights } = decompose("mixtureLogPdf", parameters);
  assertInRange("mixtureLogPdf", "scale", scale, [0, Number.MAX_VALUE]);
  assertInRange("mixtureLogPdf", "sigma", sigma, [0, Number.MAX_VALUE]);
  const logDensities = components.map(({ mean, variance, axes }, k) => {
    const noisy = variance.map((v) => scale * scale * v + sigma * sigma);
    const centred = columnDifference(
      x,
      mean.map((m) => scale * m),
    );
    const along = axes === undefined ? centred : matrix(axes).transpose().mmul(centred);
    const origin = noisy.map(() => 0);
    return (
      Math.log(weights[k] as number) +
      gaussianLogPdf(along.to1DArray(), diagonalCovariance(origin, noisy))
    );
  });
  const largest = Math.max(...logDensities);
  return largest + Math.log(logDensities.reduce((sum, log) => sum + Math.exp(log - largest), 0));
}

function isotropic(
  where: string,
  means: MixtureParameters["means"],
  std: number | readonly number[],
): Component[] {
  const each = typeof std === "number" ? means.map(() => std) : std;
  if (!Array.isArray(each)) throw new ValueError(`${where}: std must be a number or a list.`);
  assertCount(where, "std", each.length, means.length);
  for (const s of each) assertInRange(where, "std", s, [Number.MIN_VALUE, Number.MAX_VALUE]);
  return means.map((mean, k) => {
    const variance = mean.map(() => (each[k] as number) ** 2);
    return { mean, variance, axes: undefined };
  });
}

function principalAxes(
  where: string,
  means: MixtureParameters["means"],
  covariances: readonly Gaussian["covariance"][],
): Component[] {
  assertCount(where, "covariances", covariances.length, means.length);
  return means.map((mean, k) => {
    const covariance = covariances[k] as Gaussian["covariance"];
    gaussianLogPdf(mean, { mean, covariance }); // refuses what is no covariance
    const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix(covariance), {
      assumeSymmetric: true,
    });
    return { mean, variance: realEigenvalues, axes: eigenvectorMatrix.to2DArray() };
  });
}

function weightsOf(where: string, { means, weights }: MixtureParameters): readonly number[] {
  if (weights === undefined) return means.map(() => 1 / means.length);
  assertCount(where, "weights", weights.length, means.length);
  assertFinite(where, "weights", weights);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (weights.every((weight) => weight > 0) && Math.abs(total - 1) < 1e-6) return weights;
  throw new ValueError(`${where}: weights must be positive and of sum 1, got sum ${total}.`);
}

function labelsOf(where: string, { means, labels }: MixtureParameters): readonly number[] {
  if (labels === undefined) return means.map((_, k) => k);
  assertCount(where, "labels", labels.length, means.length);
  labels.forEach((label) => assertInteger(where, "a label", label, 0));
  const numClasses = Math.max(...labels) + 1;
  const empty = Array.from({ length: numClasses }, (_, y) => y).find((y) => !labels.includes(y));
  if (empty === undefined) return labels;
  throw new ValueError(`${where}: no component has label ${empty}, but one has ${numClasses - 1}.`);
}

function assertCount(where: string, name: string, found: number, expected: number): void {
  if (found === expected) return;
  throw new ShapeError(`${where}: there are ${expected} means but ${found} ${name}.`);
}
