import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";

import { CheckpointError } from "../core/errors";
import { writeWhole } from "../core/files";
import { Scope } from "../core/memory";
import { Rng } from "../core/random";
import { NoiseSchedule } from "../diffusion/schedule";
import { tf } from "../engine/tf";
import { Autoencoder, type AutoencoderConfig } from "../models/autoencoder";
import { TextTower, type TextTowerConfig } from "../models/clip";
import { Dit, type DitConfig } from "../models/dit";
import { Unet, type UnetConfig } from "../models/unet";
import type { Module, StateDict } from "../nn/module";
import { toHost, toTensors } from "../training/checkpoint/host-state";
import { decodeSafetensors, encodeSafetensors } from "../training/checkpoint/safetensors";
import { DiffusionPipeline, type PipelineParts } from "./pipeline";

const FORMAT = "latentlab-pipeline";
const VERSION = 1;

/** How a pipeline came to be: seeds, steps, seconds, device, versions, data. */
export type Provenance = Readonly<Record<string, string | number>>;

/** What the JSON file holds beside the weights' file. */
type Description = {
  readonly format: typeof FORMAT;
  readonly version: number;
  /** SHA-256 of the weights' file: the two belong together. */
  readonly weights: string;
  readonly denoiser:
    | { readonly kind: "unet"; readonly config: UnetConfig }
    | { readonly kind: "dit"; readonly config: DitConfig };
  readonly predicts: PipelineParts["predicts"];
  readonly latentScale?: number;
  readonly autoencoder?: AutoencoderConfig;
  readonly textTower?: TextTowerConfig;
  /** β_1 … β_T. */
  readonly betas: readonly number[];
  readonly provenance: Provenance;
};

/**
 * Save a pipeline as `PATH.safetensors` and `PATH.json`; each is written whole or not at all.
 *
 * @param path without an ending; its folder is made if it is not there
 * @throws NonFiniteError if a weight is NaN or infinite; CheckpointError if it cannot be written
 */
export function savePipeline(
  path: string,
  { parts }: DiffusionPipeline,
  provenance: Provenance = {},
): void {
  const { denoiser, schedule, autoencoder, textTower, latentScale, predicts } = parts;
  const weights = encodeSafetensors(toHost(stateOf({ denoiser, autoencoder, textTower })));
  const description: Description = {
    format: FORMAT,
    version: VERSION,
    weights: sha256(weights),
    denoiser:
      denoiser instanceof Dit
        ? { kind: "dit", config: denoiser.config }
        : { kind: "unet", config: denoiser.config },
    predicts: predicts ?? "noise",
    ...(latentScale !== undefined && { latentScale }),
    ...(autoencoder && { autoencoder: autoencoder.config }),
    ...(textTower && { textTower: textTower.config }),
    betas: Array.from(schedule.beta.subarray(1)),
    provenance,
  };
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeWhole(`${path}.safetensors`, weights);
    writeWhole(`${path}.json`, `${JSON.stringify(description, null, 2)}\n`);
  } catch (cause) {
    throw new CheckpointError(`${path}: the pipeline could not be written.`, undefined, { cause });
  }
}

/**
 * Load what `savePipeline` saved.
 *
 * @param path without an ending
 * @returns the caller owns it
 * @throws CheckpointError if a file is missing, damaged or not of the other
 */
export function loadPipeline(path: string): DiffusionPipeline {
  const description = readDescription(`${path}.json`);
  const file = `${path}.safetensors`;
  const bytes = read(file);
  if (sha256(bytes) !== description.weights) {
    throw new CheckpointError(
      `${file} is not what ${basename(path)}.json was written for.`,
      "Copy both files again, or make them anew.",
    );
  }
  const scope = new Scope(); // what there is when something fails
  try {
    const parts = build(description, scope);
    tf.tidy(() => load(parts, toTensors(decodeSafetensors(bytes, file))));
    return new DiffusionPipeline(parts);
  } catch (cause) {
    scope.dispose();
    if (cause instanceof CheckpointError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CheckpointError(`${path}.json describes no pipeline: ${reason}`, undefined, {
      cause,
    });
  }
}

/** How a saved pipeline was made. @throws CheckpointError */
export function pipelineProvenance(path: string): Provenance {
  return readDescription(`${path}.json`).provenance;
}

/** What a saved pipeline is, without loading it. */
export type PipelineKind = {
  readonly network: "unet" | "dit";
  readonly space: "latents" | "pixels";
  readonly asks: "captions" | "labels" | "nothing";
};

/** The kind of a saved pipeline, or undefined if `PATH.json` describes none. */
export function describePipeline(path: string): PipelineKind | undefined {
  try {
    const { denoiser, autoencoder, textTower } = readDescription(`${path}.json`);
    const isOfClasses = denoiser.config.numClasses !== undefined;
    return {
      network: denoiser.kind,
      space: autoencoder === undefined ? "pixels" : "latents",
      asks: textTower !== undefined ? "captions" : isOfClasses ? "labels" : "nothing",
    };
  } catch {
    return undefined;
  }
}

function build(description: Description, scope: Scope): PipelineParts {
  const rng = new Rng(0); // every weight is loaded
  const { denoiser, autoencoder, textTower, latentScale, predicts, betas } = description;
  const { kind, config } = denoiser;
  return {
    denoiser: scope.own(kind === "dit" ? new Dit(config, rng) : new Unet(config, rng)),
    schedule: new NoiseSchedule(betas),
    ...(predicts && { predicts }),
    ...(latentScale !== undefined && { latentScale }),
    ...(autoencoder && { autoencoder: scope.own(new Autoencoder(autoencoder, rng)) }),
    ...(textTower && { textTower: scope.own(new TextTower(textTower, rng)) }),
  };
}

type Modules = Pick<PipelineParts, "denoiser" | "autoencoder" | "textTower">;

function modulesOf({ denoiser, autoencoder, textTower }: Partial<Modules>): [string, Module][] {
  return Object.entries({ denoiser, autoencoder, textTower }).filter(
    (entry): entry is [string, Module & (Unet | Dit)] => entry[1] !== undefined,
  );
}

/** All weights, named by their part: "denoiser.convIn.weight". */
function stateOf(modules: {
  readonly [Part in keyof Modules]: Modules[Part] | undefined;
}): StateDict {
  const states = modulesOf(modules as Partial<Modules>).map(([part, module]) =>
    Object.entries(module.stateDict()).map(([name, value]) => [`${part}.${name}`, value] as const),
  );
  return Object.fromEntries(states.flat());
}

function load(parts: Modules, state: StateDict): void {
  for (const [part, module] of modulesOf(parts)) {
    const own = Object.entries(state)
      .filter(([name]) => name.startsWith(`${part}.`))
      .map(([name, value]) => [name.slice(part.length + 1), value] as const);
    module.loadStateDict(Object.fromEntries(own));
  }
}

function readDescription(file: string): Description {
  const text = read(file).toString("utf8");
  let description: Partial<Description>;
  try {
    description = JSON.parse(text) as Partial<Description>;
  } catch (cause) {
    throw new CheckpointError(`${file} is damaged: it is not JSON.`, undefined, { cause });
  }
  if (description.format !== FORMAT || description.version !== VERSION) {
    throw new CheckpointError(
      `${file} is no pipeline of version ${VERSION}: format ${String(description.format)}, ` +
        `version ${String(description.version)}.`,
    );
  }
  return description as Description;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new CheckpointError(
      `${file} could not be read.`,
      "Is the path right, without an ending?",
      {
        cause,
      },
    );
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
