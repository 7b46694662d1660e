export type { Condition, ConditionConfig } from "./condition";
export * from "./autoencoder";
export * from "./clip";
export * from "./dit";
export * from "./vae";
export * from "./unet";
