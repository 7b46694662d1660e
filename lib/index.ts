export * as core from "./core";
export * as diffusion from "./diffusion";
export * as engine from "./engine";
export * as nn from "./nn";
export * as training from "./training";
export { tf } from "./engine/tf";
export { Rng } from "./core/random";
export { compile } from "./compile";
