import type { Images, Loss } from "../core/types";
import { latentScale } from "../data/latents";
import { tf } from "../engine/tf";
import {
  type FirstStage,
  firstStageLoss,
  type FirstStageLoss,
  type FirstStageOptions,
} from "../objectives/first-stage";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type StageLoss = (
  model: FirstStage,
  x: Images,
  noise: Images,
  options: FirstStageOptions,
) => FirstStageLoss;

/** A first stage by hand: mean 0.5 x, log variance 0.3 x − 1, decoded as 1.5 z + 0.1. */
const STAGE: FirstStage = {
  encode: (x) => ({ mean: x.mul(0.5), logVar: x.mul(0.3).sub(1) }),
  decode: (z) => z.mul<Images>(1.5).add(0.1),
};
const KL_WEIGHT = 0.2;

/** Two pictures of 1×2 pixels with one channel. */
const PICTURES = [[[[0.7], [-1.2]]], [[[0.4], [0.9]]]];
const NOISE = [[[[-0.6], [1.3]]], [[[0.2], [-0.8]]]];

function stageReference(distance: (difference: number) => number) {
  return ({ x, noise }: Readonly<Record<"x" | "noise", number[][][][]>>) => {
    const draws = noise.flat(3);
    let [reconstruction, kl] = [0, 0];
    const decoded = x.flat(3).map((pixel, i) => {
      const [mean, logVar] = [0.5 * pixel, 0.3 * pixel - 1];
      const back = 1.5 * (mean + Math.exp(logVar / 2) * (draws[i] ?? NaN)) + 0.1;
      reconstruction += distance(back - pixel) / 2; // two pictures
      kl += (mean ** 2 + Math.exp(logVar) - 1 - logVar) / 4;
      return back;
    });
    const loss = reconstruction + KL_WEIGHT * kl;
    const reconstructed = [decoded.slice(0, 2), decoded.slice(2)].map((row) => [
      row.map((value) => [value]),
    ]);
    return { loss, reconstruction, kl, perceptual: 0, reconstructed };
  };
}

function stageProbes(error: "l1" | "l2", distance: (difference: number) => number) {
  return valueProbes({
    cases: [{ title: `two pictures, ${error}`, inputs: { x: PICTURES, noise: NOISE } }],
    call: (fn: StageLoss, { x, noise }) => fn(STAGE, x, noise, { klWeight: KL_WEIGHT, error }),
    reference: stageReference(distance),
    gradients: ["x"],
  });
}

/** The right parts with some of them changed. */
function changed(
  change: (parts: FirstStageLoss, x: Images, klWeight: number) => Partial<FirstStageLoss>,
): StageLoss {
  return (model, x, noise, options) =>
    tf.tidy(() => {
      const parts = firstStageLoss(model, x, noise, options);
      return { ...parts, ...change(parts, x, options.klWeight ?? NaN) };
    });
}

defineCheck<StageLoss>({
  id: "R.23",
  solution: firstStageLoss,
  probes: [...stageProbes("l1", Math.abs), ...stageProbes("l2", (d) => d * d)],
  mistakes: [
    {
      says: "The KL term is not weighted: at weight 1 this is a VAE, and its pictures blur.",
      fn: changed(({ reconstruction, kl }) => ({ loss: reconstruction.add<Loss>(kl) })),
    },
    {
      says: "The mean is decoded; z must be drawn, or the decoder never sees a latent off the mean.",
      fn: (model, x, noise, options) =>
        tf.tidy(() => firstStageLoss(model, x, noise.mul<Images>(0), options)),
    },
    {
      says: "The error is the mean over pixels; it is their sum, in the same unit as the KL term.",
      fn: changed(({ reconstruction, kl }, { size, shape: [batch] }, klWeight) => {
        const perPixel = reconstruction.mul<Loss>(batch / size);
        return { loss: perPixel.add<Loss>(kl.mul(klWeight)), reconstruction: perPixel };
      }),
    },
    {
      says: "The KL term is taken off the loss; it is a cost.",
      fn: changed(({ reconstruction, kl }, _x, klWeight) => ({
        loss: reconstruction.sub<Loss>(kl.mul(klWeight)),
      })),
    },
    {
      says: "The noise is scaled by the variance, not by its root.",
      fn: (model, x, noise, options) =>
        tf.tidy(() => {
          const root = model.encode(x).logVar.div(2).exp();
          return firstStageLoss(model, x, noise.mul<Images>(root), options);
        }),
    },
  ],
  hints: [
    "Encode, draw z with the noise, decode; sum the error over the pixels and average over the batch.",
    "loss = reconstruction + klWeight · KL; both parts are means over the batch.",
  ],
});

type Scale = (q: Readonly<Record<"mean" | "std", Float32Array>>) => number;

/** Population variance. */
function varianceOf(numbers: readonly number[]): number {
  const average = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  return numbers.reduce((sum, value) => sum + (value - average) ** 2, 0) / numbers.length;
}

const meanSquare = (numbers: ArrayLike<number>): number =>
  Array.from(numbers, (value) => value ** 2).reduce((sum, value) => sum + value, 0) /
  numbers.length;

defineCheck<Scale>({
  id: "R.23a",
  solution: latentScale,
  probes: valueProbes({
    cases: [
      {
        title: "five latents, far from 0",
        inputs: { mean: [3, 7, 4.5, -1, 6], std: [0.5, 2, 1, 0.25, 1.5] },
      },
    ],
    call: (fn: Scale, { mean, std }) =>
      fn({ mean: mean.dataSync<"float32">(), std: std.dataSync<"float32">() }),
    reference: ({ mean, std }) => 1 / Math.sqrt(varianceOf(mean) + meanSquare(std)),
  }),
  mistakes: [
    {
      says: "The spread of the means alone: samples of q scatter around their means, too.",
      fn: ({ mean }) => 1 / Math.sqrt(varianceOf(Array.from(mean))),
    },
    {
      says: "The mean of all latents is not taken off: this is a root mean square.",
      fn: ({ mean, std }) => 1 / Math.sqrt(meanSquare(mean) + meanSquare(std)),
    },
    {
      says: "This is the deviation; latents are multiplied by its inverse.",
      fn: ({ mean, std }) => Math.sqrt(varianceOf(Array.from(mean)) + meanSquare(std)),
    },
    {
      says: "Deviations are added; it is variances that add up.",
      fn: ({ mean, std }) => {
        const own = std.reduce((sum, value) => sum + value, 0) / std.length;
        return 1 / (Math.sqrt(varianceOf(Array.from(mean))) + own);
      },
    },
  ],
  hints: [
    "The variance of a draw is that of the means plus the mean of the variances.",
    "1 / Math.sqrt(mean of (μ − mean of μ)² + σ²)",
  ],
});
