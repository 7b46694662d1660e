export * from "./ema";
export * from "./gradients";
export { isFiniteTensor } from "./non-finite";
export * from "./optimizer";
export type { TrainProgress } from "./progress";
export * from "./rules";
export * from "./schedule";
export { stopOnSignals } from "./stop";
export * from "./train";
