export { assertBetas, type BetaLine } from "./beta-line";
export { addNoise, perExample } from "./noise";
export * from "./score";
export * from "./sde";
export * from "./sub-vp";
export { assertTime } from "./time";
export * from "./ve";
export * from "./vp";
