export { ddim, ddimInversion, type DdimOptions } from "./ddim";
export { ddpm, type DdpmOptions, type DdpmVariance } from "./ddpm";
export * from "./limit";
export type { ScheduleOptions } from "./read-network";
export * from "./sample";
export * from "./sampler";
