export type { BetaLine } from "./beta-line";
export { addNoise } from "./noise";
export * from "./score";
export * from "./sde";
export * from "./sub-vp";
export * from "./ve";
export * from "./vp";
