import { memoryReport } from "../engine/engine";

/** What the status line reads of a training step's report. */
export interface Rate {
  readonly step: number;
  readonly stepsPerSecond?: number;
  readonly secondsLeft?: number;
  readonly warning?: string | undefined;
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function group(count: number): string {
  return count.toLocaleString("en-US");
}

function megabytes(bytes: number): string {
  return `${group(Math.round(bytes / 1e6))} MB`;
}

/** Step, rate, time left, memory of the process and the GPU, living tensors and warnings in a line. */
export function trainingStatus(
  last: Rate | undefined,
  {
    steps,
    hasEnded,
    health,
  }: { readonly steps: number; readonly hasEnded: boolean; health: string },
): string {
  if (last === undefined) return "waiting for the first step";
  const { step, stepsPerSecond: rate = 0, secondsLeft, warning = "" } = last;
  const stopped = hasEnded && step < steps;
  const { residentBytes, numTensors, gpuBytes } = memoryReport();
  const parts = [
    `${stopped ? "stopped at step" : "step"} ${group(step)} of ${group(steps)}`,
    rate > 0 ? `${rate < 10 ? rate.toFixed(1) : group(Math.round(rate))} steps/s` : "",
    secondsLeft === undefined || hasEnded || step >= steps ? "" : `${duration(secondsLeft)} left`,
    megabytes(residentBytes),
    gpuBytes === undefined ? "" : `GPU ${megabytes(gpuBytes)}`,
    `${group(numTensors)} tensors`,
    health,
    warning,
  ];
  return parts.filter((part) => part !== "").join(" · ");
}
