export * from "./at-timesteps";
export * from "./forward";
export * from "./posterior";
export * from "./prediction";
export * from "./schedule";
export * from "./sigmas";
export * from "./timesteps";
