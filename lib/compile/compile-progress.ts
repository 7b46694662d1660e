import { randomUUID } from "node:crypto";

import { type KernelHost, kernelHost } from "../core/host";

/** Milliseconds before the first word, and between two. */
const [PATIENCE, INTERVAL] = [2000, 400];

/**
 * Says how far a compilation is, if it takes longer than a reader likes to wait in silence: in the
 * notebook under the cell, in a terminal on a line that is erased at the end.
 */
export class CompileProgress {
  private readonly begin = performance.now();
  private readonly id = `latentlab-compile-${randomUUID()}`;
  private nextTime = this.begin + PATIENCE;
  private isShown = false;

  constructor(private readonly host: KernelHost | undefined = kernelHost()) {}

  /** @param doing e.g. "recorded 3000 operations"; made only if it is shown */
  at(doing: () => string): void {
    if (performance.now() < this.nextTime) return;
    this.nextTime = performance.now() + INTERVAL;
    this.show(`Compiling for ${this.seconds()} s: ${doing()} …`);
  }

  /** Leave one sentence in the notebook, nothing in a terminal. */
  end(result: string): void {
    if (!this.isShown) return;
    if (this.host !== undefined) this.show(`${result} in ${this.seconds()} s.`);
    else process.stderr.write("\r\x1b[K");
  }

  private show(text: string): void {
    if (this.host !== undefined) {
      this.host.display({ "text/plain": text }, { id: this.id, update: this.isShown });
    } else if (process.stderr.isTTY) process.stderr.write(`\r${text}\x1b[K`);
    else return;
    this.isShown = true;
  }

  private seconds(): string {
    return ((performance.now() - this.begin) / 1000).toFixed(1);
  }
}
