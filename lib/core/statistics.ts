import { assertFinite, assertInRange, assertInteger } from "./guard";

/** A mean over n independent values, and how far off it may be. */
export interface Estimate {
  readonly mean: number;
  /** s / √n, where s² is the sample variance with divisor n − 1. */
  readonly standardError: number;
  readonly n: number;
}

/** Mean and standard error of at least two values. @throws ValueError if there are fewer */
export function estimate(values: ArrayLike<number>): Estimate {
  const n = values.length;
  assertInteger("estimate", "number of values", n, 2);
  assertFinite("estimate", "values", values);
  const samples = Array.from(values);
  const mean = samples.reduce((sum, value) => sum + value, 0) / n;
  const squares = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares / (n - 1) / n), n };
}

/** E.g. "−106.2 ± 0.8": mean and one standard error. @param digits after the point */
export function formatEstimate({ mean, standardError }: Estimate, digits = 2): string {
  assertInteger("formatEstimate", "digits", digits, 0);
  assertInRange("formatEstimate", "digits", digits, [0, 100]);
  return `${mean.toFixed(digits).replace("-", "−")} ± ${standardError.toFixed(digits)}`;
}
