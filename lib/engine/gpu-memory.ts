import { execFile } from "node:child_process";

/** Asked this often, in milliseconds: nvidia-smi takes tens of them. */
const INTERVAL = 2_000;
const QUESTION = ["--query-gpu=memory.used", "--format=csv,noheader,nounits"];
const MEBIBYTE = 2 ** 20;

/**
 * Memory in use on the first GPU, by all programs, as NVIDIA's own tool reports it. It is asked in the
 * background; a reading is at most some seconds old. Tried with a stand-in for the tool, not on a GPU.
 */
export class GpuMemory {
  private bytes: number | undefined;
  private nextTime = -Infinity;

  constructor(private readonly program = "nvidia-smi") {}

  /** The newest reading, in bytes; undefined before the first answer, or if there is no such tool. */
  read(): number | undefined {
    if (performance.now() >= this.nextTime) {
      this.nextTime = performance.now() + INTERVAL;
      execFile(this.program, QUESTION, { timeout: INTERVAL }, (error, answer) => {
        const mebibytes = Number.parseInt(answer, 10);
        this.bytes = error || Number.isNaN(mebibytes) ? undefined : mebibytes * MEBIBYTE;
      });
    }
    return this.bytes;
  }
}
