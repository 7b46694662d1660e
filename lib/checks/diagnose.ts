import type { AnyFunction, Mistake } from "./define";
import { type Expected, type Probe, type Reading, differences } from "./probe";

/** What a function gave to one probe, or that it threw. */
export interface Answer {
  readonly probe: Probe<AnyFunction>;
  readonly got: readonly Reading[] | Error;
}

export type Measure = (probe: Probe<AnyFunction>, fn: AnyFunction) => readonly Reading[] | Error;

/**
 * The mistake that was probably made: a seeded wrong answer that gives the same numbers, or else
 * what the numbers themselves tell (sign, factor, offset, root).
 */
export function diagnose(
  answers: readonly Answer[],
  mistakes: readonly Mistake<AnyFunction>[],
  measure: Measure,
): string | undefined {
  const known = mistakes.find(({ fn }) =>
    answers.every(({ probe, got }) => sameAnswer(probe, got, measure(probe, fn))),
  );
  if (known !== undefined) return known.says;
  for (const { probe, got } of answers) {
    if (got instanceof Error || probe.aspect === "shapes") continue;
    const expected = probe.expected();
    if (differences(got, expected).length === 0) continue;
    if (probe.aspect === "memory") return tellMemory(got);
    return tellNumbers(valuesOf(got), valuesOf(expected));
  }
  return undefined;
}

/** Equal within the probe's tolerance. A wrong answer may leak or not: memory does not count. */
function sameAnswer(
  probe: Probe<AnyFunction>,
  got: readonly Reading[] | Error,
  wrong: readonly Reading[] | Error,
): boolean {
  if (probe.aspect === "memory") return true;
  if (got instanceof Error || wrong instanceof Error) {
    return got instanceof Error && wrong instanceof Error && got.message === wrong.message;
  }
  const expected = probe.expected();
  const like = wrong.map((reading, i): Expected => {
    const allowed = expected[i]?.allowed ?? [];
    return { ...reading, allowed: reading.values.map((_, k) => allowed[k] ?? allowed[0] ?? 0) };
  });
  return differences(got, like).length === 0;
}

function valuesOf(readings: readonly Reading[]): number[] {
  return readings.flatMap(({ values }) => values);
}

function tellMemory(got: readonly Reading[]): string {
  const disposed = got.find(({ name }) => name === "inputs disposed")?.values[0] ?? 0;
  return disposed > 0
    ? "An input was disposed: it belongs to the caller."
    : "Intermediate tensors are left behind: return tf.tidy(() => …) around the whole formula.";
}

function tellNumbers(got: readonly number[], want: readonly number[]): string | undefined {
  if (got.length !== want.length) return undefined;
  if (got.some((value) => !Number.isFinite(value))) {
    return "Some values are not finite: a logarithm of 0 or less, a division by 0, or an overflow.";
  }
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 + 1e-3 * Math.abs(b);
  const all = (of: (value: number) => number): boolean =>
    got.every((value, i) => near(value, of(want[i] as number)));
  if (got.every((value) => value === 0)) return "Everything is zero.";
  if (all((value) => -value)) return "The sign is the wrong way round.";
  if (all(Math.sqrt)) return "There is a square root too many.";
  if (all((value) => value * value)) return "A square root is missing.";
  if (want.length < 2) return undefined;
  const [factor, offset] = [ratio(got, want), (got[0] as number) - (want[0] as number)];
  if (all((value) => factor * value)) return tellFactor(factor);
  if (all((value) => value + offset)) {
    return `Every value is off by the same ${Number(offset.toPrecision(4))}: a constant term.`;
  }
  return undefined;
}

/** The least-squares factor from `want` to `got`. */
function ratio(got: readonly number[], want: readonly number[]): number {
  const dot = (a: readonly number[]): number =>
    a.reduce((sum, value, i) => sum + value * (want[i] as number), 0);
  return dot(got) / dot(want);
}

function tellFactor(factor: number): string {
  const inverse = 1 / factor;
  const isMean = factor > 0 && inverse > 1.5 && Math.abs(inverse - Math.round(inverse)) < 1e-2;
  return (
    `Every value is ${Number(factor.toPrecision(4))} times what it should be: a factor` +
    (isMean ? `, or a mean over ${Math.round(inverse)} values in place of a sum.` : ".")
  );
}
