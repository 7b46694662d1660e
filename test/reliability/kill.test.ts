import { strict as assert } from "node:assert";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Rng, training } from "latentlab";

import { type Child, startChild } from "../support/child";
import { faultDraws, reportRow } from "../support/faults";
import { newRunFolder } from "../support/run";
import { largeModel } from "./children/large-model";

const KILLS_DURING_SAVES = 20;
const KILLS_DURING_TRAINING = 3;
const STEPS = 120;

async function kill(child: Child): Promise<void> {
  child.process.kill("SIGKILL");
  assert.equal((await child.ended).signal, "SIGKILL");
}

function savedSteps(child: Child): number[] {
  return child.lines.map((line) => Number(line.split(" ")[1]));
}

describe("F1 kill −9 while a checkpoint is written", () => {
  it(`${KILLS_DURING_SAVES} times: the newest whole checkpoint loads`, async () => {
    const below = faultDraws("F1");
    const folder = newRunFolder();
    const model = largeModel(new Rng(3));
    let step = 0;
    for (let i = 0; i < KILLS_DURING_SAVES; i++) {
      const child = startChild(join(__dirname, "children", "save-forever.js"), [
        folder,
        String(step + 1),
      ]);
      await child.line((line) => line.startsWith("saved"));
      await sleep(below(200));
      await kill(child);
      const loaded = training.resume(folder, { model });
      assert.ok(loaded >= Math.max(...savedSteps(child)), `step ${loaded} is older than a save`);
      for (const [name, variable] of model.namedParameters()) {
        assert.ok(
          variable.dataSync().every((value) => value === loaded),
          `${name} is not of step ${loaded}`,
        );
      }
      step = loaded;
    }
    reportRow("F1", KILLS_DURING_SAVES, KILLS_DURING_SAVES);
    model.dispose();
    rmSync(dirname(folder), { recursive: true });
  });
});

function startTraining(folder: string): Child {
  const options = JSON.stringify({ folder, steps: STEPS, every: 5 });
  return startChild(join(__dirname, "children", "train-vae.js"), [options]);
}

/** Loss by step, as printed, and the fingerprint at the end if it came to it. */
function logOf({ lines }: Child): { losses: Map<string, string>; fingerprint?: string } {
  const words = lines.map((line) => line.split(" "));
  const losses = words.filter(([kind]) => kind === "step").map(([, step, loss]) => [step, loss]);
  const [, fingerprint] = words.find(([kind]) => kind === "fingerprint") ?? [];
  return { losses: new Map(losses as [string, string][]), ...(fingerprint && { fingerprint }) };
}

describe("F2 kill −9 while a VAE trains", () => {
  it(`${KILLS_DURING_TRAINING} times: resumed, it ends bitwise as the unbroken run`, async () => {
    const below = faultDraws("F2");
    const folders = [newRunFolder()];
    const unbroken = startTraining(folders[0]!);
    await unbroken.ended;
    const expected = logOf(unbroken);
    assert.equal(expected.losses.size, STEPS);
    for (let i = 0; i < KILLS_DURING_TRAINING; i++) {
      const folder = newRunFolder();
      folders.push(folder);
      const victim = startTraining(folder);
      const target = 1 + below(STEPS - 30);
      await victim.line((line) => line.startsWith(`step ${target} `));
      await kill(victim);
      const resumed = startTraining(folder);
      assert.equal((await resumed.ended).code, 0);
      const [before, after] = [logOf(victim), logOf(resumed)];
      assert.ok(after.losses.size < STEPS || target < 5, "it began anew");
      for (const [step, loss] of [...before.losses, ...after.losses]) {
        assert.equal(loss, expected.losses.get(step), `loss of step ${step}`);
      }
      assert.equal(new Set([...before.losses.keys(), ...after.losses.keys()]).size, STEPS);
      assert.equal(after.fingerprint, expected.fingerprint);
    }
    reportRow("F2 (VAE)", KILLS_DURING_TRAINING, KILLS_DURING_TRAINING);
    for (const folder of folders) rmSync(dirname(folder), { recursive: true });
  });
});
