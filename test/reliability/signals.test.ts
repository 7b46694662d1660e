import { strict as assert } from "node:assert";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { core, training } from "latentlab";

import { startChild } from "../support/child";
import { faultDraws, reportRow } from "../support/faults";
import { newRunFolder } from "../support/run";
import { vaeRun } from "./children/vae-run";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGINT", "SIGTERM"] as const;
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
const MAX_MILLISECONDS = 2000;
const INTERRUPTS = 6;

describe("F3 signals and interrupts at random steps", () => {
  it("a script stops within 2 s, saves its last step, and exits with 130 or 143", async () => {
    const below = faultDraws("F3");
    for (const signal of SIGNALS) {
      const folder = newRunFolder();
      const options = JSON.stringify({ folder, steps: 1_000_000, every: 1_000_000 });
      const child = startChild(join(__dirname, "children", "train-vae.js"), [options]);
      const target = 1 + below(60);
      await child.line((line) => line.startsWith(`step ${target} `));
      const sent = performance.now();
      child.process.kill(signal);
      assert.deepEqual(await child.ended, { code: EXIT_CODES[signal], signal: null });
      const took = performance.now() - sent;
      assert.ok(took < MAX_MILLISECONDS, `took ${took} ms`);
      const run = vaeRun();
      const saved = training.resume(folder, run.state);
      const steps = child.lines.filter((line) => line.startsWith("step "));
      assert.equal(saved, steps.length, "a step ran that was not saved");
      assert.equal(child.lines.at(-1), `fingerprint ${run.fingerprint()}`);
      run.dispose();
      rmSync(dirname(folder), { recursive: true });
    }
    reportRow("F3 signals", SIGNALS.length, SIGNALS.length);
  });

  it("the notebook's stop button ends training within a step, and no step runs after it", async () => {
    const below = faultDraws("F3 interrupts");
    for (let i = 0; i < INTERRUPTS; i++) {
      let controller = new AbortController();
      core.registerKernelHost({
        display: () => undefined,
        clearOutput: () => undefined,
        get signal() {
          return controller.signal;
        },
      });
      const run = vaeRun();
      const target = 1 + below(20);
      let last = 0;
      await assert.rejects(async () => {
        for await (const { step } of run.train({ steps: 1000 })) {
          last = step;
          if (step === target) setImmediate(() => controller.abort());
        }
      }, core.StoppedError);
      assert.ok(last - target <= 1, `${last - target} steps after the interrupt`);
      const atRest = run.fingerprint();
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(run.fingerprint(), atRest);
      controller = new AbortController();
      const next = await run.train({ steps: 1 }).next();
      assert.ok(Number.isFinite((next.value as training.TrainProgress).loss));
      run.dispose();
    }
    core.registerKernelHost(undefined as never);
    reportRow("F3 interrupts", INTERRUPTS, INTERRUPTS);
  });
});
