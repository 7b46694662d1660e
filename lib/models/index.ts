export * from "./vae";
export * from "./unet";
