import { strict as assert } from "node:assert";

import { core, Rng, tf, training } from "latentlab";

import { assertClose } from "../../support/close";
import { Mlp, normalBatches } from "../../support/mlp";

const SIZES = [4, 8, 4] as const;

interface Setup {
  readonly model: Mlp;
  readonly options: training.TrainOptions;
  dispose(): void;
}

function setup(changes: Partial<training.TrainOptions> = {}): Setup {
  const model = new Mlp(SIZES, new Rng(1));
  const optimizer = training.adamW(model.namedParameters(), { learningRate: 1e-2 });
  const batches = normalBatches((step) => new Rng(100 + step), 16, 4);
  const options = { batches, steps: 20, optimizer, rng: new Rng(3), ...changes };
  return { model, options, dispose: () => [model, optimizer].forEach((owner) => owner.dispose()) };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe("train", () => {
  it("lowers the loss, reports each step, and leaves no tensor behind", async () => {
    const { model, options, dispose } = setup({ steps: 150, maxGradNorm: 1 });
    let leaked = NaN;
    let progress: training.TrainProgress[] = [];
    leaked = await core.countLeaks(async () => {
      progress = await collect(training.train(model, model.denoisingLoss, options));
    });
    assert.equal(leaked, 0);
    assert.deepEqual(
      progress.map(({ step }) => step),
      Array.from({ length: 150 }, (_, i) => i + 1),
    );
    const [first, last] = [progress[0]!, progress.at(-1)!];
    assert.ok(last.loss < first.loss / 3, `${first.loss} → ${last.loss}`);
    assert.equal(last.secondsLeft, 0);
    assert.ok(first.secondsLeft > 0 && first.gradNorm > 0 && first.learningRate === 1e-2);
    dispose();
  });

  it("trains as one graph exactly as op by op: losses, weights, averages over 20 steps", async () => {
    const runs = [];
    for (const isCompiled of [true, false]) {
      const { model, options, dispose } = setup({ maxGradNorm: 0.5, compile: isCompiled });
      const ema = new training.Ema(model, { decay: 0.9, warmUp: true });
      const optimizer = training.adamW(model.namedParameters(), { weightDecay: 0.1 });
      const run = training.train(model, model.denoisingLoss, { ...options, optimizer, ema });
      const losses = (await collect(run)).map(({ loss }) => loss);
      const state = { ...model.stateDict(), ...optimizer.state().slots, ...ema.state().averages };
      const values = Object.values(state).flatMap((tensor) => [...tensor.dataSync()]);
      runs.push({ losses, values, step: optimizer.step, updates: ema.state().updates });
      [ema, optimizer].forEach((owner) => owner.dispose());
      dispose();
    }
    const [compiled, eager] = [runs[0]!, runs[1]!];
    assertClose(compiled.losses, eager.losses, { absolute: 0, relative: 1e-5 });
    assertClose(compiled.values, eager.values, { absolute: 1e-6, relative: 1e-5 });
    assert.deepEqual([compiled.step, compiled.updates], [20, 20]);
  });

  it("reports named parts, every n-th step and the last", async () => {
    const { model, options, dispose } = setup({ steps: 7, reportEvery: 3 });
    const loss: training.LossFunction = (batch, rng) => {
      const error = model.denoisingLoss(batch, rng);
      return { loss: error.mul(2), error };
    };
    const progress = await collect(training.train(model, loss, options));
    assert.deepEqual(
      progress.map(({ step }) => step),
      [3, 6, 7],
    );
    for (const { loss: total, parts } of progress) assert.equal(total, 2 * parts["error"]!);
    dispose();
  });

  it("takes the learning rate from the schedule, counting steps from 1", async () => {
    const learningRate = training.withWarmUp(4, training.constantRate(1e-2));
    const { model, options, dispose } = setup({ steps: 5, learningRate });
    const progress = await collect(training.train(model, model.denoisingLoss, options));
    const rates = progress.map((report) => report.learningRate);
    assert.deepEqual(rates, [0.0025, 0.005, 0.0075, 0.01, 0.01]);
    dispose();
  });

  it("ends quietly within a step when its signal is aborted", async () => {
    const controller = new AbortController();
    const { model, options, dispose } = setup({ steps: 1000, signal: controller.signal });
    let steps = 0;
    for await (const { step } of training.train(model, model.denoisingLoss, options)) {
      steps = step;
      if (step === 5) setImmediate(() => controller.abort());
    }
    assert.ok(steps <= 6, `ended after step ${steps}`);
    dispose();
  });

  it("lets timers through, and can be broken off or thrown out of without a leak", async () => {
    const { model, options, dispose } = setup({ steps: 100_000 });
    const run = () => training.train(model, model.denoisingLoss, options);
    const leaked = await core.countLeaks(async () => {
      let timedOut = false;
      setTimeout(() => (timedOut = true), 5);
      const running = run();
      while (!timedOut) await running.next();
      await running.return();
      await assert.rejects(async () => {
        for await (const { step } of run()) if (step === 3) throw new Error("in the consumer");
      }, /in the consumer/);
    });
    assert.equal(leaked, 0);
    dispose();
  });

  it("warns above a gradient norm", async () => {
    const { model, options, dispose } = setup({ steps: 1, warnGradNorm: 1e-6 });
    const [report] = await collect(training.train(model, model.denoisingLoss, options));
    assert.match(report!.warning!, /gradient norm is .* above/);
    dispose();
  });
});

describe("train on NaN and infinity", () => {
  async function failureOf(
    { model, options }: Setup,
    loss: training.LossFunction = model.denoisingLoss,
  ): Promise<Error> {
    const weights = () => [...model.namedVariables()].map(([name, v]) => [name, [...v.dataSync()]]);
    let [seen, error] = [weights(), new Error("no failure")];
    const before = tf.memory().numTensors;
    try {
      const running = training.train(model, loss, options);
      while ((await running.next()).done !== true) seen = weights();
    } catch (thrown) {
      error = thrown as Error;
    }
    assert.ok(error instanceof core.NonFiniteError, String(error));
    assert.deepEqual(weights(), seen, "the weights changed in the failing step");
    assert.equal(tf.memory().numTensors, before);
    return error;
  }

  it("names the example with a NaN pixel", async () => {
    const good = normalBatches((step) => new Rng(100 + step), 16, 4);
    const batches: core.BatchSource = {
      ...good,
      at(step) {
        const batch = good.at(step);
        if (step !== 2) return batch;
        const values = batch.x.dataSync().slice();
        values[5 * 4 + 1] = NaN;
        batch.x.dispose();
        return { ...batch, x: tf.tensor2d(values, [16, 4]) };
      },
    };
    const attempt = setup({ batches });
    const { message } = await failureOf(attempt);
    assert.match(message, /stopped at step 3, .* input is not finite in example 37\./);
    attempt.dispose();
  });

  it("names the weight that holds a NaN", async () => {
    const attempt = setup();
    tf.tidy(() => attempt.model.out.bias!.assign(tf.tensor1d([0, NaN, 0, 0])));
    assert.match((await failureOf(attempt)).message, /step 1, .* weight out\.bias is not finite/);
    attempt.dispose();
  });

  it("names the layer whose output overflows first, and leaves the model as it was", async () => {
    for (const compile of [true, false]) {
      const attempt = setup({ compile });
      const { weight } = attempt.model.out; // after a tanh, which would hide an overflow
      tf.tidy(() => weight.assign(tf.fill(weight.shape, 3e38)));
      const { message } = await failureOf(attempt);
      const expected = /the output of out \(Dense\) is not finite; then the loss is (NaN|Inf)/;
      assert.match(message, expected);
      assert.deepEqual(Object.getOwnPropertyNames(attempt.model.out).includes("forward"), false);
      attempt.dispose();
    }
  });

  it("names the part of the loss: log(0)", async () => {
    const attempt = setup();
    const { message } = await failureOf(attempt, (batch, rng) => {
      const error = attempt.model.denoisingLoss(batch, rng);
      const likelihood = error.mul(0).log() as tf.Scalar;
      return { loss: error.sub(likelihood), error, likelihood };
    });
    assert.match(message, /loss part likelihood is -Infinity/);
    attempt.dispose();
  });

  it("names the layer whose gradient is not finite: the slope of √ at 0", async () => {
    const attempt = setup();
    const { message } = await failureOf(attempt, ({ x }) => {
      const features = attempt.model.hidden.forward(x);
      return features.sub(features).square().sum().sqrt().asScalar();
    });
    assert.match(message, /gradient of hidden\.bias, hidden\.weight is not finite/);
    attempt.dispose();
  });

  it("stops a learning rate of a million before a NaN reaches the weights", async () => {
    const attempt = setup();
    const optimizer = training.sgd(attempt.model.namedParameters(), { learningRate: 1e6 });
    const failure = await failureOf({ ...attempt, options: { ...attempt.options, optimizer } });
    assert.match(failure.message, /stopped at step \d+/);
    for (const variable of attempt.model.parameters()) {
      assert.ok(training.isFiniteTensor(variable));
    }
    optimizer.dispose();
    attempt.dispose();
  });
});
