import { releaseTape } from "./tape";
import { tf } from "./tf";

/** What must be undone of work in progress, oldest first. */
const repairs = new Set<() => void>();

/**
 * Run `body`, then `repair`: as `finally` does, but also when V8 ends `body` by force. That runs no
 * `finally` block; `recover` does it then.
 */
export function withRepair<T>(repair: () => void, body: () => T): T {
  repairs.add(repair);
  try {
    return body();
  } finally {
    if (repairs.delete(repair)) repair();
  }
}

/** The part of tfjs's engine that a forced end leaves half way. */
interface EngineState {
  gradientDepth: number;
  kernelDepth: number;
  readonly scopeStack: readonly unknown[];
}

/**
 * Make the engine usable after code was ended by force, as the kernel does with a cell that cannot
 * be stopped otherwise: open tidies are closed, half a gradient is dropped, half a trace undone.
 * The kernel finds it under a symbol. Call it only when no code of the library is on the stack.
 */
export function recover(): void {
  const state = tf.engine().state as unknown as EngineState;
  [state.gradientDepth, state.kernelDepth] = [0, 0];
  releaseTape();
  while (state.scopeStack.length > 0) tf.engine().endScope();
  for (const repair of [...repairs].reverse()) repair();
  repairs.clear();
}

Object.assign(globalThis, { [Symbol.for("latentlab.recover")]: recover });
