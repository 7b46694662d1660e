import { createHash } from "node:crypto";

import { CheckpointError } from "../../core/errors";
import type { RngState } from "../../core/random";
import { damaged } from "./safetensors";

/** The only files a checkpoint has beside its manifest: no name is ever taken from a file. */
export const TENSOR_FILES = [
  "model.safetensors",
  "optimizer.safetensors",
  "ema.safetensors",
] as const;
export type TensorFile = (typeof TENSOR_FILES)[number];

export const MANIFEST_FILE = "manifest.json";
export const MAX_MANIFEST_BYTES = 2 ** 16;
/** What Node reads into one buffer. */
const MAX_FILE_BYTES = 2 ** 31 - 1;
const FORMAT = "latentlab-checkpoint";
const VERSION = 1;

export interface FileSeal {
  readonly bytes: number;
  readonly sha256: string;
}

/** What a checkpoint says about itself. */
export interface Manifest {
  /** Steps done. */
  readonly step: number;
  readonly rng?: RngState;
  readonly optimizer?: { readonly rule: string; readonly step: number };
  readonly ema?: { readonly updates: number };
  readonly files: Readonly<Partial<Record<TensorFile, FileSeal>>>;
  /** Of the software that wrote it. */
  readonly versions: Readonly<Record<string, string>>;
}

export function sealOf(bytes: Uint8Array): FileSeal {
  return { bytes: bytes.length, sha256: sha256(bytes) };
}

function sha256(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The manifest's text. Its `digest` seals the rest, as the manifest seals the other files. */
export function manifestText(manifest: Manifest): string {
  const body = { format: FORMAT, version: VERSION, ...manifest };
  return `${JSON.stringify({ ...body, digest: sha256(JSON.stringify(body)) }, null, 2)}\n`;
}

/**
 * @param file its name, for messages
 * @throws CheckpointError if the text is damaged, changed, or of a future version
 */
export function parseManifest(text: string, file: string): Manifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw damaged(file, "it is not JSON", cause);
  }
  const { format, version, digest, ...manifest } = (parsed ?? {}) as Record<string, unknown>;
  if (format !== FORMAT) throw damaged(file, "it is not a checkpoint's manifest");
  if (typeof version === "number" && version > VERSION) {
    throw new CheckpointError(
      `${file} has version ${version}; this library reads up to ${VERSION}.`,
      "Update the library.",
    );
  }
  if (version !== VERSION) throw damaged(file, "its version is unknown");
  if (digest !== sha256(JSON.stringify({ format, version, ...manifest }))) {
    throw damaged(file, "it was changed after it was written");
  }
  const problem = problemOf(manifest);
  if (problem !== undefined) throw damaged(file, problem);
  const checked = manifest as unknown as Manifest;
  // The digest covers what the text says; this covers how it says it.
  if (manifestText(checked) !== text) throw damaged(file, "it was changed after it was written");
  return checked;
}

type Check = (value: unknown) => boolean;

const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isInt32: Check = (value) => Number.isInteger(value) && value === ((value as number) | 0);
const isText: Check = (value) => typeof value === "string" && value.length <= 200;
const isSeal = record({
  bytes: (value) => isCount(value) && (value as number) <= MAX_FILE_BYTES,
  sha256: (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value),
});

/** The fields of a manifest, and whether each may be absent. */
const FIELDS: Readonly<Record<keyof Manifest, readonly [check: Check, isOptional: boolean]>> = {
  step: [isCount, false],
  rng: [record({ key: isInt32, counter: isCount }), true],
  optimizer: [record({ rule: isText, step: isCount }), true],
  ema: [record({ updates: isCount }), true],
  files: [
    (value) =>
      entriesOf(value).every(
        ([name, seal]) => (TENSOR_FILES as readonly string[]).includes(name) && isSeal(seal),
      ) && Object.hasOwn(value as object, TENSOR_FILES[0]),
    false,
  ],
  versions: [(value) => entriesOf(value).every(([, version]) => isText(version)), false],
};

function problemOf(manifest: Record<string, unknown>): string | undefined {
  const unknown = Object.keys(manifest).find((key) => !Object.hasOwn(FIELDS, key));
  if (unknown !== undefined)
    return `it has an unknown field ${JSON.stringify(unknown.slice(0, 60))}`;
  for (const [name, [check, isOptional]] of Object.entries(FIELDS)) {
    const value = manifest[name];
    if (value === undefined ? isOptional : isObject(value) || name === "step") {
      if (value === undefined || check(value)) continue;
    }
    return `its field "${name}" is ${value === undefined ? "missing" : "wrong"}`;
  }
  return undefined;
}

/** A check of an object with exactly these fields. */
function record(fields: Readonly<Record<string, Check>>): Check {
  return (value) =>
    isObject(value) &&
    Object.keys(value).join() === Object.keys(fields).join() &&
    entriesOf(value).every(([name, field]) => fields[name]?.(field) === true);
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [["", value]];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
