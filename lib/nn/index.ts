export * from "./activations";
export * from "./adaln";
export * from "./attention";
export * from "./conv";
export * from "./dense";
export * from "./dropout";
export * from "./embedding";
export { GroupNorm } from "./group-norm";
export * from "./gru";
export * from "./init";
export * from "./minibatch-std";
export * from "./module";
export { BatchNorm, type BatchNormOptions, LayerNorm, type NormOptions } from "./norm";
export * from "./patches";
export * from "./resample";
export * from "./sequential";
export { CrossAttention, TransformerBlock } from "./transformer";
export {
  equalized,
  EqualizedRate,
  equalizedScale,
  SpectralNorm,
  spectralNorm,
  type SpectralNormOptions,
  type WeightMap,
} from "./weight-map";
