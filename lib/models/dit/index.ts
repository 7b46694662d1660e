export type { AttentionMaps } from "./block";
export { Dit, type DitConfig } from "./dit";
export { DIT_PRESETS, ditMultiplyAdds } from "./presets";
