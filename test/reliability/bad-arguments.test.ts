import { strict as assert } from "node:assert";

import fc from "fast-check";
import * as latentlab from "latentlab";

import { CORE } from "./arguments/core";
import { DATA } from "./arguments/data";
import { DIFFUSION } from "./arguments/diffusion";
import { EXEMPT } from "./arguments/exempt";
import { NN } from "./arguments/nn";
import { MODELS, OBJECTIVES } from "./arguments/objectives";
import { ORACLES } from "./arguments/oracles";
import { acceptsRightArguments, faultsOf, refuses, type Subject } from "./arguments/subject";
import { TRAINING } from "./arguments/training";
import { VIZ } from "./arguments/viz";

const SUBJECTS: Readonly<Record<string, Subject>> = {
  ...CORE,
  ...DATA,
  ...DIFFUSION,
  ...MODELS,
  ...NN,
  ...OBJECTIVES,
  ...ORACLES,
  ...TRAINING,
  ...VIZ,
};

const SEED = Number(process.env["LATENTLAB_FUZZ_SEED"] ?? 2026);
const DRAWS = Number(process.env["LATENTLAB_FUZZ_DRAWS"] ?? 500);

/** Every exported function by name, e.g. `"nn.Dense"`; a class also gives its `forward`. */
function exportedFunctions(): string[] {
  const names = new Set<string>();
  const add = (name: string, value: unknown): void => {
    if (typeof value !== "function") return;
    names.add(name);
    if (Object.hasOwn((value.prototype as object | undefined) ?? {}, "forward")) {
      names.add(`${name}.forward`);
    }
  };
  for (const [name, value] of Object.entries(latentlab)) {
    if (name === "tf") continue;
    if (typeof value === "function") add(name, value);
    else for (const [key, member] of Object.entries(value)) add(`${name}.${key}`, member);
  }
  // The index repeats these two from their namespaces.
  names.delete("Rng");
  names.delete("check");
  return [...names];
}

describe("F10 table of exported functions", () => {
  const exported = exportedFunctions();

  it("has every function of the library, with right arguments or a reason not to be here", () => {
    const missing = exported.filter((name) => !(name in SUBJECTS) && !(name in EXEMPT));
    assert.deepEqual(missing, [], "add these to a table in test/reliability/arguments");
  });

  it("exempts only functions that exist and are not tried", () => {
    const stale = Object.keys(EXEMPT).filter((name) => !exported.includes(name));
    assert.deepEqual(stale, []);
    assert.deepEqual(
      Object.keys(EXEMPT).filter((name) => name in SUBJECTS),
      [],
    );
  });
});

describe(`F10 wrong arguments, ${DRAWS} draws a function, seed ${SEED}`, () => {
  for (const [name, subject] of Object.entries(SUBJECTS)) {
    it(`${name} accepts right arguments and refuses wrong ones`, async () => {
      await acceptsRightArguments(subject);
      const faults = faultsOf(subject);
      if (faults.length === 0) return;
      // Each kind of fault once, then any of them at random.
      for (const fault of faults) await refuses(subject, fault, (min) => min);
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...faults), fc.gen(), (fault, generate) =>
          refuses(subject, fault, (min, max) => generate(fc.integer, { min, max })),
        ),
        { numRuns: DRAWS, seed: SEED },
      );
    });
  }
});
