import type { SharedState } from "../threads/shared-state";
import type { Cell } from "./cell";
import { KeyboardInterrupt } from "./keyboard-interrupt";

/** Name under which the instrumented code of cells finds its `Watch`; see instrument.ts. */
export const WATCH = "$cell$";

type Iterable_<T> = AsyncIterable<T> | Iterable<T | PromiseLike<T>>;

/**
 * Called from within the code of cells at every turn of a loop and every await. It knows whose code
 * is running, and throws a KeyboardInterrupt there when that cell must stop: so `finally` blocks run
 * and a training step is never cut in the middle.
 */
export class Watch {
  /** The cell whose code entered last. It stands until another cell's code enters. */
  owner: Cell | undefined;

  constructor(private readonly state: SharedState) {}

  /** At every turn of a loop. */
  poll(): void {
    if (this.state.stop !== 0) this.interrupt();
  }

  /** Around what is awaited. */
  gate(value: unknown): unknown {
    const cell = this.owner;
    this.poll();
    if (!cell) return value;
    if (cell.stopped) throw new KeyboardInterrupt();
    return isThenable(value) ? cell.hold(value) : value;
  }

  /** After an await: the code of `cell` goes on with what it awaited. */
  resume<T>(cell: Cell | undefined, value: T): T {
    this.enter(cell);
    this.poll();
    return value;
  }

  /** From here on the code of this cell is running. */
  enter(cell: Cell | undefined): void {
    this.owner = cell;
    if (cell?.stopped) throw new KeyboardInterrupt();
  }

  /** Around what `for await` iterates over; a stop also closes the iterator, so that it cleans up. */
  iterate<T>(iterable: Iterable_<T>): AsyncIterable<T> {
    const cell = this.owner;
    if (!(Symbol.asyncIterator in iterable)) return this.iterateSync(iterable);
    const inner = iterable[Symbol.asyncIterator]();
    const next = async (...sent: [] | [undefined]): Promise<IteratorResult<T>> => {
      try {
        return this.resume(cell, (await this.gate(inner.next(...sent))) as IteratorResult<T>);
      } catch (error) {
        const closing = error instanceof KeyboardInterrupt ? inner.return?.() : undefined;
        if (closing) cell?.waitFor(closing);
        throw error;
      }
    };
    const close = (value?: unknown): Promise<IteratorResult<T>> => {
      const closing = inner.return?.(value) ?? Promise.resolve({ done: true as const, value });
      cell?.waitFor(closing);
      return closing as Promise<IteratorResult<T>>;
    };
    return { [Symbol.asyncIterator]: () => ({ next, return: close }) };
  }

  private async *iterateSync<T>(iterable: Iterable<T | PromiseLike<T>>): AsyncIterable<T> {
    const cell = this.owner;
    for (const value of iterable) yield this.resume(cell, (await this.gate(value)) as T);
  }

  private interrupt(): void {
    // The stop is meant for the running cell, not for what an earlier one left in the background.
    if (!this.owner || this.owner.finished || !this.state.takeStop()) return;
    this.owner.ask();
    throw new KeyboardInterrupt();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && typeof (value as { then?: unknown }).then === "function";
}
