import { core, Rng, tf } from "latentlab";

import { type Argument, count, given, number, numbers, rng, sizes, tensor } from "./argument";
import { constructs, type Subject, takes } from "./subject";

/** Any shape, float32. */
export const ELEMENTS = tensor([2, 3], { anyRank: true });
/** Any shape with a last axis that is not empty, float32. */
const LOGITS: Argument = {
  ...ELEMENTS,
  faults: [
    ...ELEMENTS.faults,
    { what: "an empty last axis", make: () => tf.zeros([2, 0]) },
    { what: "a scalar", make: () => tf.scalar(1) },
  ],
};

/** Any tensor with a first axis, of 3. */
const BATCH: Argument = {
  ...tensor([3, 2]),
  faults: [
    { what: "undefined", make: () => undefined },
    { what: "a number", make: () => 3 },
    { what: "a scalar", make: () => tf.scalar(1) },
    { what: "an empty batch", make: () => tf.zeros([0, 2]) },
    { what: "another batch", make: () => tf.zeros([4, 2]) },
  ],
};

/** A method of a generator, called on a fresh one. */
function ofRng(method: (rng: Rng, ...args: never[]) => unknown, ...args: Subject["args"]): Subject {
  return takes(method as (...all: unknown[]) => unknown, rng, ...args);
}

export const CORE: Readonly<Record<string, Subject>> = {
  "core.Rng": constructs(Rng, count(1, { min: 0, max: 2 ** 31 - 1 })),
  "core.Rng.normal": ofRng((r, shape: number[]) => r.normal(shape), sizes(2, 3)),
  "core.Rng.uniform": ofRng((r, shape: number[]) => r.uniform(shape), sizes(2, 3)),
  "core.Rng.integers": ofRng(
    (r, shape: number[], min: number, max: number) => r.integers(shape, min, max),
    sizes(2, 3),
    number(0, { whole: true }),
    count(9, { min: 1 }),
  ),
  "core.Rng.uniformArray": ofRng((r, n: number) => r.uniformArray(n), count(3)),
  "core.Rng.normalArray": ofRng((r, n: number) => r.normalArray(n), count(3)),
  "core.Rng.permutation": ofRng((r, n: number) => r.permutation(n), count(3)),
  "core.Rng.fold": ofRng((r, n: number) => r.fold(n), count(3, { min: 0, max: 2 ** 31 - 1 })),
  "core.linspace": takes(core.linspace, number(0), number(1), count(5)),
  "core.categoryAt": takes(core.categoryAt, numbers([0.25, 0.75]), number(0.5)),
  "core.estimate": takes(core.estimate, numbers([1, 2, 3])),
  "core.formatEstimate": takes(
    core.formatEstimate,
    given(() => ({ mean: 1, standardError: 0.1, n: 3 })),
    count(2, { min: 0, max: 100 }),
  ),
  "core.exp": takes(core.exp, ELEMENTS),
  "core.erfc": takes(core.erfc, ELEMENTS),
  "core.stopGradient": takes(core.stopGradient, ELEMENTS),
  "core.sigmoid": takes(core.sigmoid, ELEMENTS),
  "core.tanh": takes(core.tanh, ELEMENTS),
  "core.softmax": takes(core.softmax, LOGITS),
  "core.logSumExp": takes(core.logSumExp, LOGITS),
  "core.logSoftmax": takes(core.logSoftmax, LOGITS),
  "core.gatherRows": takes(
    core.gatherRows,
    tensor([4, 2], { anyRank: true }),
    tensor([3], { dtype: "int32" }),
  ),
  "core.dataParallel": takes(
    (x: tf.Tensor, y: tf.Tensor) => core.dataParallel([x, y], (a, b) => a.add(b)),
    BATCH,
    given(() => tf.ones([3, 2])),
  ),
  "core.roundHalfToEven": takes(core.roundHalfToEven, number(2.5)),
};
