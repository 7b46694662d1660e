import type { ExecuteOrder } from "../threads/channel";
import { KeyboardInterrupt } from "./keyboard-interrupt";

/** Longest wait for the clean-up of what a stopped cell was iterating over. */
const CLOSING_MS = { plain: 150, cooperative: 2_000 } as const;

/** One execution of a cell: what it awaits, and how it is stopped. */
export class Cell {
  private readonly controller = new AbortController();
  private readonly held = new Set<(reason: unknown) => void>();
  private readonly closing = new Set<Promise<unknown>>();
  private isStopped = false;
  private isFinished = false;
  /** The cell has read its signal: it means to end by itself when asked. */
  cooperative = false;
  /** What made it fail, if known before it ends: type errors, an uncaught rejection. */
  failure: unknown;
  /** Value of its last expression. */
  result: unknown;

  constructor(readonly order: ExecuteOrder) {}

  /** Aborted when the cell is interrupted. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get interrupted(): boolean {
    return this.signal.aborted;
  }

  get stopped(): boolean {
    return this.isStopped;
  }

  get finished(): boolean {
    return this.isFinished;
  }

  /** Stopped and over: none of its timers may fire, and nothing that it prints is shown. */
  get dead(): boolean {
    return this.isStopped && this.isFinished;
  }

  finish(): void {
    this.isFinished = true;
    this.result = undefined; // Else a tensor that was shown once would never be collected.
    this.failure = undefined;
  }

  /** First stage of an interrupt: loops that watch the signal end by themselves. */
  ask(): void {
    if (!this.interrupted) this.controller.abort(new KeyboardInterrupt());
  }

  /** Second stage: everything that the cell awaits is rejected, now and later. */
  stop(): void {
    this.ask();
    this.isStopped = true;
    const held = [...this.held];
    this.held.clear();
    for (const reject of held) reject(new KeyboardInterrupt());
  }

  /** A promise that ends like `value`, or with a KeyboardInterrupt as soon as the cell is stopped. */
  hold<T>(value: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.held.add(reject);
      value.then(
        (result) => {
          if (this.held.delete(reject)) resolve(result);
        },
        (reason: unknown) => {
          if (this.held.delete(reject)) reject(reason as Error);
        },
      );
    });
  }

  /** Lets the cell's end wait for a clean-up that has begun. */
  waitFor(cleanUp: PromiseLike<unknown>): void {
    const settled = Promise.resolve(cleanUp).catch(() => undefined);
    this.closing.add(settled);
    void settled.then(() => this.closing.delete(settled));
  }

  /** Calls back when every clean-up has ended, or has taken too long. */
  whenClosed(callback: () => void, setTimer: typeof setTimeout): void {
    if (this.closing.size === 0) {
      callback();
      return;
    }
    const limit = CLOSING_MS[this.cooperative ? "cooperative" : "plain"];
    const timer = setTimer(callback, limit);
    void Promise.all(this.closing).then(() => {
      clearTimeout(timer);
      callback();
    });
  }
}
