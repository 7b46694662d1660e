import type { core } from "latentlab";
import type { Clock } from "latentlab/dist/viz/throttle";

const HOST = Symbol.for("latentlab.kernel");

/** Time that passes only when told. */
export class FakeClock implements Clock {
  private time = 0;
  private timers: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  schedule(run: () => void, milliseconds: number): () => void {
    const timer = { at: this.time + milliseconds, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  advance(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const [next] = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.time = next.at;
      this.timers = this.timers.filter((other) => other !== next);
      next.run();
    }
    this.time = end;
  }
}

export interface Sent {
  readonly bundle: core.MimeBundle;
  readonly options: core.DisplayOptions;
}

/** Run `body` as if in a kernel and give back what it displayed. */
export async function inKernel(body: () => void | Promise<void>): Promise<Sent[]> {
  const sent: Sent[] = [];
  const globals = globalThis as Record<symbol, unknown>;
  globals[HOST] = {
    display: (bundle: core.MimeBundle, options: core.DisplayOptions = {}) =>
      sent.push({ bundle, options }),
  };
  try {
    await body();
  } finally {
    globals[HOST] = undefined;
  }
  return sent;
}
