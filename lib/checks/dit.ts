import { tf } from "../engine/tf";
import { type DitConfig, ditMultiplyAdds } from "../models/dit";
import { gatedResidual, modulate, type Modulation } from "../nn/adaln";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

/** Two examples of two tokens with two features. */
const TOKENS = [
  [
    [0.6, -1.3],
    [1.7, 0.4],
  ],
  [
    [-0.8, 2.5],
    [0.9, -2.1],
  ],
];
const SHIFT = [
  [0.3, -0.7],
  [1.1, 0.2],
];
const SCALE = [
  [0.5, -0.4],
  [-0.2, 0.9],
];
const GATE = [
  [0.8, -0.6],
  [0.4, 1.3],
];
const CHANGES = { shift: SHIFT, scale: SCALE, gate: GATE };

const at = (rows: readonly (readonly number[])[], b: number, d: number): number =>
  rows[b]?.[d] ?? NaN;

type Modulate = (x: tf.Tensor3D, shift: tf.Tensor2D, scale: tf.Tensor2D) => tf.Tensor;

defineCheck<Modulate>({
  id: "R.25c",
  solution: modulate,
  probes: valueProbes({
    cases: [{ title: "two examples", inputs: { x: TOKENS, shift: SHIFT, scale: SCALE } }],
    call: (fn: Modulate, { x, shift, scale }) => fn(x, shift, scale),
    reference: ({ x, shift, scale }) =>
      x.map((tokens, b) =>
        tokens.map((token) => token.map((v, d) => v * (1 + at(scale, b, d)) + at(shift, b, d))),
      ),
    gradients: ["x", "scale"],
  }),
  mistakes: [
    {
      says: "The scale is taken as the factor: 0 must mean no change, so the factor is 1 + scale.",
      fn: (x, shift, scale) => modulate(x, shift, scale.sub(1)),
    },
    {
      says: "The shift is scaled too: scale first, then shift.",
      fn: (x, shift, scale) => modulate(x, shift.mul(scale.add(1)), scale),
    },
    {
      says: "Shift and scale have changed places.",
      fn: (x, shift, scale) => modulate(x, scale, shift),
    },
    {
      says: "The examples' vectors are laid along the tokens; each belongs to all tokens of its own.",
      fn: (x, shift, scale) => x.mul(scale.add(1)).add(shift),
    },
  ],
  hints: [
    "One vector for each example: give it a token axis of length 1.",
    "x.mul(scale.add(1).expandDims(1)).add(shift.expandDims(1))",
  ],
});

type OfTokens = (tokens: tf.Tensor3D) => tf.Tensor3D;
type Half = (
  x: tf.Tensor3D,
  modulation: Modulation,
  half: Readonly<Record<"norm" | "branch", OfTokens>>,
) => tf.Tensor;

/** Stand-ins whose results nobody takes for each other's. */
const HALF = {
  norm: (x: tf.Tensor3D): tf.Tensor3D => x.sub(x.mean(2, true)),
  branch: (x: tf.Tensor3D): tf.Tensor3D => x.square().add(0.5),
};

defineCheck<Half>({
  id: "R.25d",
  solution: gatedResidual,
  probes: valueProbes({
    cases: [{ title: "norm: minus the mean; branch: y² + ½", inputs: { x: TOKENS, ...CHANGES } }],
    call: (fn: Half, { x, ...modulation }) => fn(x, modulation, HALF),
    reference: ({ x, shift, scale, gate }) =>
      x.map((tokens, b) =>
        tokens.map((token) => {
          const mean = token.reduce((sum, v) => sum + v, 0) / token.length;
          return token.map((v, d) => {
            const seen = (v - mean) * (1 + at(scale, b, d)) + at(shift, b, d);
            return v + at(gate, b, d) * (seen ** 2 + 0.5);
          });
        }),
      ),
    gradients: ["x", "gate"],
  }),
  mistakes: [
    {
      says: "The gate is left out: the block cannot begin as the identity.",
      fn: (x, modulation, half) =>
        gatedResidual(x, { ...modulation, gate: tf.onesLike(modulation.gate) }, half),
    },
    {
      says: "The gate is 1 + gate, as the scale is: at 0 it must shut.",
      fn: (x, { gate, ...others }, half) =>
        gatedResidual(x, { ...others, gate: gate.add(1) }, half),
    },
    {
      says: "The gate shuts the shortcut too; it belongs to the branch alone.",
      fn: (x, { gate, ...others }, half) =>
        gatedResidual(x, { ...others, gate: tf.onesLike(gate) }, half).mul(gate.expandDims(1)),
    },
    {
      says: "The shortcut carries the normalised tokens; it must carry x as it came.",
      fn: (x, modulation, half) => gatedResidual(x, modulation, half).sub(x).add(half.norm(x)),
    },
    {
      says: "There is no shortcut: x is not added.",
      fn: (x, modulation, half) => gatedResidual(x, modulation, half).sub(x),
    },
    {
      says: "What the branch says is modulated; it is what the branch hears that must be.",
      fn: (x, { shift, scale, gate }, { norm, branch }) =>
        x.add(modulate(branch(norm(x)), shift, scale).mul(gate.expandDims(1))),
    },
  ],
  hints: [
    "Normalise, modulate, ask the branch; add its answer, times the gate, to x.",
    "x.add(branch(modulate(norm(x), shift, scale)).mul(gate.expandDims(1)))",
  ],
});

type Count = (config: DitConfig) => number;

const NAMES = ["inputSize", "inChannels", "patchSize", "hiddenSize", "depth", "numHeads"] as const;

/** A configuration from its numbers, the last of which is 1 for a learned Σ. */
function configOf(values: ArrayLike<number>): DitConfig {
  const sizes = Object.fromEntries(NAMES.map((name, i) => [name, values[i]]));
  return { ...sizes, learnSigma: values[NAMES.length] === 1 } as DitConfig;
}

const dense = (inputs: number, outputs: number): number => inputs * outputs;

/** `depth` times what `change` gives for N tokens of d features is added to the right answer. */
function offBy(change: (tokens: number, d: number, config: DitConfig) => number): Count {
  return (config) => {
    const tokens = (config.inputSize / config.patchSize) ** 2;
    return ditMultiplyAdds(config) + config.depth * change(tokens, config.hiddenSize, config);
  };
}

defineCheck<Count>({
  id: "R.25e",
  solution: ditMultiplyAdds,
  probes: valueProbes({
    cases: [
      { title: "tiny/2", inputs: { numbers: [8, 4, 2, 96, 4, 4, 0] } },
      { title: "DiT-S/4, learned Σ", inputs: { numbers: [32, 4, 4, 384, 12, 6, 1] } },
    ],
    call: (fn: Count, { numbers }) => fn(configOf(numbers.dataSync())),
    reference: ({ numbers }) => {
      const { inputSize, inChannels, patchSize, hiddenSize, depth, learnSigma } = configOf(numbers);
      const pixels = patchSize * patchSize * inChannels;
      const perToken = 4 * dense(hiddenSize, hiddenSize) + 2 * dense(hiddenSize, 4 * hiddenSize); // q k v out, MLP
      let [tokens, pairs] = [0, 0];
      for (let i = 0; i < (inputSize / patchSize) ** 2; i++) tokens++;
      for (let i = 0; i < tokens; i++) pairs += tokens;
      const block = tokens * perToken + 2 * pairs * hiddenSize + dense(hiddenSize, 6 * hiddenSize);
      const ends = tokens * dense(pixels, hiddenSize) * (learnSigma === true ? 3 : 2);
      const condition = dense(256, hiddenSize) + dense(hiddenSize, hiddenSize);
      return depth * block + ends + dense(hiddenSize, 2 * hiddenSize) + condition;
    },
    absolute: 0,
    relative: 1e-9,
  }),
  mistakes: [
    {
      says: "QKᵀ and the weights times V are left out: 2 N² d in each block.",
      fn: offBy((tokens, d) => -2 * tokens * tokens * d),
    },
    {
      says: "Only one of QKᵀ and the weights times V is counted.",
      fn: offBy((tokens, d) => -tokens * tokens * d),
    },
    {
      says: "The modulation is counted for each token; it is computed once for each picture.",
      fn: offBy((tokens, d) => 6 * d * d * (tokens - 1)),
    },
    {
      says: "Each head is counted with all features; heads share them, and cost nothing more.",
      fn: offBy((tokens, d, { numHeads }) => 2 * tokens * tokens * d * (numHeads - 1)),
    },
    {
      says: "A multiplication and its addition are counted as two; the paper counts them as one.",
      fn: (config) => 2 * ditMultiplyAdds(config),
    },
    {
      says: "A learned Σ needs twice the channels out.",
      fn: (config) => ditMultiplyAdds({ ...config, learnSigma: false }),
    },
  ],
  hints: [
    "A dense layer costs in · out for each token; QKᵀ and the weights times V cost N² d each.",
    "A block: N (4 d² + 2 mlpRatio d²) + 2 N² d, and 6 d² once for the modulation.",
  ],
});
