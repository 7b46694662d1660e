import { strict as assert } from "node:assert";

import { core, diffusion, Rng, samplers, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { assertStops } from "../../support/stop-button";

const SCHEDULE = diffusion.linearSchedule(50);

/** A small network with a weight, a time and a condition in it, for x of any shape. */
function network(): { denoise: core.Denoiser<tf.Tensor, tf.Tensor>; weight: tf.Variable } {
  const weight = tf.tidy(() => tf.variable(tf.scalar(0.7)));
  const denoise = (x: tf.Tensor, t: tf.Tensor1D, shift?: tf.Tensor): tf.Tensor => {
    const time = t
      .toFloat()
      .div(50)
      .reshape([-1, ...x.shape.slice(1).map(() => 1)]);
    return tf.tidy(() =>
      tf.tanh(
        x
          .mul(weight)
          .add(time)
          .add(shift ?? 0),
      ),
    );
  };
  return { denoise, weight };
}

async function numbers(x: Promise<tf.Tensor>): Promise<Float32Array> {
  const tensor = await x;
  const values = tensor.dataSync<"float32">().slice();
  tensor.dispose();
  return values;
}

describe("sample", () => {
  it("gives the same as one graph and op by op, for points, images and latents", async () => {
    const { denoise, weight } = network();
    const shift = tf.scalar(0.2);
    for (const shape of [
      [3, 2],
      [2, 4, 4, 1],
      [2, 4, 4, 3],
    ]) {
      for (const make of [samplers.ddim, samplers.ddpm]) {
        const run = (compile: boolean): Promise<Float32Array> => {
          const options = { shape, numSteps: 10, condition: shift, compile };
          return numbers(
            samplers.sampleAll(make(denoise, SCHEDULE), { ...options, rng: new Rng(1) }),
          );
        };
        assertClose(await run(true), await run(false));
      }
    }
    tf.dispose([weight, shift]);
  });

  it("R.10 compiles once for all steps and for every number of steps", async () => {
    const { denoise, weight } = network();
    let calls = 0;
    const counted = (x: tf.Tensor, t: tf.Tensor1D): tf.Tensor => (calls++, denoise(x, t));
    const sampler = samplers.compileSampler(samplers.ddpm(counted, SCHEDULE));
    const seen: Float32Array[] = [];
    for (const numSteps of [50, 10, 10]) {
      const options = { shape: [4, 2], rng: new Rng(2), numSteps };
      seen.push(await numbers(samplers.sampleAll(sampler, options)));
    }
    assert.ok(calls <= 2, `traced ${calls} times`); // twice: the traces are compared
    assert.deepEqual(seen[1], seen[2]);
    assert.notDeepEqual(seen[0], seen[1]);
    tf.tidy(() => weight.assign(tf.scalar(-0.3))); // a graph sees the present weights
    const options = { shape: [4, 2], rng: new Rng(2), numSteps: 10 };
    const after = await numbers(samplers.sampleAll(sampler, options));
    assert.notDeepEqual(after, seen[2]);
    sampler.dispose();
    weight.dispose();
  });

  it("says where it stands, from the first noise to data", async () => {
    const { denoise, weight } = network();
    const sampler = samplers.ddim(denoise, SCHEDULE);
    const seen = [];
    const run = samplers.sample(sampler, { shape: [2, 2], rng: new Rng(1), times: [50, 20, 5, 0] });
    for await (const { step, numSteps, t, x, x0 } of run) {
      seen.push([step, numSteps, t, x.shape.join(), x0.shape.join()]);
    }
    assert.deepEqual(seen, [
      [1, 3, 20, "2,2", "2,2"],
      [2, 3, 5, "2,2", "2,2"],
      [3, 3, 0, "2,2", "2,2"],
    ]);
    const whole = await samplers.sampleTrajectory(sampler, {
      ...{ shape: [2, 2], rng: new Rng(1), numSteps: 10 },
      every: 4,
    });
    assert.deepEqual(
      whole.map(({ step }) => step),
      [4, 8, 10],
    );
    tf.dispose([...whole]);
    weight.dispose();
  });

  it("starts from a given x, which stays the caller's", async () => {
    const start = tf.tensor2d([[1, -2]]);
    const sampler = samplers.ddim((x: tf.Tensor2D) => x.mul(0), SCHEDULE);
    const options = { start, rng: new Rng(1), times: [20, 10], compile: false };
    const scale = Math.sqrt(SCHEDULE.alphaBar[10]! / SCHEDULE.alphaBar[20]!);
    assertClose(await numbers(samplers.sampleAll(sampler, options)), [scale, -2 * scale]);
    assert.ok(!start.isDisposed);
    start.dispose();
  });

  it("leaves no tensor after a break, an abort, the stop button, or an error in the network", async () => {
    const { denoise, weight } = network();
    const sampler = samplers.ddpm(denoise, SCHEDULE);
    const options = { shape: [2, 2], rng: new Rng(1) };
    const before = tf.memory().numTensors;
    for await (const { step } of samplers.sample(sampler, options)) if (step === 3) break;
    const controller = new AbortController();
    let last = 0;
    for await (const { step } of samplers.sample(sampler, {
      ...options,
      signal: controller.signal,
    })) {
      last = step;
      if (step === 4) controller.abort();
    }
    assert.equal(last, 4);
    await assert.rejects(
      samplers.sampleAll(sampler, { ...options, signal: AbortSignal.abort() }),
      core.StoppedError,
    );
    await assertStops(() => samplers.sampleAll(sampler, options));
    const broken = samplers.ddim((): tf.Tensor => {
      throw new Error("a network");
    }, SCHEDULE);
    await assert.rejects(samplers.sampleAll(broken, options), /a network/);
    assert.equal(tf.memory().numTensors, before);
    weight.dispose();
  });

  it("refuses times that are none, a shape and a start, and a sample of NaN", async () => {
    const sampler = samplers.ddim((x: tf.Tensor) => x.mul(NaN), SCHEDULE);
    const rng = new Rng(1);
    const shape = [2, 2];
    const start = tf.zeros([2, 2]);
    const refuses = (options: object, error: new () => Error): Promise<void> =>
      assert.rejects(samplers.sampleAll(sampler, { rng, ...options }), error);
    await refuses({ shape, times: [5] }, core.ValueError as never);
    await refuses({ shape, times: [51, 0] }, core.ValueError as never);
    await refuses({ shape, times: [5, -1] }, core.ValueError as never);
    await refuses({ shape, numSteps: 51 }, core.ValueError as never);
    await refuses({}, core.ValueError as never);
    await refuses({ shape, start }, core.ValueError as never);
    await refuses({ shape: [] }, core.ShapeError as never);
    await refuses({ shape, numSteps: 2 }, core.NonFiniteError as never);
    start.dispose();
  });
});
