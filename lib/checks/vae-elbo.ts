import { tf } from "../engine/tf";
import { type Autoencoder, elbo, iwaeBound } from "../objectives/elbo";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";
import { bernoulli } from "./vae-likelihood";

type Rows = readonly (readonly number[])[];

/** Two pictures of four pixels, and a linear encoder and decoder with two latents. */
const PICTURES = {
  x: [
    [0, 0.4, 1, 0.75],
    [1, 0.1, 0, 0.5],
  ],
  meanWeight: [
    [0.5, -0.3],
    [0.2, 0.8],
    [-0.6, 0.4],
    [0.1, 0.9],
  ],
  logVarWeight: [
    [-0.4, 0.2],
    [0.3, -0.5],
    [0.1, 0.6],
    [-0.7, -0.2],
  ],
  decoderWeight: [
    [1.2, -0.4, 0.3, 0.8],
    [-0.5, 0.9, -1.1, 0.2],
  ],
};
const NOISE = [
  [0.7, -1.2],
  [-0.3, 1.6],
];

type TensorsOf = { readonly [K in keyof typeof PICTURES]: tf.Tensor2D };

function linearModel({ meanWeight, logVarWeight, decoderWeight }: TensorsOf): Autoencoder {
  return {
    encode: (x) => ({
      mean: x.matMul(meanWeight) as tf.Tensor2D,
      logVar: x.matMul(logVarWeight) as tf.Tensor2D,
    }),
    decode: (z) => z.matMul(decoderWeight),
  };
}

/** One row times a matrix. */
function project(row: readonly number[], weight: Rows): number[] {
  const width = weight[0]?.length ?? 0;
  return Array.from({ length: width }, (_, j) =>
    row.reduce((sum, value, i) => sum + value * (weight[i]?.[j] ?? NaN), 0),
  );
}

function normalLog(value: number, mean: number, logVar: number): number {
  return -0.5 * (Math.log(2 * Math.PI) + logVar + (value - mean) ** 2 / Math.exp(logVar));
}

/** q and one sample of it, its reconstruction and log q(z|x), log p(z), by loops. */
function encodeAndDecode(
  inputs: typeof PICTURES,
  row: readonly number[],
  noise: readonly number[],
): { mean: number[]; logVar: number[]; z: number[]; reconstruction: number } {
  const [mean, logVar] = [project(row, inputs.meanWeight), project(row, inputs.logVarWeight)];
  const z = mean.map((m, d) => m + Math.exp((logVar[d] ?? NaN) / 2) * (noise[d] ?? NaN));
  return { mean, logVar, z, reconstruction: bernoulli(project(z, inputs.decoderWeight), row) };
}

type Elbo = (
  model: Autoencoder,
  x: tf.Tensor,
  noise: tf.Tensor2D,
  options?: { readonly beta?: number },
) => { readonly [part in "elbo" | "reconstruction" | "kl"]: tf.Tensor };

defineCheck<Elbo>({
  id: "R.3",
  solution: elbo,
  probes: valueProbes({
    cases: [
      { title: "the bound, β = 1", inputs: { ...PICTURES, noise: NOISE, beta: 1 } },
      { title: "β = 4", inputs: { ...PICTURES, noise: NOISE, beta: 4 } },
    ],
    call: (fn: Elbo, { x, noise, beta, ...weights }) =>
      fn(linearModel({ x, ...weights }), x, noise, { beta: beta.dataSync()[0] ?? NaN }),
    reference: (inputs) => {
      const parts = inputs.x.map((row, b) => {
        const { mean, logVar, reconstruction } = encodeAndDecode(
          inputs,
          row,
          inputs.noise[b] ?? [],
        );
        const kl = mean.reduce(
          (sum, m, d) => sum + 0.5 * (m * m + Math.exp(logVar[d] ?? NaN) - 1 - (logVar[d] ?? NaN)),
          0,
        );
        return { elbo: reconstruction - inputs.beta * kl, reconstruction, kl };
      });
      return {
        elbo: parts.map((part) => part.elbo),
        reconstruction: parts.map((part) => part.reconstruction),
        kl: parts.map((part) => part.kl),
      };
    },
    gradients: ["meanWeight", "logVarWeight", "decoderWeight"],
  }),
  mistakes: [
    {
      says: "The KL term is added. It is what the code costs, so it is subtracted.",
      fn: (model, x, noise, { beta = 1 } = {}) => {
        const { reconstruction, kl } = elbo(model, x, noise);
        return { elbo: reconstruction.add(kl.mul(beta)), reconstruction, kl };
      },
    },
    {
      says: "The decoder gets the mean of q, not a sample: the expectation over q is lost.",
      fn: (model, x, noise, options) => elbo(model, x, noise.mul(0), options),
    },
    {
      says: "This is the loss −ELBO. The ELBO is the number that is maximised.",
      fn: (model, x, noise, options) => {
        const parts = elbo(model, x, noise, options);
        return { ...parts, elbo: parts.elbo.neg() };
      },
    },
    {
      says: "β is left out: it multiplies the KL term.",
      fn: (model, x, noise) => elbo(model, x, noise),
    },
    {
      says: "β multiplies the reconstruction; it belongs to the KL term.",
      fn: (model, x, noise, { beta = 1 } = {}) => {
        const { reconstruction, kl } = elbo(model, x, noise);
        return { elbo: reconstruction.mul(beta).sub(kl), reconstruction, kl };
      },
    },
  ],
  hints: [
    "Encode, sample, decode, then two numbers per example: what was understood and what it cost.",
    "q = model.encode(x); z = reparametrise(q, noise); likelihood(model.decode(z), x) − β KL(q).",
  ],
});

type Iwae = (model: Autoencoder, x: tf.Tensor, noise: tf.Tensor3D) => tf.Tensor;

/** One bound for each of the K samples: what must not be averaged. */
function singleBounds(model: Autoencoder, x: tf.Tensor, noise: tf.Tensor3D): tf.Tensor {
  return tf.stack(noise.unstack(0).map((one) => iwaeBound(model, x, one.expandDims(0))));
}

defineCheck<Iwae>({
  id: "R.3c",
  solution: iwaeBound,
  probes: valueProbes({
    cases: [
      {
        title: "three samples of each picture",
        inputs: {
          ...PICTURES,
          noise: [NOISE, NOISE.map((row) => row.toReversed()), [[-0.7, 0.4], [1.9, -0.8]]], // prettier-ignore
        },
      },
    ],
    call: (fn: Iwae, { x, noise, ...weights }) => fn(linearModel({ x, ...weights }), x, noise),
    reference: (inputs) =>
      inputs.x.map((row, b) => {
        const weights = inputs.noise.map((sample) => {
          const { mean, logVar, z, reconstruction } = encodeAndDecode(inputs, row, sample[b] ?? []);
          const logRatio = z.map(
            (value, d) =>
              normalLog(value, 0, 0) - normalLog(value, mean[d] ?? NaN, logVar[d] ?? NaN),
          );
          return Math.exp(logRatio.reduce((sum, term) => sum + term, reconstruction));
        });
        return Math.log(weights.reduce((sum, weight) => sum + weight, 0) / weights.length);
      }),
  }),
  mistakes: [
    {
      says: "This is the mean of the logarithms, the plain ELBO; take the logarithm of the mean.",
      fn: (model, x, noise) => singleBounds(model, x, noise).mean(0),
    },
    {
      says: "The weights are summed, not averaged: log K has to be subtracted.",
      fn: (model, x, noise) => iwaeBound(model, x, noise).add(Math.log(noise.shape[0])),
    },
    {
      says: "The best sample's bound is taken, not the logarithm of the mean weight.",
      fn: (model, x, noise) => singleBounds(model, x, noise).max(0),
    },
  ],
  hints: [
    "A weight is p(x|z) p(z) / q(z|x); work with logarithms and tf.logSumExp.",
    "logSumExp over samples of likelihood + log p(z) − log q(z|x), minus log K.",
  ],
});
