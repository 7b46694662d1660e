import type { DiagonalGaussian, Images, Latents, Loss } from "../core/types";
import { tf } from "../engine/tf";
import { fadeIn } from "../models/progan/growth";
import { augmentCondition, type SampledCondition } from "../objectives/conditioning";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Fade = (before: Images, now: Images, alpha: tf.Scalar) => Images;

const BEFORE = [[[[0.5, -1], [2, 0.25]]]]; // prettier-ignore
const NOW = [[[[1.5, 0.75], [-1, 3]]]]; // prettier-ignore

defineCheck<Fade>({
  id: "R.5d",
  solution: fadeIn,
  probes: valueProbes({
    cases: [
      { title: "three tenths of the way", inputs: { before: BEFORE, now: NOW, alpha: 0.3 } },
      { title: "not begun", inputs: { before: BEFORE, now: NOW, alpha: 0 } },
    ],
    call: (fn: Fade, { before, now, alpha }) => fn(before, now, alpha),
    reference: ({ before, now, alpha }) =>
      before.map((image, b) =>
        image.map((row, y) =>
          row.map((pixel, x) =>
            pixel.map((value, c) => (1 - alpha) * value + alpha * (now[b]?.[y]?.[x]?.[c] ?? NaN)),
          ),
        ),
      ),
    gradients: ["before", "now"],
  }),
  mistakes: [
    {
      says: "The roles are swapped: α = 0 must be the smaller network, unchanged.",
      fn: (before, now, alpha) => fadeIn(now, before, alpha),
    },
    {
      says: "The old path keeps its full weight: it should fade out.",
      fn: (before, now, alpha) => before.add(now.mul(alpha)),
    },
  ],
  hints: ["A straight line between two pictures.", "before · (1 − α) + now · α."],
});

type Augment = (q: DiagonalGaussian, noise: Latents) => SampledCondition;

const Q = {
  mean: [
    [0.5, -1, 0.25],
    [1.5, 0.75, -0.5],
  ],
  logVar: [
    [-0.5, 0.3, 1],
    [0.2, -1, 0.6],
  ],
  noise: [
    [1.2, -0.3, 0.7],
    [-0.9, 0.4, 1.1],
  ],
};

defineCheck<Augment>({
  id: "STACKGAN.2",
  solution: augmentCondition,
  probes: valueProbes({
    cases: [{ title: "two texts, three features", inputs: Q }],
    call: (fn: Augment, { mean, logVar, noise }) => fn({ mean, logVar }, noise),
    reference: ({ mean, logVar, noise }) => {
      const condition = mean.map((row, b) =>
        row.map((m, d) => m + Math.exp((logVar[b]?.[d] ?? NaN) / 2) * (noise[b]?.[d] ?? NaN)),
      );
      const costs = mean.map((row, b) =>
        row.reduce((sum, m, d) => {
          const l = logVar[b]?.[d] ?? NaN;
          return sum + (m * m + Math.exp(l) - 1 - l) / 2;
        }, 0),
      );
      return { condition, kl: costs.reduce((sum, cost) => sum + cost, 0) / costs.length };
    },
    gradients: ["mean", "logVar"],
  }),
  mistakes: [
    {
      says: "logVar is log σ², but it is used as log σ.",
      fn: ({ mean, logVar }, noise) => ({
        ...augmentCondition({ mean, logVar }, noise),
        condition: mean.add(logVar.exp().mul(noise)),
      }),
    },
    {
      says: "The KL is averaged over the features; nats of independent features add up.",
      fn: (q, noise) => {
        const { condition, kl } = augmentCondition(q, noise);
        return { condition, kl: kl.div<Loss>(q.mean.shape[1]) };
      },
    },
    {
      says: "The KL is summed over the batch; a loss takes the mean over examples.",
      fn: (q, noise) => {
        const { condition, kl } = augmentCondition(q, noise);
        return { condition, kl: kl.mul<Loss>(q.mean.shape[0]) };
      },
    },
    {
      says: "The condition has no noise: few texts then are few points.",
      fn: (q, noise) => ({ ...augmentCondition(q, noise), condition: q.mean.clone() }),
    },
  ],
  hints: [
    "The trick of the VAE's encoder: reparametrise, and klToStandardNormal.",
    "condition = mean + exp(logVar/2) · noise; kl = mean over the batch of the sum over features.",
  ],
});
