import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { LatentLabError } from "../core/errors";
import { type NativeTensor, nativeBackend } from "../engine/native-op";
import type { Graph } from "./graph";
import { savedModelBytes } from "./saved-model";

/** A function cannot be compiled, or a compiled one cannot run. */
export class CompileError extends LatentLabError {}

/** A graph loaded into a TensorFlow session. Tensors go in and out by their native ids. */
export class GraphSession {
  private readonly id: number;
  private isOpen = true;

  /**
   * @param threads that one operation may use
   * @throws CompileError if TensorFlow refuses the graph
   */
  constructor(graph: Graph, threads: number) {
    const folder = mkdtempSync(join(tmpdir(), "latentlab-graph-"));
    try {
      writeFileSync(join(folder, "saved_model.pb"), savedModelBytes(graph.nodes));
      this.id = withThreads(threads, () => nativeBackend().binding.loadSavedModel(folder, "serve"));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CompileError(`TensorFlow refused the compiled graph: ${reason}`, undefined, {
        cause,
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /**
   * @param feeds native tensor ids by placeholder name
   * @param fetches names of node outputs
   * @returns one new native tensor per fetch; the caller owns them
   */
  run(feeds: ReadonlyMap<string, number>, fetches: readonly string[]): NativeTensor[] {
    if (!this.isOpen) throw new CompileError("This compiled function was disposed.");
    const names = [...feeds.keys()].map((name) => `${name}:0`).join();
    return nativeBackend().binding.runSavedModel(
      this.id,
      [...feeds.values()],
      names,
      fetches.map((name) => (name.includes(":") ? name : `${name}:0`)).join(),
    );
  }

  dispose(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    nativeBackend().binding.deleteSavedModel(this.id);
  }
}

/** Load a session whose operations use so many threads: the addon reads that where it makes one. */
function withThreads<T>(threads: number, load: () => T): T {
  process.env["LATENTLAB_SESSION_THREADS"] = String(threads);
  try {
    return load();
  } finally {
    delete process.env["LATENTLAB_SESSION_THREADS"];
  }
}
