import { strict as assert } from "node:assert";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { startChild } from "../support/child";
import { newRunFolder } from "../support/run";
import { vaeRun } from "./children/vae-run";

const STEPS = 40;

async function inThisProcess(): Promise<string> {
  const run = vaeRun();
  for await (const { loss } of run.train({ steps: STEPS })) assert.ok(Number.isFinite(loss));
  const fingerprint = run.fingerprint();
  run.dispose();
  return fingerprint;
}

async function inAProcess(threads: number): Promise<{ fingerprint: string; losses: number[] }> {
  const folder = newRunFolder();
  const options = JSON.stringify({ folder, steps: STEPS, every: STEPS });
  const child = startChild(join(__dirname, "children", "train-vae.js"), [options], {
    env: { LATENTLAB_THREADS: String(threads) },
  });
  assert.equal((await child.ended).code, 0);
  rmSync(dirname(folder), { recursive: true });
  const losses = child.lines.slice(0, STEPS).map((line) => Number(line.split(" ")[2]));
  return { fingerprint: child.lines.at(-1)!.split(" ")[1]!, losses };
}

describe("F18 the same run again", () => {
  it("is bitwise equal twice in one process", async () => {
    assert.equal(await inThisProcess(), await inThisProcess());
  });

  for (const threads of [1, 2]) {
    it(`is bitwise equal in two processes of ${threads} threads`, async () => {
      const [first, second] = [await inAProcess(threads), await inAProcess(threads)];
      assert.equal(first.fingerprint, second.fingerprint);
    });
  }

  it("agrees to 1e-4 between 1 and 2 threads", async () => {
    const [one, two] = [await inAProcess(1), await inAProcess(2)];
    const isBitwise = one.fingerprint === two.fingerprint;
    console.log(
      `      F18: 1 and 2 threads ${isBitwise ? "bitwise equal" : "differ in last bits"}`,
    );
    one.losses.forEach((loss, i) => {
      const other = two.losses[i]!;
      assert.ok(
        Math.abs(loss - other) <= 1e-4 * Math.abs(loss),
        `step ${i + 1}: ${loss}, ${other}`,
      );
    });
  });
});
