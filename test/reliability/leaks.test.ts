import { strict as assert } from "node:assert";

import { core, training } from "latentlab";

import { faultDraws, reportRow } from "../support/faults";
import { vaeRun } from "./children/vae-run";

const STEPS = 500;

/** Ways for training to end by an error at step `at`; `whole` ends as it should. */
const ENDINGS: Readonly<Record<string, (at: number) => Promise<void>>> = {
  "as it should": async () => {
    await trained({}, () => undefined);
  },
  "as it should, op by op": async () => {
    await trained({ compile: false }, () => undefined);
  },
  "with an error in the caller's loop": async (at) => {
    await assert.rejects(
      trained({}, (step) => {
        if (step === at) throw new RangeError("in the loop");
      }),
      RangeError,
    );
  },
  "with an error in the data": async (at) => {
    const { batches } = shared;
    const faulty: core.BatchSource = {
      ...batches,
      at(index) {
        if (index === at) throw new RangeError("in the data");
        return batches.at(index);
      },
    };
    await assert.rejects(
      trained({ batches: faulty }, () => undefined),
      RangeError,
    );
  },
  "with an error in the loss": async (at) => {
    let calls = 0;
    const loss: training.LossFunction = (batch, rng) => {
      const parts = shared.loss(batch, rng);
      if (++calls === at) throw new RangeError("in the loss");
      return parts;
    };
    const { optimizer, rng } = shared.state;
    const options = { batches: shared.batches, optimizer: optimizer!, rng: rng!, steps: STEPS };
    await assert.rejects(async () => {
      const running = training.train(shared.model, loss, { ...options, compile: false });
      while ((await running.next()).done !== true);
    }, RangeError);
  },
};

let shared: ReturnType<typeof vaeRun>;

async function trained(
  options: Partial<training.TrainOptions>,
  each: (step: number) => void,
): Promise<void> {
  for await (const { step } of shared.train({ steps: STEPS, ...options })) each(step);
}

describe(`F15 tensors after ${STEPS} steps of training`, () => {
  for (const [name, run] of Object.entries(ENDINGS)) {
    it(`none are left when it ends ${name}`, async () => {
      shared = vaeRun();
      const at = 1 + faultDraws(`F15 ${name}`)(STEPS);
      assert.equal(await core.countLeaks(() => run(at)), 0);
      shared.dispose();
      reportRow(`F15 ${name}`, 1, 1);
    });
  }
});
