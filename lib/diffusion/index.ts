export * from "./schedule";
export * from "./sigmas";
export * from "./timesteps";
