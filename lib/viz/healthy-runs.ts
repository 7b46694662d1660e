import { readFileSync } from "node:fs";
import { join } from "node:path";

import { DataMissingError, ValueError } from "../core/errors";
import { assertInteger } from "../core/guard";

/** Where the loss lay in runs that went well, by step; recorded by `npm run healthy`. */
export interface HealthyRuns {
  /** Steps of each of these runs in all: a run of another length is not comparable. */
  readonly steps: number;
  /** How many runs, each from its own seed. */
  readonly runs: number;
  readonly x: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** Where recorded runs are kept; this file is compiled into lib/dist/viz. */
const FOLDER = join(__dirname, "..", "..", "..", "notebooks", "healthy");

/**
 * The recorded healthy runs of a training in a notebook.
 *
 * @param notebook e.g. "00-start"
 * @param title of its dashboard
 * @throws DataMissingError if none were recorded
 */
export function healthyRuns(notebook: string, title: string): HealthyRuns {
  const file = join(FOLDER, `${notebook}.json`);
  const recorded = read(file)[title];
  if (recorded !== undefined) return recorded;
  throw new DataMissingError(
    `${file} holds no healthy runs of “${title}”.`,
    `Record them: npm run healthy -- ${notebook}`,
  );
}

function read(file: string): Readonly<Record<string, HealthyRuns>> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, HealthyRuns>>;
  } catch {
    return {};
  }
}

/** A recorded loss curve. */
export interface LossCurve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Points of a band; the loss is averaged in as many stretches of equal length. */
const STRETCHES = 60;
/** Half width of the band in standard deviations over runs. */
const DEVIATIONS = 5;

/**
 * The band in which a further healthy run is expected: the mean over runs ± 5 standard deviations. Of
 * 5 runs that is the 99 % prediction interval of a sixth, t₀.₉₉₅(4) √(1 + 1/5) = 5.04, in each point.
 *
 * @param curves loss by step, one of each run
 * @throws ValueError with fewer than three runs
 */
export function healthyBand(curves: readonly LossCurve[], steps: number): HealthyRuns {
  assertInteger("healthyBand", "steps", steps);
  if (curves.length < 3) {
    throw new ValueError(`healthyBand: ${curves.length} runs say nothing about others; give 3.`);
  }
  const smooth = curves.map((curve) => stretchMeans(curve, steps));
  const band = { x: [] as number[], low: [] as number[], high: [] as number[] };
  for (let i = 0; i < STRETCHES; i++) {
    const values = smooth.map((means) => means[i] as number);
    if (!values.every(Number.isFinite)) continue;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const half = DEVIATIONS * Math.sqrt(squares / (values.length - 1));
    band.x.push(((i + 0.5) * steps) / STRETCHES);
    band.low.push(mean - half);
    band.high.push(mean + half);
  }
  return { steps, runs: curves.length, ...band };
}

/** Means over stretches of steps; NaN where a curve has no point. */
function stretchMeans({ x, y }: LossCurve, steps: number): number[] {
  const sums = Array.from({ length: STRETCHES }, () => ({ sum: 0, count: 0 }));
  x.forEach((step, i) => {
    const stretch = sums[Math.min(STRETCHES - 1, Math.floor((step / steps) * STRETCHES))];
    if (!stretch) return;
    stretch.sum += y[i] as number;
    stretch.count++;
  });
  return sums.map(({ sum, count }) => sum / count);
}

/**
 * Where the newest stretch of a loss lies with regard to healthy runs; undefined before there is a
 * whole stretch, since single steps are noisier than means.
 */
export function healthOf(
  { steps, x, low, high }: HealthyRuns,
  curve: LossCurve,
): "below" | "inside" | "above" | undefined {
  const stretch = steps / STRETCHES;
  const from = (curve.x.at(-1) ?? 0) - stretch;
  if (from < 0) return undefined;
  const newest = curve.y.filter((_, i) => (curve.x[i] as number) > from);
  const mean = newest.reduce((sum, value) => sum + value, 0) / newest.length;
  const i = x.findIndex((middle) => middle >= from + stretch / 2);
  if (mean > (high[i] ?? Infinity)) return "above";
  return mean < (low[i] ?? -Infinity) ? "below" : "inside";
}
