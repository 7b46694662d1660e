import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { DataMissingError, ValueError } from "../core/errors";
import { courseFolder, writeWhole } from "../core/files";
import { DISPLAY, type Displayable, type MimeBundle } from "../core/host";
import { Table } from "../viz/tables";
import { fromParquet, toCsv, toParquet } from "./frame";
import { type Measured, type Measurement, toMeasurement } from "./measurement";
import { type Claim, Recap, type RecapPart, bare, say, unfounded } from "./recap";
import { type Score, findScore, formatScore, scoresOf } from "./score";

/** MIME type of the rows behind a table of scores. */
export const SCORES_MIME = "application/vnd.latentlab.scores+json";

/**
 * The measured numbers of one notebook. It shows itself as a table, renders prose about itself, and
 * is kept as Parquet (exact) and CSV (for people).
 *
 * @example
 * const scores = new results.Scores("03-ddpm");
 * scores.record({ subject: "U-Net", metric: "FID", better: "lower", value, n, floor, seed, seconds });
 * scores.recap`After training the FID is ${scores.of("U-Net", "FID")}.`;
 */
export class Scores implements Displayable {
  private readonly measurements: Measurement[] = [];

  /** @param notebook its name without the ending: "03-ddpm" */
  constructor(readonly notebook: string) {
    if (/^[a-z0-9][a-z0-9-]*$/.test(notebook)) return;
    throw new ValueError(`Scores: a notebook is named as "03-ddpm", got "${notebook}".`);
  }

  get rows(): readonly Measurement[] {
    return this.measurements;
  }

  /**
   * Note one measured number. A second run of the same subject, metric and seed replaces the first.
   *
   * @throws ValueError if a field is wrong, or unit, direction or n differ from an earlier seed's
   */
  record(measured: Measured): void {
    const row = toMeasurement(this.notebook, measured);
    const same = this.measurements.filter(
      ({ subject, metric }) => subject === row.subject && metric === row.metric,
    );
    const again = same.find(({ seed }) => seed === row.seed);
    for (const field of ["unit", "better", "n", "profile"] as const) {
      const other = same.find((one) => one !== again && one[field] !== row[field]);
      if (other === undefined) continue;
      throw new ValueError(
        `record: ${row.metric} of ${row.subject} has ${field} ${row[field]}, ` +
          `but ${other[field]} for seed ${other.seed}.`,
        "Measure all seeds the same way.",
      );
    }
    if (again === undefined) this.measurements.push(row);
    else this.measurements[this.measurements.indexOf(again)] = row;
  }

  /** The score, and in a recap its number with its error. @throws ValueError if there is none */
  of(subject: string, metric: string): Score & Claim {
    return { kind: "score", ...findScore(scoresOf(this.rows), subject, metric) };
  }

  /** In a recap: which of the two is better, if the errors let that be said. */
  compare(subject: string, other: string, metric: string): Claim {
    return { kind: "comparison", subject, other, metric };
  }

  /** In a recap: the subject with the best mean, and its number. */
  best(metric: string): Claim {
    return { kind: "best", metric };
  }

  /**
   * Prose whose numbers and comparisons come from the store, so that it cannot contradict the table.
   *
   * @throws ValueError if the words themselves hold a number or compare, or a score is not there
   */
  recap(words: TemplateStringsArray, ...claims: readonly Claim[]): Recap {
    const parts = words.flatMap((text, i): RecapPart[] => {
      const word = unfounded(text);
      if (word !== undefined) {
        throw new ValueError(
          `recap: "${word}" is written by hand.`,
          "Take numbers from scores.of(…), comparisons from scores.compare(…) or scores.best(…).",
        );
      }
      const claim = claims[i];
      return claim === undefined ? [text] : [text, { ...bare(claim), text: say(claim, this.rows) }];
    });
    return new Recap(parts);
  }

  /** Every score with all that one must know to believe it. */
  table(): Table {
    const rows = scoresOf(this.rows).map((score) => ({
      what: score.subject,
      metric: `${score.metric} ${score.better === "higher" ? "↑" : "↓"}`,
      "mean ± error": formatScore(score),
      "error over": score.over,
      floor: score.floor,
      n: score.n,
      seeds: score.seeds.join(" "),
      seconds: Number(score.seconds.toPrecision(3)),
    }));
    return new Table(rows, { title: this.circumstances() });
  }

  private circumstances(): string {
    const seen = this.rows.map(
      ({ profile, device, tensorflow, node, latentlab }) =>
        `${profile} profile, ${device}, TensorFlow ${tensorflow}, Node ${node}, LatentLab ${latentlab}`,
    );
    return [`Scores of ${this.notebook}`, ...new Set(seen)].join("; ");
  }

  /**
   * Keep the rows as `NOTEBOOK.parquet` and `NOTEBOOK.csv`.
   *
   * @returns where, or why not: a notebook in a folder that cannot be written to goes on
   */
  save(folder = resultsFolder()): string {
    const path = join(folder, this.notebook);
    try {
      mkdirSync(folder, { recursive: true });
      writeWhole(`${path}.parquet`, toParquet(this.rows));
      writeWhole(`${path}.csv`, toCsv(this.rows));
      return `${this.rows.length} measurements in ${path}.parquet and .csv`;
    } catch (error) {
      return `The measurements were not kept: ${(error as Error).message}`;
    }
  }

  [DISPLAY](): MimeBundle {
    return { ...this.table()[DISPLAY](), [SCORES_MIME]: this.rows };
  }
}

/**
 * The scores that another notebook has kept.
 *
 * @throws DataMissingError if it has not run yet; DataFormatError if the file is damaged
 */
export function readScores(notebook: string, folder = resultsFolder()): readonly Measurement[] {
  const path = join(folder, `${new Scores(notebook).notebook}.parquet`);
  if (existsSync(path)) return fromParquet(readFileSync(path), path);
  throw new DataMissingError(`${path} is not there.`, `Run notebook ${notebook} first.`);
}

/** `LATENTLAB_RESULTS`, or `results` in the course's folder. */
function resultsFolder(): string {
  return process.env["LATENTLAB_RESULTS"] ?? join(courseFolder() ?? ".", "results");
}
