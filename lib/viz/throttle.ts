/** Time, for tests replaceable. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Run later; returns how to call it off. */
  schedule(run: () => void, milliseconds: number): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  schedule(run, milliseconds) {
    const timer = setTimeout(run, milliseconds);
    timer.unref(); // a redraw that is due keeps no process alive
    return () => {
      clearTimeout(timer);
    };
  },
};

/** About 8 redraws a second: smooth to the eye, light for the browser. */
const INTERVAL = 120;
/** Jupyter Server drops output above 1,000,000 bytes a second: stay at under half of it. */
const BYTES_PER_MILLISECOND = 400;

/**
 * Sends the newest of many values at a bounded rate. The first goes at once, the last one always
 * arrives, those between may be passed over; large ones go more seldom.
 */
export class Throttle<T> {
  private pending: { readonly value: T } | undefined;
  private callOff: (() => void) | undefined;
  private nextTime = -Infinity;

  /** @param send shows a value and returns how many bytes it took */
  constructor(
    private readonly send: (value: T) => number,
    private readonly clock: Clock = systemClock,
  ) {}

  request(value: T): void {
    this.pending = { value };
    const wait = this.nextTime - this.clock.now();
    if (wait <= 0) this.flush();
    else {
      this.callOff ??= this.clock.schedule(() => {
        this.flush();
      }, wait);
    }
  }

  /** Send what waits, now. */
  flush(): void {
    this.callOff?.();
    this.callOff = undefined;
    if (this.pending === undefined) return;
    const { value } = this.pending;
    this.pending = undefined;
    const bytes = this.send(value);
    this.nextTime = this.clock.now() + Math.max(INTERVAL, bytes / BYTES_PER_MILLISECOND);
  }
}
