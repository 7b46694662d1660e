import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { DataMissingError } from "../core/errors";
import { courseFolder } from "../core/files";
import type { Module } from "../nn/module";
import { loadWeights } from "../training/checkpoint/weights";

/** How a checkpoint of the course was made. */
export interface CheckpointProvenance {
  readonly seed: number;
  readonly steps: number;
  readonly seconds: number;
  /** What of it the processor worked on this; told for trainings that are compared. */
  readonly processorSeconds?: number;
  readonly device: string;
  readonly tensorflow: string;
  readonly node: string;
  /** `data.splitHash("train")` of the captions that it was trained on. */
  readonly trainingCaptions: string;
}

/** Where the course's checkpoints lie, without an ending. */
export function checkpointPath(name: string): string {
  return join(courseFolder() ?? ".", "datasets", "checkpoints", name);
}

/**
 * Load weights that come with the course, `datasets/checkpoints/NAME.safetensors`.
 *
 * @returns how they were made
 * @throws DataMissingError, CheckpointError
 */
export function loadCourseWeights(name: string, model: Module): CheckpointProvenance {
  const path = checkpointPath(name);
  if (!existsSync(`${path}.safetensors`)) {
    throw new DataMissingError(
      `There is no checkpoint ${path}.safetensors.`,
      "Train it: npm run train:gans, train:digits or train:text-to-image.",
    );
  }
  loadWeights(`${path}.safetensors`, model);
  return JSON.parse(readFileSync(`${path}.json`, "utf8")) as CheckpointProvenance;
}
