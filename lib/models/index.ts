export * from "./vae";
