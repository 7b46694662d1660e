import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { KernelClient } from "../support/kernel-client";

/** A training whose end depends on every step before it, and on what `rng` drew. */
const TRAINING = `
import { nn, Rng, tf, training } from "latentlab";
const rng = new Rng(7);
const model = new nn.Mlp([4, 32, 4], rng.fold(0));
const optimizer = training.adam(model.namedParameters(), { learningRate: 1e-2 });
const batches = { batchSize: 32, batchesPerEpoch: 10,
  at: (k: number) => ({ x: new Rng(100).fold(k).normal([32, 4]), ids: new Int32Array(32) }) };
const loss = ({ x }: { x: tf.Tensor }, draws: Rng) =>
  model.forward(x.add(draws.normal(x.shape))).squaredDifference(x).mean<tf.Scalar>();
async function run(checkpoint?: training.CheckpointOptions) {
  const options = { batches, optimizer, rng: rng.fold(1), steps: 300, ...(checkpoint && { checkpoint }) };
  let [first, last] = [0, 0];
  for await (const progress of training.train(model, loss, options)) {
    first ||= progress.step;
    last = progress.loss;
    if (progress.step === 123) console.log("step 123");
  }
  const weights = model.parameters().flatMap((weight) => Array.from(weight.dataSync()));
  console.log(JSON.stringify({ first, loss: String(last), weights: weights.join() }));
}`;

interface Trained {
  readonly first: number;
  readonly loss: string;
  readonly weights: string;
}

/** Train in this kernel, whole or from the folder's checkpoint. */
async function train(kernel: KernelClient, call = "await run()"): Promise<Trained> {
  assert.equal((await kernel.run(TRAINING)).reply["status"], "ok");
  const { stdout, reply } = await kernel.run(call);
  assert.equal(reply["status"], "ok", JSON.stringify(reply));
  return JSON.parse(stdout.split("\n").find((line) => line.startsWith("{")) ?? "") as Trained;
}

/** Resident bytes of a process. */
function residentBytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

/** Living processes that belong to this one: its children, or what they left. */
function familyOf(pid: number): number[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      const [, , ppid, , session] = readFileSync(`/proc/${name}/stat`, "utf8").split(" ");
      return [ppid, session].includes(String(pid)) || name === String(pid) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

describe("kernel: processes", () => {
  let alone: Trained;

  it("frees everything when it is restarted: the process is gone with all that it held", async () => {
    const kernel = await KernelClient.start();
    alone = await train(kernel);
    const { pid = 0 } = kernel.process;
    await kernel.run("const held = tf.ones([100_000_000]); held.sum().dataSync()[0]");
    assert.ok(residentBytes(pid) > 400e6, `${residentBytes(pid)} bytes`);
    await kernel.close();
    assert.deepEqual(familyOf(pid), []);
    const fresh = await KernelClient.start();
    assert.ok(residentBytes(fresh.process.pid ?? 0) < 300e6);
    assert.equal((await fresh.run("typeof held")).reply["ename"], "TypeScriptError");
    await fresh.close();
  });

  it("two kernels that train at the same time get what one gets alone", async () => {
    const kernels = await Promise.all([KernelClient.start(), KernelClient.start()]);
    const results = await Promise.all(kernels.map((kernel) => train(kernel)));
    assert.deepEqual(results, [alone, alone]);
    await Promise.all(kernels.map((kernel) => kernel.close()));
  });

  it("a killed kernel's training goes on in a new kernel by one call, to the same loss", async () => {
    const folder = mkdtempSync(join(tmpdir(), "latentlab-killed-"));
    const call = `await run({ folder: ${JSON.stringify(join(folder, "run"))}, every: 20, resume: true })`;
    const killed = await KernelClient.start();
    await killed.run(TRAINING);
    void killed.run(call);
    await killed.prints("step 123");
    killed.process.kill("SIGKILL");
    await once(killed.process, "exit");
    const kernel = await KernelClient.start();
    const { first, ...result } = await train(kernel, call);
    assert.ok(first > 100 && first < 300, `went on with step ${first}`);
    assert.deepEqual({ ...result, first: 1 }, alone);
    await Promise.all([killed.close(), kernel.close()]);
    rmSync(folder, { recursive: true });
  });
});
