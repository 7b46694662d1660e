import type { DataFrame } from "nodejs-polars";

import { DataFormatError } from "../core/errors";
import type { Measurement } from "./measurement";

type Polars = typeof import("nodejs-polars").default;

/** Loaded when it is first needed: it is a large native library. */
function polars(): Polars {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return (require("nodejs-polars") as { default: Polars }).default;
}

const NAMES = ["notebook", "subject", "metric", "unit", "better", "profile", "device"] as const;
const VERSIONS = ["latentlab", "tensorflow", "node"] as const;
const NUMBERS = ["value", "n", "seed", "seconds"] as const;
const NUMBERS_OR_NULL = ["standardError", "floor"] as const;

const TEXTS: readonly (keyof Measurement)[] = [...NAMES, ...VERSIONS];
const COUNTS: readonly (keyof Measurement)[] = [...NUMBERS, ...NUMBERS_OR_NULL];

/** A polars frame with one row for each measurement. Columns have their types even without rows. */
export function toFrame(rows: readonly Measurement[]): DataFrame {
  const pl = polars();
  const column = (name: keyof Measurement) => {
    const type = TEXTS.includes(name) ? pl.Utf8 : pl.Float64;
    return pl.Series(
      name,
      rows.map((row) => row[name]),
      type,
    );
  };
  return pl.DataFrame([...TEXTS, ...COUNTS].map(column));
}

export function toParquet(rows: readonly Measurement[]): Buffer {
  return toFrame(rows).writeParquet();
}

export function toCsv(rows: readonly Measurement[]): Buffer {
  return toFrame(rows).writeCSV();
}

/** @throws DataFormatError if the bytes are no Parquet, or hold something else than measurements */
export function fromParquet(bytes: Buffer, path: string): Measurement[] {
  let records: Record<string, unknown>[];
  try {
    records = polars().readParquet(bytes).toRecords();
  } catch (cause) {
    throw new DataFormatError(`${path} is not a Parquet file.`, "Measure again.", { cause });
  }
  return records.map((record) => toRow(record, path));
}

function toRow(record: Record<string, unknown>, path: string): Measurement {
  const bad =
    TEXTS.find((name) => typeof record[name] !== "string") ??
    NUMBERS.find((name) => typeof record[name] !== "number") ??
    NUMBERS_OR_NULL.find((name) => record[name] !== null && typeof record[name] !== "number");
  if (bad === undefined) return record as unknown as Measurement;
  throw new DataFormatError(
    `${path}: ${bad} is missing or of the wrong type.`,
    "It was written by another version: measure again.",
  );
}
