import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { core } from "latentlab";

/** Numbers in row-major order; a scalar has shape `[]`. */
export interface TruthTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** |got − want| ≤ absolute + relative·|want|, for every element. */
export type Tolerance = readonly [absolute: number, relative: number];

/** `f64` for results computed in JavaScript numbers, `f32` for tensors. */
export type Tier = "f64" | "f32";

export interface Expected extends TruthTensor {
  readonly tol: Readonly<Record<Tier, Tolerance>>;
}

/** What a common mistake would give instead of output `of`. */
export interface Decoy extends TruthTensor {
  readonly of: string;
  readonly why: string;
}

export type TruthInput = TruthTensor | number | string | boolean | readonly unknown[];

export interface TruthCase {
  readonly id: string;
  readonly level: "core" | "extra";
  readonly inputs: Readonly<Record<string, TruthInput>>;
  readonly expected: Readonly<Record<string, Expected>>;
  readonly decoys: Readonly<Record<string, Decoy>>;
}

export interface TruthTopic {
  readonly topic: string;
  readonly cases: readonly TruthCase[];
}

const FORMAT = "genimage-truth/1";
const FILE = /^\d\d-.*\.json$/;
const NOT_JSON_NUMBERS: Readonly<Record<string, number>> = {
  Infinity: Infinity,
  "-Infinity": -Infinity,
  NaN: NaN,
};

/**
 * Read every topic of a folder in the format `genimage-truth/1`, in the order of file names.
 *
 * @throws DataMissingError if the folder holds no topic
 * @throws DataFormatError if a file is in another format or a tensor does not fill its shape
 */
export function readTruth(folder: string): TruthTopic[] {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => FILE.test(name)) : [];
  if (files.length === 0) {
    throw new core.DataMissingError(
      `No numeric truth in ${folder}.`,
      "Give a folder with files such as 01-schedules.json.",
    );
  }
  return files.sort().map((file) => readTopic(join(folder, file)));
}

function readTopic(path: string): TruthTopic {
  const document = parseJson(path);
  if (document.format !== FORMAT) {
    throw new core.DataFormatError(`${path} is in format ${document.format}, not ${FORMAT}.`);
  }
  for (const { id, inputs, expected, decoys } of document.cases) {
    for (const group of [inputs, expected, decoys ?? {}]) {
      for (const [name, value] of Object.entries(group)) {
        if (isTensor(value) && value.data.length !== size(value)) {
          throw new core.DataFormatError(
            `${path}: ${id}: ${name} has ${value.data.length} values for shape [${value.shape}].`,
          );
        }
      }
    }
  }
  const cases = document.cases.map((item) => ({ ...item, decoys: item.decoys ?? {} }));
  return { topic: document.topic, cases };
}

type RawCase = Omit<TruthCase, "decoys"> & { readonly decoys?: TruthCase["decoys"] };
type RawDocument = { readonly format: string; readonly topic: string; readonly cases: RawCase[] };

function parseJson(path: string): RawDocument {
  const text = readFileSync(path, "utf8");
  try {
    return JSON.parse(text, (key, value) => (key === "data" ? value.map(toNumber) : value));
  } catch (cause) {
    throw new core.DataFormatError(`${path} is not JSON: ${String(cause)}.`, undefined, { cause });
  }
}

function toNumber(value: number | string | boolean): number {
  return typeof value === "string" ? (NOT_JSON_NUMBERS[value] ?? NaN) : Number(value);
}

export function isTensor(value: unknown): value is TruthTensor {
  return typeof value === "object" && value !== null && "shape" in value && "data" in value;
}

function size({ shape }: TruthTensor): number {
  return shape.reduce((product, axis) => product * axis, 1);
}
