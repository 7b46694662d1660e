export * as core from "./core";
export * as diffusion from "./diffusion";
export * as engine from "./engine";
export * as nn from "./nn";
export { tf } from "./engine/tf";
export { Rng } from "./core/random";
