import { strict as assert } from "node:assert";

import fc from "fast-check";
import { core, nn, Rng, tf } from "latentlab";

const RUNS = { numRuns: 60, seed: 10 };
const REACHED = "the arguments reached TensorFlow";

/** `call` must throw one of our errors, before any operation of tfjs runs. */
function assertRefused(call: () => unknown): void {
  const engine = tf.engine();
  const { runKernel } = engine;
  engine.runKernel = () => {
    throw new Error(REACHED);
  };
  try {
    assert.throws(call, (error: Error) => {
      assert.ok(error instanceof core.LatentLabError, `${error.name}: ${error.message}`);
      return true;
    });
  } finally {
    engine.runKernel = runKernel;
  }
}

/** Anything but a whole number of at least 1. */
const notASize = fc.oneof(
  fc.constantFrom(0, -1, NaN, Infinity, -Infinity, 0.5),
  fc.integer({ max: 0 }),
  fc.double({ min: 1, max: 100 }).filter((x) => !Number.isInteger(x)),
  fc.constantFrom(undefined, null, "3", [3]).map((value) => value as unknown as number),
);
const given = notASize.filter((size) => size !== undefined); // undefined means the default

const rng = new Rng(1);

const SIZES: Readonly<Record<string, (size: number) => unknown>> = {
  "Dense in": (n) => new nn.Dense(n, 2, rng),
  "Dense out": (n) => new nn.Dense(2, n, rng),
  "Conv2d in": (n) => new nn.Conv2d(n, 2, rng),
  "Conv2d out": (n) => new nn.Conv2d(2, n, rng),
  "ConvTranspose2d in": (n) => new nn.ConvTranspose2d(n, 2, rng),
  "ConvTranspose2d out": (n) => new nn.ConvTranspose2d(2, n, rng),
  "GroupNorm groups": (n) => new nn.GroupNorm(n, 4),
  "GroupNorm channels": (n) => new nn.GroupNorm(1, n),
  LayerNorm: (n) => new nn.LayerNorm(n),
  BatchNorm: (n) => new nn.BatchNorm(n),
  "MultiHeadAttention size": (n) => new nn.MultiHeadAttention(n, 1, rng),
  "MultiHeadAttention heads": (n) => new nn.MultiHeadAttention(4, n, rng),
  "LabelEmbedding classes": (n) => new nn.LabelEmbedding(n, 2, rng),
  "LabelEmbedding size": (n) => new nn.LabelEmbedding(2, n, rng),
  gridEmbedding: (n) => nn.gridEmbedding(2, n, 4),
  "gridEmbedding size": (n) => nn.gridEmbedding(2, 2, n),
  Mlp: (n) => new nn.Mlp([n, 2], rng),
};

const OPTIONS: Readonly<Record<string, (size: number) => unknown>> = {
  "Conv2d kernel": (kernelSize) => new nn.Conv2d(1, 1, rng, { kernelSize }),
  "Conv2d stride": (stride) => new nn.Conv2d(1, 1, rng, { stride }),
  "Conv2d dilation": (dilation) => new nn.Conv2d(1, 1, rng, { dilation }),
  "ConvTranspose2d kernel": (kernelSize) => new nn.ConvTranspose2d(1, 1, rng, { kernelSize }),
  "ConvTranspose2d stride": (stride) => new nn.ConvTranspose2d(1, 1, rng, { stride }),
  "MultiHeadAttention context": (contextSize) =>
    new nn.MultiHeadAttention(4, 2, rng, { contextSize }),
};

/** What each function takes, and how it is called with something else in place of it. */
type Taker = { readonly shape: readonly number[]; readonly call: (x: never) => unknown };

function takers(): { modules: nn.Module[]; table: Readonly<Record<string, Taker>> } {
  const dense = new nn.Dense(3, 2, rng);
  const conv = new nn.Conv2d(3, 2, rng);
  const up = new nn.ConvTranspose2d(3, 2, rng);
  const group = new nn.GroupNorm(1, 3);
  const layer = new nn.LayerNorm(3);
  const batch = new nn.BatchNorm(3);
  const attention = new nn.MultiHeadAttention(3, 1, rng);
  const mlp = new nn.Mlp([3, 2], rng);
  const picture = [2, 4, 4, 3];
  const table = {
    Dense: { shape: [2, 3], call: (x: never) => dense.forward(x) },
    Mlp: { shape: [2, 3], call: (x: never) => mlp.forward(x) },
    Conv2d: { shape: picture, call: (x: never) => conv.forward(x) },
    ConvTranspose2d: { shape: picture, call: (x: never) => up.forward(x) },
    GroupNorm: { shape: picture, call: (x: never) => group.forward(x) },
    LayerNorm: { shape: picture, call: (x: never) => layer.forward(x) },
    BatchNorm: { shape: picture, call: (x: never) => batch.forward(x) },
    MultiHeadAttention: { shape: [2, 4, 3], call: (x: never) => attention.forward(x) },
    upsampleNearest: { shape: picture, call: (x: never) => nn.upsampleNearest(x) },
    upsampleBilinear: { shape: picture, call: (x: never) => nn.upsampleBilinear(x) },
    averagePool: { shape: picture, call: (x: never) => nn.averagePool(x) },
    maxPool: { shape: picture, call: (x: never) => nn.maxPool(x) },
    patchify: { shape: picture, call: (x: never) => nn.patchify(x, 2) },
    unpatchify: { shape: [2, 4, 8], call: (x: never) => nn.unpatchify(x, 2, [2, 2]) },
    splitHeads: { shape: [2, 4, 3], call: (x: never) => nn.splitHeads(x, 3) },
    mergeHeads: { shape: picture, call: (x: never) => nn.mergeHeads(x) },
    "attention query": { shape: picture, call: (x: never) => nn.attention(x, x, x) },
  };
  return { modules: [dense, conv, up, group, layer, batch, attention, mlp], table };
}

describe("guards of nn", () => {
  for (const [name, construct] of Object.entries(SIZES)) {
    it(`F10 ${name}: refuses what is not a size`, () => {
      fc.assert(
        fc.property(notASize, (size) => assertRefused(() => construct(size))),
        RUNS,
      );
    });
  }

  for (const [name, construct] of Object.entries(OPTIONS)) {
    it(`F10 ${name}: refuses what is not a size`, () => {
      fc.assert(
        fc.property(given, (size) => assertRefused(() => construct(size))),
        RUNS,
      );
    });
  }

  it("F10 refuses numbers out of range and unknown words", () => {
    const word = "reflect" as never;
    tf.tidy(() => {
      const t = tf.tensor1d([1]);
      for (const call of [
        () => new nn.Conv2d(1, 1, rng, { padding: -1 }),
        () => new nn.Conv2d(1, 1, rng, { padding: word }),
        () => new nn.ConvTranspose2d(1, 1, rng, { padding: 0.5 }),
        () => new nn.LayerNorm(2, { epsilon: NaN }),
        () => new nn.GroupNorm(1, 2, { epsilon: -1 }),
        () => new nn.BatchNorm(2, { momentum: 2 }),
        () => new nn.Dropout(1, rng),
        () => new nn.Dropout(NaN, rng),
        () => new nn.Sequential([word]),
        () => nn.leakyRelu(t, NaN),
        () => nn.sinusoidalEmbedding(t, 1),
        () => nn.sinusoidalEmbedding(t, 4, { maxPeriod: 0 }),
        () => nn.sinusoidalEmbedding(t, 4, { order: word }),
        () => nn.sinusoidalEmbedding(t, 4, { frequencyShift: 2 as never }),
      ]) {
        assertRefused(call);
      }
    });
  });

  it("F10 layers refuse another rank, an empty axis, int32 and what is no tensor", () => {
    const { modules, table } = takers();
    const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 6 });
    for (const [name, { shape, call }] of Object.entries(table)) {
      const takesAnyRank = ["Dense", "Mlp", "LayerNorm", "GroupNorm", "BatchNorm"].includes(name);
      const isWrong = (drawn: number[]): boolean =>
        drawn.includes(0) || (!takesAnyRank && drawn.length !== shape.length);
      fc.assert(
        fc.property(shapes.filter(isWrong), (drawn) => {
          tf.tidy(() => {
            const x = tf.zeros(drawn);
            assertRefused(() => call(x as never));
          });
        }),
        RUNS,
      );
      tf.tidy(() => {
        const [integers, scalar] = [tf.zeros([...shape], "int32"), tf.scalar(1)];
        for (const x of [integers, scalar, undefined, null, 3, [[1, 2, 3]]]) {
          assertRefused(() => call(x as never));
        }
        assert.doesNotThrow(() => call(tf.ones([...shape]) as never), name);
      });
    }
    for (const module of modules) module.dispose();
  });

  it("F10 activations refuse int32 and what is no tensor", () => {
    const { relu, leakyRelu, elu, silu, gelu, geluTanh, softplus, logSigmoid, sigmoid, tanh } = nn;
    const all = { relu, leakyRelu, elu, silu, gelu, geluTanh, softplus, logSigmoid, sigmoid, tanh };
    const { exp, softmax, logSoftmax, logSumExp } = core;
    tf.tidy(() => {
      const integers = tf.zeros([2], "int32");
      for (const f of Object.values({ ...all, exp, softmax, logSoftmax, logSumExp })) {
        for (const x of [integers, undefined, 3, [1, 2]]) assertRefused(() => f(x as never));
      }
    });
  });
});
