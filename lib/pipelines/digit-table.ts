import { existsSync, readFileSync } from "node:fs";

import { DataMissingError } from "../core/errors";
import { assertInteger } from "../core/guard";
import { Rng } from "../core/random";
import type { Images } from "../core/types";
import { tf } from "../engine/tf";
import { checkpointPath } from "./checkpoint";
import type { DigitJudge } from "./digit-judge";
import type { DigitGanRun } from "./gan/digit-gan";
import type { SamplerName } from "./algorithms";
import type { DiffusionPipeline } from "./pipeline";
import type { Provenance } from "./store";

const BATCH = 100;

/** How digits are drawn. */
export type DigitDraw = {
  readonly sampler: SamplerName;
  readonly numSteps: number;
  /** s of classifier-free guidance; 1 is none. */
  readonly guidanceScale: number;
  /** So many digits, of classes 0 … 9 in turn. */
  readonly n: number;
  readonly seed: number;
};

export type DigitScore = DigitDraw & {
  /** Squared Fréchet distance from the judge's reference, and that of as many real digits. */
  readonly frechet: number;
  readonly floor: number;
  /** Share that the judge takes for the class asked for. */
  readonly accuracy: number;
  readonly precision: number;
  readonly coverage: number;
  /** To draw all n. */
  readonly seconds: number;
};

type Measured = Pick<DigitScore, "n" | "frechet" | "floor" | "precision" | "coverage">;

/** The DCGAN of one training; it is not told classes. */
export type DigitGanScore = DigitGanRun &
  Measured & {
    /** Share of digits that would have to be another one for the classes of the data. */
    readonly imbalance: number;
    /** That of as many real digits: mean and standard deviation over draws. */
    readonly realImbalance: { readonly mean: number; readonly deviation: number };
    readonly trainingSeconds: number;
    /** What of it the processor worked on the training. */
    readonly processorSeconds: number;
  };

/** Scores that were measured once and for all, and what was scored on what. */
export type DigitTable = {
  readonly made: Provenance;
  readonly scores: readonly DigitScore[];
  /** The DCGANs of digits before the same judge. */
  readonly gans: readonly DigitGanScore[];
};

/** @returns digits `[n, 28, 28, 1]`, in [−1, 1], the caller's; their classes; seconds it took */
export async function drawDigits(
  pipeline: DiffusionPipeline,
  { n, seed, ...how }: DigitDraw,
): Promise<{ images: Images; labels: number[]; seconds: number }> {
  assertInteger("drawDigits", "n", n);
  const began = performance.now();
  const labels = Array.from({ length: n }, (_, i) => i % 10);
  const parts: Images[] = [];
  try {
    for (let i = 0; i < n; i += BATCH) {
      const rng = new Rng(seed).fold(i);
      parts.push(await pipeline.generate({ ...how, labels: labels.slice(i, i + BATCH), rng }));
    }
    return { images: tf.concat(parts), labels, seconds: (performance.now() - began) / 1000 };
  } finally {
    tf.dispose(parts);
  }
}

/** Draw digits and judge them. @throws ValueError if there are not n real digits for the floor */
export async function scoreDigits(
  pipeline: DiffusionPipeline,
  judge: DigitJudge,
  draw: DigitDraw,
): Promise<DigitScore> {
  const floor = judge.floor(draw.n);
  const { images, labels, seconds } = await drawDigits(pipeline, draw);
  try {
    const { precision, coverage } = judge.manifold(images);
    const [frechet, accuracy] = [judge.frechet(images), judge.accuracy(images, labels)];
    return { ...draw, frechet, floor, accuracy, precision, coverage, seconds };
  } finally {
    images.dispose();
  }
}

/** The scores of the course's sampler of digits on many digits; made by `npm run score:digits`. */
export function recordedDigitScores(): DigitTable {
  const path = `${checkpointPath("digits-scores")}.json`;
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as DigitTable;
  throw new DataMissingError(`There is no ${path}.`, "Measure: npm run score:digits.");
}
