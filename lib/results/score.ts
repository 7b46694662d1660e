import { ValueError } from "../core/errors";
import { estimate } from "../core/statistics";
import type { Measurement } from "./measurement";

/** One number to be quoted, with what one must know to believe it. */
export interface Score {
  readonly subject: string;
  readonly metric: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** Mean over the seeds. */
  readonly mean: number;
  /** One standard error: over the seeds, or over the examples of a single seed; null if unknown. */
  readonly plusMinus: number | null;
  readonly over: "seeds" | "examples" | null;
  readonly n: number;
  /** Mean over the seeds; null if the metric has none. */
  readonly floor: number | null;
  readonly seeds: readonly number[];
  /** Of all seeds together. */
  readonly seconds: number;
}

/** Rows that differ in their seed alone make one score. In the order of first appearance. */
export function scoresOf(rows: readonly Measurement[]): Score[] {
  const groups = new Map<string, Measurement[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.subject, row.metric]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map(summarise);
}

function summarise(rows: readonly Measurement[]): Score {
  const [first] = rows as readonly [Measurement, ...Measurement[]];
  const { subject, metric, unit, better, n } = first;
  const values = rows.map(({ value }) => value);
  const floors = rows.flatMap(({ floor }) => floor ?? []);
  return {
    ...{ subject, metric, unit, better, n },
    mean: mean(values),
    ...errorOf(rows),
    floor: floors.length === 0 ? null : mean(floors),
    seeds: rows.map(({ seed }) => seed),
    seconds: rows.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

function errorOf(rows: readonly Measurement[]): Pick<Score, "plusMinus" | "over"> {
  if (rows.length > 1) {
    const { standardError } = estimate(rows.map(({ value }) => value));
    return { plusMinus: standardError, over: "seeds" };
  }
  const plusMinus = rows[0]?.standardError ?? null;
  return { plusMinus, over: plusMinus === null ? null : "examples" };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** @throws ValueError naming what there is */
export function findScore(scores: readonly Score[], subject: string, metric: string): Score {
  const found = scores.find((score) => score.subject === subject && score.metric === metric);
  if (found !== undefined) return found;
  const there = scores.map((score) => `${score.metric} of ${score.subject}`).join("; ");
  throw new ValueError(`There is no ${metric} of ${subject}.`, `There is: ${there || "nothing"}.`);
}

/** E.g. "−105.23 ± 0.80 nats": as many digits as the error leaves meaning to. */
export function formatScore({ mean: value, plusMinus, unit }: Score): string {
  const number = plusMinus === null ? value.toPrecision(4) : formatWithError(value, plusMinus);
  return `${number.replace("-", "−")} ${unit}`.trimEnd();
}

function formatWithError(value: number, plusMinus: number): string {
  const exponent = plusMinus > 0 ? Math.floor(Math.log10(plusMinus)) : 0;
  const digits = Math.min(Math.max(1 - exponent, 0), 12);
  return `${value.toFixed(digits)} ± ${plusMinus.toFixed(digits)}`;
}
