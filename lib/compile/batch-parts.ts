import { threadCount } from "../engine/threads";

/** Into what parts a function's batches are cut while it is traced. */
export class BatchParts {
  private count = 1;

  /** @param most parts of one batch */
  constructor(private readonly most: number) {}

  /** Threads for each operation, if all parts are at work. */
  get threadsEach(): number {
    return Math.max(1, Math.floor(threadCount() / this.count));
  }

  /** Sizes that differ by one at most; a batch of fewer examples than parts stays whole. */
  sizesOf(batch: number): number[] {
    if (batch < this.most) return [batch];
    this.count = this.most;
    return Array.from({ length: this.most }, (_, i) => Math.floor((batch + i) / this.most));
  }
}
