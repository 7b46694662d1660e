import { strict as assert } from "node:assert";

import { core } from "latentlab";

/** Press the notebook's stop button as soon as `run` waits: it must end in a StoppedError. */
export async function assertStops(run: () => Promise<unknown>): Promise<void> {
  const button = new AbortController();
  const ignore = (): void => undefined;
  core.registerKernelHost({ display: ignore, clearOutput: ignore, signal: button.signal });
  try {
    setImmediate(() => button.abort());
    await assert.rejects(run(), core.StoppedError);
  } finally {
    core.registerKernelHost(undefined as never);
  }
}
