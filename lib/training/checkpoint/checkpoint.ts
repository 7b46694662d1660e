import { createHash } from "node:crypto";
import { join } from "node:path";

import { CheckpointError } from "../../core/errors";
import { assertInteger } from "../../core/guard";
import type { Rng } from "../../core/random";
import { deviceReport } from "../../engine/engine";
import { tf } from "../../engine/tf";
import { assertStateFits, type Module, type StateDict } from "../../nn/module";
import type { Ema } from "../ema";
import type { OptimizerMemory } from "../optimizer";
import { mendFolder, readSized, removeOld, stepName, storedSteps, writeFolder } from "./folder";
import { assertFiniteFile, toHost, toTensors } from "./host-state";
import {
  type Manifest,
  MANIFEST_FILE,
  manifestText,
  MAX_MANIFEST_BYTES,
  parseManifest,
  sealOf,
  type TensorFile,
} from "./manifest";
import { damaged, decodeSafetensors, encodeSafetensors, type HostTensors } from "./safetensors";

/** Everything that a training run changes, and that must come back for it to go on unchanged. */
export interface RunState {
  readonly model: Module;
  readonly optimizer?: OptimizerMemory;
  readonly ema?: Ema;
  readonly rng?: Rng;
}

/** A checkpoint that was read and found whole; on the host, so there is nothing to free. */
export interface Checkpoint {
  readonly manifest: Manifest;
  readonly tensors: ReadonlyMap<TensorFile, HostTensors>;
}

/**
 * Save a run as `folder/step-00000400`, whole or not at all, and remove all but the newest `keep`.
 *
 * @returns the checkpoint's path
 * @throws NonFiniteError if a weight is NaN or infinite; CheckpointError if it cannot be written
 */
export function saveCheckpoint(
  folder: string,
  step: number,
  run: RunState,
  { keep = 2 }: { readonly keep?: number } = {},
): string {
  assertInteger("saveCheckpoint", "step", step, 0);
  assertInteger("saveCheckpoint", "keep", keep);
  const files = new Map<string, Buffer>();
  for (const [file, state] of Object.entries(tensorsOf(run))) {
    files.set(file, encodeSafetensors(toHost(state)));
  }
  const seals = [...files].map(([file, bytes]) => [file, sealOf(bytes)] as const);
  const manifest = { ...numbersOf(step, run), files: Object.fromEntries(seals) };
  files.set(MANIFEST_FILE, Buffer.from(manifestText(manifest)));
  mendFolder(folder);
  const path = writeFolder(folder, stepName(step), files);
  removeOld(folder, keep);
  return path;
}

function tensorsOf({ model, optimizer, ema }: RunState): Partial<Record<TensorFile, StateDict>> {
  return {
    "model.safetensors": model.stateDict(),
    ...(optimizer && { "optimizer.safetensors": optimizer.state().slots }),
    ...(ema && { "ema.safetensors": ema.state().averages }),
  };
}

function numbersOf(step: number, { optimizer, ema, rng }: RunState): Omit<Manifest, "files"> {
  const { tensorflow, tfjs, node } = deviceReport();
  return {
    step,
    ...(rng && { rng: rng.state() }),
    ...(optimizer && { optimizer: { rule: optimizer.state().rule, step: optimizer.step } }),
    ...(ema && { ema: { updates: ema.state().updates } }),
    versions: { tensorflow, tfjs, node },
  };
}

/**
 * Read a checkpoint and verify all of it: sizes before anything is allocated, SHA-256 of every
 * file, finite values.
 *
 * @param path e.g. from `latestCheckpoint(folder)`
 * @throws CheckpointError naming the file that is missing, cut, changed or of a future version
 */
export function readCheckpoint(path: string): Checkpoint {
  const manifestPath = join(path, MANIFEST_FILE);
  const text = readSized(manifestPath, (bytes) => bytes <= MAX_MANIFEST_BYTES).toString("utf8");
  const manifest = parseManifest(text, manifestPath);
  const tensors = new Map<TensorFile, HostTensors>();
  for (const [name, seal] of Object.entries(manifest.files)) {
    const file = join(path, name);
    const bytes = readSized(file, (size) => size === seal.bytes);
    if (createHash("sha256").update(bytes).digest("hex") !== seal.sha256) {
      throw damaged(file, "its content is not what was written");
    }
    const decoded = decodeSafetensors(bytes, file);
    assertFiniteFile(decoded, file);
    tensors.set(name as TensorFile, decoded);
  }
  return { manifest, tensors };
}

export interface ResumeOptions {
  /** If the newest checkpoint is damaged, go on from the newest one that is not. */
  readonly fallback?: boolean;
}

/**
 * Put a run back to its newest checkpoint: weights, averages, optimiser and random state. Nothing
 * is changed unless all of it fits.
 *
 * @returns the steps done; 0, with nothing changed, if the folder holds no checkpoint
 * @throws CheckpointError if the checkpoint is damaged or of another model, optimiser or average
 */
export function resume(
  folder: string,
  run: RunState,
  { fallback = false }: ResumeOptions = {},
): number {
  mendFolder(folder);
  const stored = storedSteps(folder).reverse();
  for (const [i, { path }] of stored.entries()) {
    let checkpoint: Checkpoint;
    try {
      checkpoint = readCheckpoint(path);
    } catch (error) {
      const earlier = stored[i + 1];
      if (earlier === undefined || !(error instanceof CheckpointError)) throw error;
      if (fallback) continue;
      throw new CheckpointError(
        error.message,
        `With { fallback: true } the run goes on from step ${earlier.step}.`,
        { cause: error },
      );
    }
    restore(checkpoint, run);
    return checkpoint.manifest.step;
  }
  return 0;
}

/** Put a run back to a checkpoint; nothing is changed unless all of it fits. @throws CheckpointError */
export function restore({ manifest, tensors }: Checkpoint, run: RunState): void {
  for (const part of ["optimizer", "ema", "rng"] as const) {
    if ((run[part] === undefined) === (manifest[part] === undefined)) continue;
    const [has, lacks] = run[part] === undefined ? ["checkpoint", "run"] : ["run", "checkpoint"];
    throw new CheckpointError(
      `The ${has} has the part "${part}" and the ${lacks} has not.`,
      "Resume with the same parts as were saved.",
    );
  }
  tf.tidy(() => {
    const state = (file: TensorFile): StateDict => toTensors(tensors.get(file) ?? new Map());
    const weights = state("model.safetensors");
    assertStateFits(run.model.namedVariables(), weights, "model");
    if (manifest.optimizer) {
      run.optimizer?.restore({ ...manifest.optimizer, slots: state("optimizer.safetensors") });
    }
    if (manifest.ema) run.ema?.restore({ ...manifest.ema, averages: state("ema.safetensors") });
    run.model.loadStateDict(weights);
    if (manifest.rng) run.rng?.moveTo(manifest.rng);
  });
}
