import assert from "node:assert/strict";

import { KernelClient } from "../support/kernel-client";

/** A model whose training takes long enough to be stopped, by our loop and by one written in a cell. */
const PROLOGUE = `
import { tf, Rng, nn } from "latentlab";
const rng = new Rng(1);
const layer = new nn.Dense(32, 32, rng);
const x = rng.normal([64, 32]);
const optimizer = tf.train.sgd(1e-3);
let steps = 0;
function step() { optimizer.minimize(() => layer.forward(x).square().mean<tf.Scalar>()); if (++steps % 3 === 0) console.log("three steps") }
step();
const engine = tf.engine() as any;
function state() { return [engine.state.gradientDepth, engine.state.kernelDepth, engine.state.scopeStack.length].join() }
const loss = () => tf.tidy(() => layer.forward(x).square().mean().dataSync()[0]!);
const clean = state(); const kept = tf.memory().numTensors;`;

const LOOPS: Readonly<Record<string, string>> = {
  "a synchronous training loop": "while (true) step()",
  "a training loop that yields": "while (true) { step(); await tf.nextFrame() }",
};

describe("kernel: training", () => {
  let kernel: KernelClient;
  before(async () => {
    kernel = await KernelClient.start();
    const { reply } = await kernel.run(PROLOGUE);
    assert.equal(reply["status"], "ok", JSON.stringify(reply));
  });
  after(() => kernel.close());

  for (const [name, code] of Object.entries(LOOPS)) {
    it(`stops ${name} between two steps; the model stays whole and trains on`, async () => {
      for (let i = 0; i < 3; i++) {
        const running = kernel.run(code);
        await kernel.prints("three steps");
        await kernel.interrupt();
        assert.equal((await running).reply["ename"], "KeyboardInterrupt");
        const checks = "[state() === clean, tf.memory().numTensors === kept, loss() > 0]";
        const { stdout } = await kernel.run(`console.log(${checks}.join())`);
        assert.equal(stdout, "true,true,true\n");
      }
    });
  }

  it("ends latentlab's own training within a step, with its message", async () => {
    const options = "{ batches, steps: 1e6, optimizer: adam, rng }";
    await kernel.run(`
      import { training } from "latentlab";
      const batches = { batchSize: 64, batchesPerEpoch: 1, at: () => ({ x: x.clone(), ids: new Int32Array(64) }) };
      const adam = training.adamW(layer.namedParameters());
      let reached = 0`);
    const running = kernel.run(`
      for await (const { step } of training.train(layer, ({ x }) => layer.forward(x).square().mean<tf.Scalar>(), ${options})) if ((reached = step) === 3) console.log("three steps");
      reached = -1;`);
    await kernel.prints("three steps");
    await kernel.interrupt();
    const { reply } = await running;
    assert.equal(reply["ename"], "KeyboardInterrupt", JSON.stringify(reply));
    assert.match(String(reply["evalue"]), /^Training was stopped after step \d+ of 1000000/);
    const { stdout } = await kernel.run("console.log(reached > 0, loss() >= 0, state() === clean)");
    assert.equal(stdout, "true true true\n");
  });
});
