const SLOT = { stop: 0, running: 1, compiling: 2, cooperative: 3, heard: 4 } as const;

/** How hard a running cell is asked to stop: not at all, by one exception, or by one at every turn. */
export type StopLevel = 0 | 1 | 2;

/** A few integers that both threads see at once, also while the cell thread is blocked. */
export class SharedState {
  private readonly slots: Int32Array;

  constructor(readonly buffer = new SharedArrayBuffer(4 * Object.keys(SLOT).length)) {
    this.slots = new Int32Array(buffer);
  }

  get stop(): StopLevel {
    return Atomics.load(this.slots, SLOT.stop) as StopLevel;
  }

  set stop(level: StopLevel) {
    Atomics.store(this.slots, SLOT.stop, level);
  }

  /** Uses up a stop of level 1; one of level 2 stays. @returns whether there was one. */
  takeStop(): boolean {
    return Atomics.compareExchange(this.slots, SLOT.stop, 1, 0) !== 0;
  }

  /** The code of a cell is running (and not the compiler, which must never be cut short). */
  get running(): boolean {
    return Atomics.load(this.slots, SLOT.running) === 1;
  }

  set running(value: boolean) {
    Atomics.store(this.slots, SLOT.running, Number(value));
  }

  get compiling(): boolean {
    return Atomics.load(this.slots, SLOT.compiling) === 1;
  }

  set compiling(value: boolean) {
    Atomics.store(this.slots, SLOT.compiling, Number(value));
  }

  /** The running cell reads its AbortSignal, so it is given time to end by itself. */
  get cooperative(): boolean {
    return Atomics.load(this.slots, SLOT.cooperative) === 1;
  }

  set cooperative(value: boolean) {
    Atomics.store(this.slots, SLOT.cooperative, Number(value));
  }

  /** Serial number of the last interrupt order that the cell thread has heard. */
  get heard(): number {
    return Atomics.load(this.slots, SLOT.heard);
  }

  set heard(serial: number) {
    Atomics.store(this.slots, SLOT.heard, serial);
  }
}
