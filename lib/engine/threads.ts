import { availableParallelism } from "node:os";

/** Threads that one operation of TensorFlow may use. */
export function threadCount(): number {
  const told = Number(process.env["TF_NUM_INTRAOP_THREADS"]);
  return Number.isInteger(told) && told > 0 ? told : availableParallelism();
}
