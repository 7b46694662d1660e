import type { tf } from "../engine/tf";
import type { Expected, Probe } from "./probe";

/** A random function checked by the mean and standard deviation of many draws. */
export interface MomentSpec<F> {
  readonly title: string;
  /** Draws along the first axis, `[n]` or `[n, D]`, from a fixed seed; n of 10,000 or more. */
  readonly sample: (fn: F) => tf.Tensor;
  /** The exact mean of each component. */
  readonly mean: readonly number[];
  /** The exact standard deviation of each component. */
  readonly std: readonly number[];
  readonly draws: number;
}

/** How many standard errors a moment may be off: a right answer fails once in 1.7 million. */
const STANDARD_ERRORS = 5;

/** Mean and standard deviation; the errors allowed are those of Gaussian draws. */
export function momentProbe<F>({ title, sample, mean, std, draws }: MomentSpec<F>): Probe<F> {
  const shape = [mean.length];
  const allowed = (errors: number): number[] =>
    std.map((sigma) => STANDARD_ERRORS * sigma * Math.sqrt(errors / draws));
  return {
    aspect: "moments",
    title,
    measure: (fn) => {
      const rows = sample(fn).reshape<tf.Tensor2D>([draws, mean.length]).arraySync();
      const columns = mean.map((_, d) => moments(rows.map((row) => row[d] as number)));
      return [
        { name: "mean", shape, values: columns.map((column) => column.mean) },
        { name: "std", shape, values: columns.map((column) => column.std) },
      ];
    },
    expected: (): Expected[] => [
      { name: "mean", shape, values: mean, allowed: allowed(1) },
      { name: "std", shape, values: std, allowed: allowed(0.5) },
    ],
  };
}

function moments(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, std: Math.sqrt(variance) };
}
