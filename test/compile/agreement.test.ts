import { strict as assert } from "node:assert";

import { compile, core, models, nn, tf, training } from "latentlab";

import { SUBJECTS } from "../arguments";
import { release, type Subject } from "../arguments/subject";
import { assertClose } from "../support/close";

const STEPS = 20;

/** What training did: the loss of each step, and the weights and other state after the last. */
interface Run {
  readonly losses: number[];
  readonly state: number[];
}

function tensorsIn(value: unknown): tf.Tensor[] {
  if (value instanceof tf.Tensor) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
}

/** Mean of (output − 1)² over every number that the call gives: a loss for anything. */
function lossOf(output: unknown): tf.Scalar {
  const tensors: tf.Tensor[] = tensorsIn(output);
  const losses = tensors.map((tensor) => tensor.toFloat().sub(1).square().mean());
  return tf.addN(losses).asScalar();
}

/** Train the model of a table entry on its right arguments. */
function train({ args, call }: Subject, isCompiled: boolean): Run {
  const [model, ...inputs] = args.map((argument) => argument.valid()) as [nn.Module, ...never[]];
  const scope = new core.Scope();
  const parameters = model.namedParameters();
  // Not Adam, which makes steps of full length from gradients that are rounding errors only, and
  // not fast: where the loss rises again, it depends on the last bit of the weights.
  const optimizer = scope.own(training.sgd(parameters, { learningRate: 1e-3, momentum: 0.5 }));
  const step = scope.own(
    compile(
      (numbers: training.StepNumbers) =>
        tf.tidy(() => {
          const loss = () => lossOf(call(...([model, ...inputs] as never[])));
          const { values, gradients } = training.lossAndGradients(parameters, loss);
          optimizer.change(gradients, numbers);
          const total = values.sum();
          values.dispose(); // kept, so that no tidy frees it
          return total;
        }),
      { compile: isCompiled },
    ),
  );
  const losses = Array.from({ length: STEPS }, () => {
    const loss = tf.tidy(() => step(optimizer.nextNumbers()).dataSync()[0] as never);
    optimizer.countStep();
    return loss as number;
  });
  const state = [...model.namedVariables().values()].flatMap((v) => [...v.dataSync()]);
  scope.dispose();
  release([model, ...inputs]);
  return { losses, state };
}

/** The entries that run a model, by name. */
const RUNS = Object.entries(SUBJECTS).filter(
  ([name, { args }]) => name.startsWith("models.") && args[0]?.isFixture === true,
);

describe("a compiled step does what the eager step does", () => {
  const tried = new Set<unknown>();

  for (const [name, subject] of RUNS) {
    it(`${name}: losses and weights of ${STEPS} steps`, () => {
      const model = subject.args[0]?.valid() as nn.Module;
      tried.add(model.constructor);
      model.dispose();
      const [eager, compiled] = [train(subject, false), train(subject, true)];
      assert.ok(eager.losses.every(Number.isFinite));
      assert.notEqual(eager.losses[0], eager.losses.at(-1), "nothing was trained");
      assertClose(compiled.losses, eager.losses, { absolute: 0, relative: 1e-5 });
      assertClose(compiled.state, eager.state, { absolute: 1e-5, relative: 1e-4 });
    });
  }

  it("for every model of the library", () => {
    const missing = Object.entries(models as Readonly<Record<string, unknown>>)
      .filter(([, Kind]) => typeof Kind === "function" && Kind.prototype instanceof nn.Module)
      .filter(([, Kind]) => !tried.has(Kind));
    assert.deepEqual(
      missing.map(([name]) => name),
      [],
      "give these an entry `forward` in test/arguments",
    );
  });
});
