import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";

import type { Watch } from "./watch";

/** Node's own timers, for the kernel itself. */
export const nodeTimers = {
  setTimeout: timers.setTimeout,
  setImmediate: timers.setImmediate,
} as const;

type Callback = (...args: unknown[]) => unknown;
type Timer = (callback: Callback, ...rest: unknown[]) => unknown;

const NAMES = ["setTimeout", "setInterval", "setImmediate"] as const;

/** Makes timers belong to the cell that sets them: after its interrupt they never fire. */
export function installTimers(watch: Watch): void {
  const modules: Record<string, unknown>[] = [
    globalThis as Record<string, unknown>,
    timers as unknown as Record<string, unknown>,
  ];
  for (const name of NAMES) {
    const original = timers[name] as unknown as Timer;
    const owned: Timer = (callback, ...rest) =>
      original(typeof callback === "function" ? ownedBy(watch, callback) : callback, ...rest);
    // Carries util.promisify's variant along.
    Object.defineProperties(owned, Object.getOwnPropertyDescriptors(original));
    for (const module of modules) module[name] = owned;
  }
  syncBuiltinESMExports();
}

function ownedBy(watch: Watch, callback: Callback): Callback {
  const cell = watch.owner;
  if (!cell) return callback;
  return function (this: unknown, ...args) {
    if (cell.dead) return undefined;
    watch.owner = cell;
    return callback.apply(this, args);
  };
}
