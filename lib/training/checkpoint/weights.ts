import { tf } from "../../engine/tf";
import type { Module } from "../../nn/module";
import { readSized, writeWhole } from "./folder";
import { assertFiniteFile, toHost, toTensors } from "./host-state";
import { decodeSafetensors, encodeSafetensors } from "./safetensors";

const MAX_BYTES = 2 ** 31 - 1;

/**
 * Save a model's weights alone as one `.safetensors` file, which Python's `safetensors` reads too.
 *
 * @throws NonFiniteError if a weight is NaN or infinite; CheckpointError if it cannot be written
 */
export function saveWeights(file: string, model: Module): void {
  writeWhole(file, encodeSafetensors(toHost(model.stateDict())));
}

/**
 * Load a model's weights from a `.safetensors` file; nothing is changed unless all of it fits.
 *
 * @throws CheckpointError if the file is missing, damaged, not finite, or of another model
 */
export function loadWeights(file: string, model: Module): void {
  const host = decodeSafetensors(
    readSized(file, (bytes) => bytes <= MAX_BYTES),
    file,
  );
  assertFiniteFile(host, file);
  tf.tidy(() => {
    model.loadStateDict(toTensors(host));
  });
}
