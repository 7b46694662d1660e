import { strict as assert } from "node:assert";
import { rmSync } from "node:fs";
import { dirname } from "node:path";

import { core, tf, training } from "latentlab";

import { faultDraws, reportRow } from "../support/faults";
import { newRunFolder } from "../support/run";
import { vaeRun, type VaeRun } from "./children/vae-run";

interface Fault {
  readonly name: string;
  /** Options that make the fault happen at `step`, or right away. */
  inject(run: VaeRun, step: number): Partial<training.TrainOptions>;
  /** Called before `step` is trained. */
  before?(run: VaeRun): void;
  readonly message: RegExp;
  /** A fault that takes a step or more to show. */
  readonly isDelayed?: boolean;
}

function brokenAt(step: number, source: core.BatchSource, value: number): core.BatchSource {
  return {
    ...source,
    at(index) {
      const batch = source.at(index);
      if (index !== step - 1) return batch;
      const pixels = batch.x.dataSync().slice();
      pixels[3 * 64 + 10] = value;
      const x = tf.tensor(pixels, batch.x.shape);
      batch.x.dispose();
      return { ...batch, x };
    },
  };
}

const FAULTS: readonly Fault[] = [
  {
    name: "a NaN pixel",
    inject: ({ batches }, step) => ({ batches: brokenAt(step, batches, NaN) }),
    message: /input is not finite in example \d+\./,
  },
  {
    name: "an infinite pixel",
    inject: ({ batches }, step) => ({ batches: brokenAt(step, batches, Infinity) }),
    message: /input is not finite in example \d+\./,
  },
  {
    name: "a NaN weight",
    inject: () => ({}),
    before: ({ model }) => {
      const [, bias] = [...model.namedParameters()].find(([name]) => name.endsWith("bias"))!;
      tf.tidy(() => bias.assign(tf.fill(bias.shape, NaN)));
    },
    message: /weight encoder\.0\.bias is not finite/,
  },
  {
    name: "a learning rate of a million",
    inject: (_, step) => ({ learningRate: (at) => (at >= step ? 1e6 : 1e-3) }),
    message: /loss|gradient|weight/,
    isDelayed: true,
  },
];

/** Train with a fault at step `at`; check the error and that the saved run is as it was. */
async function survives(fault: Fault, at: number): Promise<void> {
  const [run, folder] = [vaeRun(), newRunFolder()];
  const options = {
    steps: 60,
    ...fault.inject(run, at),
    checkpoint: { folder, every: 1, keep: 60 },
  };
  let [done, before] = [0, run.fingerprint()];
  const running = run.train(options);
  const error = await (async () => {
    try {
      for (;;) {
        if (done === at - 1) fault.before?.(run);
        before = run.fingerprint();
        if ((await running.next()).done === true) return undefined;
        done++;
      }
    } catch (thrown) {
      return thrown;
    }
  })();
  assert.ok(error instanceof core.NonFiniteError, String(error));
  assert.match(error.message, fault.message);
  assert.match(error.message, new RegExp(`stopped at step ${done + 1}, .*The batch held examples`));
  if (fault.isDelayed !== true) assert.equal(done, at - 1);
  assert.equal(run.fingerprint(), before, "the failing step changed something");
  for (const { path } of training.storedSteps(folder)) training.readCheckpoint(path);
  assert.equal(training.resume(folder, run.state), done);
  run.dispose();
  rmSync(dirname(folder), { recursive: true });
}

describe("F8 NaN and infinity in training", () => {
  for (const fault of FAULTS) {
    it(`${fault.name}: stops at its step, names the cause, saves no NaN`, async () => {
      const at = 2 + faultDraws(`F8 ${fault.name}`)(8);
      await survives(fault, at);
      reportRow(`F8 ${fault.name}`, 1, 1);
    });
  }

  it("log(0) in a loss: names the part", async () => {
    const run = vaeRun();
    const loss: training.LossFunction = (batch, rng) => {
      const parts = run.loss(batch, rng) as training.LossParts;
      const logZero = parts.loss.mul(0).log().asScalar();
      return { loss: parts.loss.sub(logZero).asScalar(), logZero };
    };
    const { optimizer, rng } = run.state;
    const options = { batches: run.batches, optimizer: optimizer!, rng: rng!, steps: 5 };
    const before = run.fingerprint();
    await assert.rejects(
      training.train(run.model, loss, options).next(),
      /step 1, .*loss part logZero is -Infinity/,
    );
    assert.equal(run.fingerprint(), before);
    run.dispose();
  });
});

describe("F9 exploding gradients", () => {
  it("are warned of before they end training", async () => {
    const run = vaeRun();
    const optimizer = training.sgd(run.model.namedParameters());
    const warnings: string[] = [];
    const options = {
      ...{ steps: 500, optimizer, warnGradNorm: 200, maxGradNorm: undefined },
      learningRate: (step: number) => 1e-3 * 1.5 ** step,
    };
    await assert.rejects(async () => {
      for await (const { warning } of run.train(options)) if (warning) warnings.push(warning);
    }, core.NonFiniteError);
    assert.ok(warnings.length > 0);
    assert.match(warnings[0]!, /gradient norm is .*, above 200/);
    optimizer.dispose();
    run.dispose();
    reportRow("F9", 1, 1);
  });
});
