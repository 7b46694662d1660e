export { SAMPLER_NAMES, type SamplerName } from "./algorithms";
export * from "./checkpoint";
export { loadSampler } from "./course-sampler";
export * from "./digit-judge";
export * from "./digit-scores";
export * from "./digit-table";
export * from "./digit-training";
export * from "./digits";
export { exportPipeline } from "./export";
export * from "./gan";
export * from "./pipeline";
export {
  describePipeline,
  loadPipeline,
  type PipelineKind,
  pipelineProvenance,
  type Provenance,
  savePipeline,
} from "./store";
export * from "./text-to-image";
