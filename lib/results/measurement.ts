import { readFileSync } from "node:fs";

import { ValueError } from "../core/errors";
import { assertInteger, assertOneOf, assertReal } from "../core/guard";
import type { Estimate } from "../core/statistics";
import { deviceReport } from "../engine/engine";

/** What a notebook says about one number it has measured. */
export interface Measured {
  /** What was measured, in a reader's words: "VAE, 20 latents". */
  readonly subject: string;
  /** "ELBO", "FID" … */
  readonly metric: string;
  readonly unit?: string;
  readonly better: "higher" | "lower";
  /** A number, or a mean over examples with its standard error. */
  readonly value: number | Estimate;
  /** How many examples the value is measured on. */
  readonly n: number;
  /** What the metric gives for real examples against real ones; null if it has no such floor. */
  readonly floor: number | null;
  /** Seed of the training. Several seeds of one subject and metric make one score. */
  readonly seed: number;
  /** Seconds that it took: training and measuring. */
  readonly seconds: number;
}

/** One row of the store: what was measured, and on what. Flat, so that it fits in any table. */
export interface Measurement {
  readonly notebook: string;
  readonly subject: string;
  readonly metric: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  readonly value: number;
  /** Over the examples; null if it is not known. */
  readonly standardError: number | null;
  readonly n: number;
  readonly floor: number | null;
  readonly seed: number;
  readonly seconds: number;
  readonly profile: "quick" | "full";
  readonly device: string;
  readonly latentlab: string;
  readonly tensorflow: string;
  readonly node: string;
}

/** @throws ValueError or NonFiniteError naming the field that is wrong */
export function toMeasurement(notebook: string, measured: Measured): Measurement {
  const { subject, metric, unit = "", better, n, floor, seed, seconds } = measured;
  const { value, standardError } = valueOf(measured);
  const where = "record";
  for (const [name, text] of Object.entries({ subject, metric })) {
    if (typeof text !== "string" || text === "") {
      throw new ValueError(`${where}: ${name} must be a name, got ${JSON.stringify(text)}.`);
    }
  }
  assertOneOf(where, "better", better, ["higher", "lower"]);
  assertReal(where, "value", value);
  assertInteger(where, "n", n);
  if (floor !== null) assertReal(where, "floor", floor);
  assertInteger(where, "seed", seed, 0);
  assertReal(where, "seconds", seconds);
  const what = { notebook, subject, metric, unit, better, value, standardError };
  return { ...what, n, floor, seed, seconds, ...circumstances() };
}

function valueOf({ value }: Measured): Pick<Measurement, "value" | "standardError"> {
  if (typeof value === "number") return { value, standardError: null };
  assertReal("record", "standard error", value.standardError);
  return { value: value.mean, standardError: value.standardError };
}

function circumstances(): Pick<
  Measurement,
  "profile" | "device" | "latentlab" | "tensorflow" | "node"
> {
  const { device, tensorflow, node } = deviceReport();
  const profile = process.env["LATENTLAB_PROFILE"] === "quick" ? "quick" : "full";
  return { profile, device, latentlab: libraryVersion(), tensorflow, node };
}

function libraryVersion(): string {
  const text = readFileSync(require.resolve("latentlab/package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
