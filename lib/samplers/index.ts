export { ancestral } from "./ancestral";
export * from "./annealed-langevin";
export {
  ddim,
  type DdimCoefficients,
  ddimCoefficients,
  ddimInversion,
  type DdimOptions,
} from "./ddim";
export {
  ddpm,
  type DdpmCoefficients,
  ddpmCoefficients,
  type DdpmOptions,
  type DdpmVariance,
} from "./ddpm";
export { dpmSolver, type DpmSolverCoefficients, dpmSolverCoefficients } from "./dpm-solver";
export { euler } from "./euler";
export { eulerAncestral, type EulerAncestralOptions } from "./euler-ancestral";
export * from "./euler-maruyama";
export { flowMatching, type VelocityField } from "./flow-matching";
export { assertNumber } from "./guard";
export { heun, type HeunOptions } from "./heun";
export * from "./langevin";
export * from "./limit";
export { pndm, type PndmOptions } from "./pndm";
export * from "./predictor-corrector";
export * from "./probability-flow";
export type { ScheduleOptions } from "./read-network";
export * from "./sample";
export * from "./sampler";
export { assertSigmas, type SigmaOptions } from "./sigma-times";
