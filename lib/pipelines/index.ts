export * from "./checkpoint";
export * from "./digit-judge";
export * from "./digit-scores";
export * from "./digits";
export * from "./gan";
export * from "./pipeline";
export { loadPipeline, pipelineProvenance, type Provenance, savePipeline } from "./store";
