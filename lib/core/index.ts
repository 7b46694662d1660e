export * from "./errors";
export * from "./guard";
export * from "./host";
export * from "./math";
export * from "./memory";
export * from "./ops";
export { Rng, type RngState } from "./random";
export { type Estimate, estimate, formatEstimate } from "./statistics";
export type * from "./types";
