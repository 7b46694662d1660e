import { inspect } from "node:util";
import type { Worker } from "node:worker_threads";

import { answerQuestion } from "./assist/questions";
import type { Cell } from "./cells/cell";
import { Engine } from "./cells/engine";
import { KeyboardInterrupt } from "./cells/keyboard-interrupt";
import { Runner } from "./cells/runner";
import { SourceMaps } from "./cells/source-maps";
import { installStacks } from "./cells/stacks";
import { installTimers, nodeTimers } from "./cells/timers";
import { Watch, WATCH } from "./cells/watch";
import { Comms } from "./comms";
import { installHost } from "./host";
import { installStdio } from "./output/stdio";
import type { InterruptOrder, PublishedKind, ToCells, ToFront } from "./threads/channel";
import type { SharedState } from "./threads/shared-state";

/** A restart waits this long for a training loop to save. */
const SHUTDOWN_MS = 2_500;
const SIGTERM_EXIT = 143;

/** The cell thread: runs cells as the front orders, and reports to it. */
export class Kernel {
  private readonly maps = new SourceMaps();
  private readonly watch: Watch;
  private readonly runner: Runner;
  private readonly engine: Engine;
  private readonly comms = new Comms((kind, content) => {
    this.publish(undefined, kind, content);
  });
  private readonly exit = process.exit.bind(process);
  private leaving: (() => void) | undefined;

  constructor(
    private readonly front: Worker,
    private readonly state: SharedState,
  ) {
    this.watch = new Watch(state);
    installTimers(this.watch);
    installStacks(this.maps);
    this.engine = new Engine(state, this.maps);
    this.runner = this.createRunner();
    this.serveCells();
    this.guardProcess();
    front.on("message", (order: ToCells) => {
      this.obey(order);
    });
  }

  private obey(order: ToCells): void {
    switch (order.type) {
      case "execute":
        this.runner.execute(order);
        break;
      case "question":
        this.answer(order);
        break;
      case "comm":
        this.comms.hear(order);
        break;
      case "interrupt":
        this.interrupt(order);
        break;
      case "shutdown":
        this.leave(() => {
          this.post({ type: "goodbye" });
        });
        break;
      case "exit":
        this.exit(0);
    }
  }

  private interrupt({ stage, request, serial }: InterruptOrder): void {
    this.state.heard = serial;
    if (request === 0) this.runner.stopBackground();
    // An order can come late, for a cell that has ended meanwhile.
    else if (request === this.runner.current?.order.request) this.runner.interrupt(stage);
  }

  private answer(question: Extract<ToCells, { type: "question" }>): void {
    let content: Record<string, unknown>;
    try {
      content = answerQuestion(this.engine, question);
    } catch (error) {
      content = { status: "error", ename: "Error", evalue: String(error), traceback: [] };
    }
    this.post({ type: "answer", request: question.request, json: JSON.stringify(content) });
  }

  private createRunner(): Runner {
    return new Runner({
      state: this.state,
      watch: this.watch,
      maps: this.maps,
      engine: () => this.engine,
      publishResult: (cell, data) => {
        const execution_count = cell.order.count;
        this.publish(cell, "execute_result", { execution_count, data, metadata: {} });
      },
      publishError: (cell, report, frames) => {
        this.publish(cell, "error", report);
        if (frames) this.publish(cell, "display_data", { data: frames, metadata: {} });
      },
      executed: (cell, outcome, reply) => {
        const { request } = cell.order;
        this.post({ type: "executed", request, outcome, json: JSON.stringify(reply) });
        this.leaving?.();
      },
    });
  }

  /** Everything that the code of cells finds around it. */
  private serveCells(): void {
    Object.defineProperty(globalThis, WATCH, { value: this.watch });
    const owner = (): Cell | undefined => this.watch.owner;
    installStdio((name, text) => {
      const cell = owner();
      if (!cell?.dead) this.post({ type: "stream", request: requestOf(cell), name, text });
    });
    installHost({
      owner,
      publish: (cell, kind, content) => {
        if (!cell?.dead) this.publish(cell, kind, content);
      },
      cooperates: (cell) => {
        cell.cooperative = true;
        if (cell === this.runner.current) this.state.cooperative = true;
      },
      serve: (target, opened) => this.comms.serve(target, opened),
    });
  }

  private guardProcess(): void {
    process.on("uncaughtException", (error) => {
      this.uncaught("UncaughtException", error);
    });
    process.on("unhandledRejection", (reason) => {
      this.uncaught("UnhandledPromiseRejection", reason);
    });
    process.on("SIGINT", () => {
      this.post({ type: "interrupted-by-signal" });
    });
    process.on("SIGTERM", () => {
      this.leave(() => this.exit(SIGTERM_EXIT));
    });
    process.exit = (code) => {
      const number = code === undefined || code === null ? "" : String(code);
      throw new Error(
        `process.exit(${number}) would end the kernel, so it was not obeyed. ` +
          "To end the kernel use the Kernel menu; to leave a cell early, throw or return.",
      );
    };
  }

  private uncaught(kind: string, error: unknown): void {
    const cell = this.watch.owner;
    if (error instanceof KeyboardInterrupt || cell?.dead) return;
    const text = `${kind}: ${inspect(error)}\n`;
    this.post({ type: "stream", request: requestOf(cell), name: "stderr", text });
    if (cell) this.runner.uncaught(cell, error);
  }

  /** Ends the running cell, with time to save, and then calls back. */
  private leave(go: () => void): void {
    this.leaving = go;
    if (!this.runner.current) {
      go();
      return;
    }
    this.runner.interrupt("ask");
    if (!this.state.cooperative) this.runner.interrupt("stop");
    nodeTimers.setTimeout(go, SHUTDOWN_MS);
  }

  private publish(cell: Cell | undefined, kind: PublishedKind, content: object): void {
    this.post({ type: "publish", request: requestOf(cell), kind, json: JSON.stringify(content) });
  }

  private post(message: ToFront): void {
    this.front.postMessage(message);
  }
}

function requestOf(cell: Cell | undefined): number {
  return cell?.order.request ?? 0;
}
