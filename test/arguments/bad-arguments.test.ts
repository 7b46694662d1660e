import { strict as assert } from "node:assert";

import fc from "fast-check";
import { core, tf } from "latentlab";

import { SUBJECTS } from "./index";
import { type Fault, tensor } from "./argument";
import { acceptsRightArguments, faultsOf, refuses, takes, withFixtures } from "./subject";

const SEED = Number(process.env["LATENTLAB_FUZZ_SEED"] ?? 2026);
const DRAWS = Number(process.env["LATENTLAB_FUZZ_DRAWS"] ?? 500);

/** Functions that guard themselves badly: the check must find out each of them. */
const CARELESS: Readonly<Record<string, readonly [(x: tf.Tensor) => unknown, RegExp]>> = {
  "accepts anything": [() => undefined, /accepted/],
  "throws whatever comes": [() => assert.fail("not ours"), /not ours/],
  "computes first": [
    (x) => {
      tf.neg(x).dispose();
      throw new core.ShapeError("late");
    },
    /kernels ran first/,
  ],
  "leaks on the way": [
    () => {
      leaked.push(tf.tensor1d([1]));
      throw new core.ShapeError("leaky");
    },
    /tensors leaked/,
  ],
};

const leaked: tf.Tensor[] = [];

describe("F10 finds out functions that guard themselves badly", () => {
  for (const [name, [call, message]] of Object.entries(CARELESS)) {
    it(`one that ${name}`, async () => {
      const subject = takes(call, tensor([2]));
      const isOtherDtype = ({ what }: Fault): boolean => what === "int32";
      const fault = faultsOf(subject).find(isOtherDtype)!;
      await assert.rejects(
        refuses(subject, fault, (min) => min),
        message,
      );
      tf.dispose(leaked.splice(0));
    });
  }
});

describe(`F10 wrong arguments, ${DRAWS} draws a function, seed ${SEED}`, () => {
  for (const [name, subject] of Object.entries(SUBJECTS)) {
    it(`${name} accepts right arguments and refuses wrong ones`, async () => {
      const { ready, free } = withFixtures(subject);
      await acceptsRightArguments(ready);
      const faults = faultsOf(ready);
      // Each kind of fault once, then any of them at random.
      for (const fault of faults) await refuses(ready, fault, (min) => min);
      if (faults.length > 0) {
        await fc.assert(
          fc.asyncProperty(fc.constantFrom(...faults), fc.gen(), (fault, generate) =>
            refuses(ready, fault, (min, max) => generate(fc.integer, { min, max })),
          ),
          { numRuns: DRAWS, seed: SEED },
        );
      }
      free();
    });
  }
});
