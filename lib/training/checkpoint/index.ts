export {
  type Checkpoint,
  readCheckpoint,
  restore,
  resume,
  type ResumeOptions,
  type RunState,
  saveCheckpoint,
} from "./checkpoint";
export { latestCheckpoint, storedSteps, type StoredStep } from "./folder";
export type { Manifest } from "./manifest";
export type { CheckpointOptions } from "./run-folder";
export {
  decodeSafetensors,
  encodeSafetensors,
  type HostTensor,
  type HostTensors,
} from "./safetensors";
export { loadWeights, saveWeights } from "./weights";
