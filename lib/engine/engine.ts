import { readFileSync } from "node:fs";
import { dirname, join, parse } from "node:path";

import { GpuMemory } from "./gpu-memory";
import { nativeBackend } from "./native-op";
import { tf } from "./tf";

/** Which device computes, and why. */
export interface DeviceReport {
  readonly device: "cpu" | "gpu";
  /** e.g. "no NVIDIA GPU was found"; written by set-up. */
  readonly reason: string;
  /** Threads of one op; 0 means TensorFlow's own choice, all cores. */
  readonly threads: number;
  readonly tensorflow: string;
  readonly tfjs: string;
  readonly node: string;
}

/** Memory now. Bytes, but for `numTensors`. */
export interface MemoryReport {
  readonly numTensors: number;
  readonly tensorBytes: number;
  /** Of this process. */
  readonly residentBytes: number;
  /** In use on the GPU, where one computes; a reading some seconds old. */
  readonly gpuBytes?: number;
}

/** What set-up wrote about its choice of device, looked for from `start` upwards. */
function setupReason(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    try {
      const text = readFileSync(join(folder, ".latentlab", "engine.json"), "utf8");
      return String((JSON.parse(text) as { reason?: unknown }).reason);
    } catch {
      if (folder === parse(folder).root) return "set-up left no note";
    }
  }
}

export function deviceReport(): DeviceReport {
  const { isUsingGpuDevice, binding } = nativeBackend();
  return {
    device: isUsingGpuDevice ? "gpu" : "cpu",
    reason: setupReason(__dirname),
    threads: Number(process.env["TF_NUM_INTRAOP_THREADS"] ?? 0),
    tensorflow: binding.TF_Version,
    tfjs: tf.version.tfjs,
    node: process.versions.node,
  };
}

const gpuMemory = new GpuMemory();

export function memoryReport(): MemoryReport {
  const { numTensors, numBytes } = tf.memory();
  const gpuBytes = nativeBackend().isUsingGpuDevice ? gpuMemory.read() : undefined;
  const residentBytes = process.memoryUsage.rss();
  return { numTensors, tensorBytes: numBytes, residentBytes, ...(gpuBytes && { gpuBytes }) };
}
