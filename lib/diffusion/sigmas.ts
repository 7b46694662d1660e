import { assertInRange, assertInteger } from "../core/guard";
import { linspace } from "../core/math";

/** Lowest and highest noise level of a ladder; both above 0. */
export type SigmaRange = { readonly sigmaMin?: number; readonly sigmaMax?: number };

/**
 * `n` descending noise levels, evenly spaced in σ^(1/ρ), and a closing 0.
 *
 * @eq EDM.5 σ_i = (σ_max^{1/ρ} + i/(n−1) (σ_min^{1/ρ} − σ_max^{1/ρ}))^ρ
 * @see Karras et al. 2022, arXiv:2206.00364v2
 */
export function karrasSigmas(
  n: number,
  { sigmaMin = 0.002, sigmaMax = 80, rho = 7 }: SigmaRange & { readonly rho?: number } = {},
): Float64Array {
  assertLadder("karrasSigmas", n, [sigmaMin, sigmaMax]);
  assertInRange("karrasSigmas", "rho", rho, [Number.MIN_VALUE, Number.MAX_VALUE]);
  const roots = linspace(sigmaMax ** (1 / rho), sigmaMin ** (1 / rho), n);
  return Float64Array.of(...roots.map((root) => root ** rho), 0);
}

/** `n` descending noise levels, evenly spaced in log σ, and a closing 0. */
export function exponentialSigmas(
  n: number,
  { sigmaMin = 0.002, sigmaMax = 80 }: SigmaRange = {},
): Float64Array {
  assertLadder("exponentialSigmas", n, [sigmaMin, sigmaMax]);
  return Float64Array.of(...linspace(Math.log(sigmaMax), Math.log(sigmaMin), n).map(Math.exp), 0);
}

export type VpSigmaOptions = {
  /** Slope of β(t). */
  readonly betaSlope?: number;
  readonly betaMin?: number;
  /** Last time before 0. */
  readonly minTime?: number;
};

/**
 * `n` noise levels of the variance-preserving SDE with β(t) = β_min + slope·t, at times evenly
 * spaced from 1 to `minTime`, and a closing 0.
 *
 * @see Karras et al. 2022, arXiv:2206.00364v2, table 1: σ(t) = √(exp(slope·t²/2 + β_min t) − 1)
 */
export function vpSigmas(
  n: number,
  { betaSlope = 19.9, betaMin = 0.1, minTime = 1e-3 }: VpSigmaOptions = {},
): Float64Array {
  assertInteger("vpSigmas", "n", n);
  assertInRange("vpSigmas", "minTime", minTime, [Number.MIN_VALUE, 1]);
  assertInRange("vpSigmas", "betaSlope", betaSlope, [0, Number.MAX_VALUE]);
  assertInRange("vpSigmas", "betaMin", betaMin, [Number.MIN_VALUE, Number.MAX_VALUE]);
  const sigma = (t: number): number => Math.sqrt(Math.expm1((betaSlope * t * t) / 2 + betaMin * t));
  return Float64Array.of(...linspace(1, minTime, n).map(sigma), 0);
}

function assertLadder(where: string, n: number, [min, max]: readonly [number, number]): void {
  assertInteger(where, "n", n);
  assertInRange(where, "sigmaMin", min, [Number.MIN_VALUE, Number.MAX_VALUE]);
  assertInRange(where, "sigmaMax", max, [min, Number.MAX_VALUE]);
}
