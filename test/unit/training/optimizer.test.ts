import { strict as assert } from "node:assert";

import { core, Rng, tf, training } from "latentlab";

import { assertClose } from "../../support/close";

const STEPS = 12;
const SIZE = 5;
const LEARNING_RATE = 0.05;

/** Weights after each step, from a loop over scalars in float64. */
type Reference = (p: number, g: number, memory: Record<string, number>, step: number) => number;

function referenceRun(update: Reference): number[][] {
  const { start, gradients } = problem();
  const memories = start.map(() => ({}) as Record<string, number>);
  let weights = [...start];
  return gradients.map((gradient, i) => {
    weights = weights.map((p, j) => update(p, gradient[j]!, memories[j]!, i + 1));
    return weights;
  });
}

function problem(): { start: number[]; gradients: number[][] } {
  const rng = new Rng(11);
  const start = [...rng.normalArray(SIZE)];
  const gradients = Array.from({ length: STEPS }, () => [...rng.normalArray(SIZE)]);
  return { start, gradients };
}

/** Weights after each step of one of our optimisers. */
function ourRun(create: (parameters: training.NamedParameters) => training.Optimizer): number[][] {
  const { start, gradients } = problem();
  const weight = tf.tidy(() => tf.variable(tf.tensor1d(start)));
  const optimizer = create(new Map([["weight", weight]]));
  const trajectory = gradients.map((values) => {
    tf.tidy(() => optimizer.apply(new Map([["weight", tf.tensor1d(values)]])));
    return Array.from(weight.dataSync());
  });
  optimizer.dispose();
  weight.dispose();
  return trajectory;
}

type AdamMistake = "no bias correction" | "epsilon inside the root" | "coupled decay";

function adamReference(weightDecay: number, epsilon: number, mistake?: AdamMistake): Reference {
  const [beta1, beta2] = [0.9, 0.999];
  return (p, g, memory, step) => {
    const gradient = mistake === "coupled decay" ? g + weightDecay * p : g;
    const m = (memory["m"] = beta1 * (memory["m"] ?? 0) + (1 - beta1) * gradient);
    const v = (memory["v"] = beta2 * (memory["v"] ?? 0) + (1 - beta2) * gradient ** 2);
    const isCorrected = mistake !== "no bias correction";
    const mHat = isCorrected ? m / (1 - beta1 ** step) : m;
    const vHat = isCorrected ? v / (1 - beta2 ** step) : v;
    const root =
      mistake === "epsilon inside the root" ? Math.sqrt(vHat + epsilon) : Math.sqrt(vHat) + epsilon;
    const shrunk = mistake === "coupled decay" ? p : p * (1 - LEARNING_RATE * weightDecay);
    return shrunk - (LEARNING_RATE * mHat) / root;
  };
}

function sgdReference(momentum: number, isNesterov: boolean): Reference {
  return (p, g, memory) => {
    const velocity = (memory["velocity"] = momentum * (memory["velocity"] ?? 0) + g);
    return p - LEARNING_RATE * (isNesterov ? g + momentum * velocity : velocity);
  };
}

function rmspropReference(alpha: number, epsilon: number): Reference {
  return (p, g, memory) => {
    const v = (memory["v"] = alpha * (memory["v"] ?? 0) + (1 - alpha) * g * g);
    return p - (LEARNING_RATE * g) / (Math.sqrt(v) + epsilon);
  };
}

function assertSameRun(got: number[][], want: number[][]): void {
  assertClose(got.flat(), want.flat(), { absolute: 2e-6, relative: 2e-6 });
}

const rate = { learningRate: LEARNING_RATE };

describe("optimisers", () => {
  it("adam follows algorithm 1 of Kingma & Ba for 12 steps", () => {
    assertSameRun(
      ourRun((parameters) => training.adam(parameters, rate)),
      referenceRun(adamReference(0, 1e-8)),
    );
  });

  const adamW = (): number[][] =>
    ourRun((parameters) =>
      training.adamW(parameters, { ...rate, weightDecay: 0.3, epsilon: 1e-2 }),
    );

  it("adamW decays the weights apart from the moments", () => {
    assertSameRun(adamW(), referenceRun(adamReference(0.3, 1e-2)));
  });

  const mistakes = ["no bias correction", "epsilon inside the root", "coupled decay"] as const;
  for (const mistake of mistakes) {
    it(`the adamW check rejects ${mistake}`, () => {
      const wrong = referenceRun(adamReference(0.3, 1e-2, mistake));
      assert.throws(() => assertSameRun(adamW(), wrong), /element/);
    });
  }

  for (const nesterov of [false, true]) {
    it(`sgd with ${nesterov ? "Nesterov's" : "classical"} momentum`, () => {
      const got = ourRun((parameters) =>
        training.sgd(parameters, { ...rate, momentum: 0.9, nesterov }),
      );
      assertSameRun(got, referenceRun(sgdReference(0.9, nesterov)));
      assert.throws(() => assertSameRun(got, referenceRun(sgdReference(0.9, !nesterov))));
    });
  }

  it("rmsprop divides by √v + ε, ε outside the root", () => {
    const got = ourRun((parameters) => training.rmsprop(parameters, { ...rate, epsilon: 1e-2 }));
    assertSameRun(got, referenceRun(rmspropReference(0.99, 1e-2)));
  });

  it("takes a new learning rate from the next step on, and refuses NaN", () => {
    const weight = tf.tidy(() => tf.variable(tf.tensor1d([1])));
    const optimizer = training.sgd(new Map([["weight", weight]]), { learningRate: 1 });
    const gradient = tf.tensor1d([1]);
    optimizer.apply(new Map([["weight", gradient]]));
    optimizer.learningRate = 0.25;
    optimizer.apply(new Map([["weight", gradient]]));
    assertClose(weight.dataSync(), [-0.25]);
    assert.throws(() => (optimizer.learningRate = NaN), core.ValueError);
    tf.dispose([weight, gradient]);
    optimizer.dispose();
  });

  it("goes on from a saved state exactly, and refuses the state of another rule", () => {
    const { start, gradients } = problem();
    const weight = tf.tidy(() => tf.variable(tf.tensor1d(start)));
    const parameters = new Map([["weight", weight]]);
    const [first, second] = [training.adamW(parameters), training.adamW(parameters)];
    const stepBoth = (optimizer: training.Optimizer, values: number[]): number[] => {
      tf.tidy(() => optimizer.apply(new Map([["weight", tf.tensor1d(values)]])));
      return [...weight.dataSync()];
    };
    stepBoth(first, gradients[0]!);
    const [weightThen, stateThen] = [weight.clone(), cloneState(first.state())];
    const expected = stepBoth(first, gradients[1]!);
    weight.assign(weightThen);
    second.restore(stateThen);
    assert.deepEqual(stepBoth(second, gradients[1]!), expected);
    const other = training.sgd(parameters);
    assert.throws(() => other.restore(stateThen), /of adamW, but the optimiser is sgd/);
    tf.dispose([weight, weightThen, ...Object.values(stateThen.slots)]);
    for (const optimizer of [first, second, other]) optimizer.dispose();
  });
});

function cloneState({ slots, ...rest }: training.OptimizerState): training.OptimizerState {
  const copies = Object.entries(slots).map(([name, slot]) => [name, slot.clone()]);
  return { ...rest, slots: Object.fromEntries(copies) };
}
