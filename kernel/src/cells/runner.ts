import type { ExecuteOrder, InterruptOrder, Outcome } from "../threads/channel";
import { recoverLibrary } from "../host";
import type { SharedState } from "../threads/shared-state";
import { toBundle, type MimeBundle } from "../output/bundle";
import { allFrames, type ErrorReport, reportError } from "../output/error-report";
import { Cell } from "./cell";
import type { Engine } from "./engine";
import { evaluateAll } from "./expressions";
import { KeyboardInterrupt } from "./keyboard-interrupt";
import type { SourceMaps } from "./source-maps";
import { nodeTimers } from "./timers";
import type { Watch } from "./watch";

export interface RunnerParts {
  readonly state: SharedState;
  readonly watch: Watch;
  readonly maps: SourceMaps;
  /** Made when the first cell comes: it takes a second to start. */
  engine(): Engine;
  publishResult(cell: Cell, bundle: MimeBundle): void;
  /** @param frames all of the stack, if the report leaves some out */
  publishError(cell: Cell, report: ErrorReport, frames: MimeBundle | undefined): void;
  /** Called once per cell. */
  executed(cell: Cell, outcome: Outcome, reply: Readonly<Record<string, unknown>>): void;
}

/**
 * Runs cells, one at a time. Everything goes on from callbacks of the event loop and not from
 * promises of the kernel's own: when V8 terminates a cell it drops the waiting promise jobs.
 */
export class Runner {
  current: Cell | undefined;
  /** Cells that have ended, while something of theirs may still live in the background. */
  private readonly background = new Set<Cell>();

  constructor(private readonly parts: RunnerParts) {}

  execute(order: ExecuteOrder): void {
    const { state, watch } = this.parts;
    const cell = new Cell(order);
    this.current = cell;
    watch.owner = cell;
    state.stop = 0;
    state.cooperative = false;
    this.parts
      .engine()
      .execute(cell)
      .then(
        () => {
          this.runToEnd(cell);
        },
        (error: unknown) => {
          this.fail(cell, error);
        },
      );
  }

  interrupt(stage: InterruptOrder["stage"]): void {
    const cell = this.current;
    if (!cell) return;
    cell.ask();
    if (stage === "ask") return;
    cell.stop();
    if (stage === "settle") {
      recoverLibrary();
      this.fail(cell, cell.failure);
      this.parts.engine().abandon();
      return;
    }
    cell.whenClosed(() => {
      // What it awaited was rejected: it ends by itself, unless it awaits what is not its own.
      nodeTimers.setTimeout(() => {
        this.fail(cell, cell.failure);
      }, ENDING_MS);
    }, nodeTimers.setTimeout);
  }

  /** Stops what ended cells still do: a training loop that nobody awaited. */
  stopBackground(): void {
    for (const cell of this.background) cell.stop();
    this.background.clear();
  }

  /** An exception or rejection that nobody caught. A running cell fails by it. */
  uncaught(cell: Cell, error: unknown): void {
    if (cell.finished) return;
    cell.failure ??= error;
    this.fail(cell, error);
  }

  private runToEnd(cell: Cell): void {
    // One turn of the event loop, in which rejections that nobody awaits come to light.
    nodeTimers.setImmediate(() => {
      cell.whenClosed(() => {
        if (cell.failure !== undefined || cell.interrupted) this.fail(cell, cell.failure);
        else this.succeed(cell);
      }, nodeTimers.setTimeout);
    });
  }

  private succeed(cell: Cell): void {
    if (cell.finished) return;
    const { count, silent, userExpressions } = cell.order;
    const finish = (bundle: MimeBundle | undefined): void => {
      if (cell.finished) return;
      if (bundle && !silent) this.show(cell, bundle);
      const expressions = evaluateAll(userExpressions, this.parts.engine().variables);
      const reply = { status: "ok", execution_count: count, payload: [] };
      this.end(cell, "ok", { ...reply, user_expressions: expressions });
    };
    const { result } = cell;
    if (result === undefined || silent) finish(undefined);
    else void toBundle(result).then(finish);
  }

  private show(cell: Cell, bundle: MimeBundle): void {
    try {
      this.parts.publishResult(cell, bundle);
    } catch {
      // A part of the bundle is no JSON: the text always is.
      this.parts.publishResult(cell, { "text/plain": String(bundle["text/plain"]) });
    }
  }

  private fail(cell: Cell, error: unknown): void {
    if (cell.finished) return;
    const interrupted = cell.interrupted || error instanceof KeyboardInterrupt;
    const shown = interrupted ? KeyboardInterrupt.from(error) : error;
    const report = reportError(shown, this.parts.maps, cell.order);
    const frames = interrupted ? undefined : allFrames(shown);
    if (!cell.order.silent) this.parts.publishError(cell, report, frames);
    const reply = { status: "error", execution_count: cell.order.count, ...report };
    this.end(cell, interrupted ? "interrupted" : "error", reply);
  }

  private end(cell: Cell, outcome: Outcome, reply: Readonly<Record<string, unknown>>): void {
    const { state } = this.parts;
    state.running = false;
    state.stop = 0;
    if (outcome === "interrupted") cell.stop();
    else this.background.add(cell);
    cell.finish();
    this.current = undefined;
    this.parts.executed(cell, outcome, reply);
  }
}

/** Time for the rejected awaits of a stopped cell to reach its end. */
const ENDING_MS = 50;
