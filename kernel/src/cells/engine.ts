import { lastScript } from "./typescript";

import {
  createConverter,
  isCompleteCode,
  type Converter,
  type Diagnostic,
} from "tslab/dist/converter";
import { createExecutor, type Executor } from "tslab/dist/executor";

import type { SharedState } from "../threads/shared-state";
import type { Cell } from "./cell";
import { KeyboardInterrupt } from "./keyboard-interrupt";
import type { SourceMaps } from "./source-maps";

/** Type and syntax errors: the cell was not run at all. */
export class TypeScriptError extends Error {
  override readonly name = "TypeScriptError";

  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(diagnostics[0]?.messageText ?? "");
  }
}

/** tslab's executor over our compiler. It runs one cell at a time and remembers what cells declare. */
export class Engine {
  private readonly converter: Converter;
  private readonly executor: Executor;
  private cell: Cell | undefined;
  /** Declarations of all cells so far, as TypeScript. */
  private declared = "";

  constructor(
    private readonly state: SharedState,
    private readonly maps: SourceMaps,
  ) {
    this.converter = createConverter({ isJS: false, isBrowser: false });
    const converter: Converter = {
      ...this.converter,
      convert: (_declared, code) => this.convert(code),
      addModule: (name, code, meta) => {
        const diagnostics = this.converter.addModule(name, code, meta);
        if (this.cell && diagnostics.length > 0) {
          this.cell.failure = new TypeScriptError(diagnostics);
        }
        return [];
      },
    };
    this.executor = createExecutor(
      process.cwd(),
      { node: converter, browser: converter, close: () => undefined },
      {
        log: (value) => {
          if (this.cell) this.cell.result = value as unknown;
        },
        error: (error) => {
          if (this.cell) this.cell.failure ??= error as unknown;
        },
      },
    );
  }

  /** All variables of cells, by name. */
  get variables(): Readonly<Record<string, unknown>> {
    return this.executor.locals;
  }

  /**
   * Runs a cell; its `failure` or `result` is set when the promise resolves.
   * The synchronous part of the cell runs inside this call.
   */
  async execute(cell: Cell): Promise<void> {
    this.cell = cell;
    await this.executor.execute(cell.order.code);
  }

  /** Lets the promise of `execute` resolve now, whatever the cell still awaits. */
  abandon(): void {
    this.executor.interrupt();
  }

  /** Completions at a position, counted in UTF-16 units. */
  complete(code: string, position: number): ReturnType<Converter["complete"]> {
    return this.compiling(() => this.converter.complete(this.declared, code, position));
  }

  inspect(code: string, position: number): ReturnType<Converter["inspect"]> | undefined {
    return this.compiling(() => this.converter.inspect(this.declared, code, position));
  }

  isComplete(code: string): ReturnType<typeof isCompleteCode> {
    return isCompleteCode(code);
  }

  private convert(code: string): ReturnType<Converter["convert"]> {
    const { converter, cell } = this;
    const converted = this.compiling(() => converter.convert(this.declared, code));
    if (cell && converted.diagnostics.length > 0) {
      cell.failure = new TypeScriptError(converted.diagnostics);
      return converted;
    }
    // Kept even if the cell fails halfway: a model that was being trained must stay reachable.
    this.declared = converted.declOutput ?? "";
    // An interrupt that came during the compilation.
    if (this.state.takeStop()) throw new KeyboardInterrupt();
    this.state.running = true;
    const { stages, topLevelAwait } = lastScript();
    const { output = "" } = converted;
    const lines = output.split("\n").length;
    const name = this.maps.add(cell?.order.count ?? 0, { code, lines, stages });
    return {
      ...converted,
      output: `${output}\n//# sourceURL=${name}`,
      // tslab misses `await (x)` and `for await`.
      hasToplevelAwait: topLevelAwait,
    };
  }

  private compiling<T>(work: () => T): T {
    this.state.compiling = true;
    try {
      return work();
    } finally {
      this.state.compiling = false;
    }
  }
}
