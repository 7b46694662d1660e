import type { Timesteps } from "../core/types";
import { x0FromNoise } from "../diffusion/prediction";
import { reverseMean } from "../diffusion/reverse";
import type { NoiseSchedule } from "../diffusion/schedule";
import type { tf } from "../engine/tf";
import {
  alphaBarAt,
  betaAt,
  each,
  type Formula,
  OTHERS,
  POINTS,
  SCHEDULE,
  T,
  wrong,
} from "./ddpm-cases";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type FromNoise = (
  schedule: NoiseSchedule,
  t: Timesteps,
  batches: { readonly xt: tf.Tensor; readonly noise: tf.Tensor },
) => tf.Tensor;

function wrongFromNoise(f: Formula): FromNoise {
  return (_, t, { xt, noise }) => wrong(t, [xt, noise], f);
}

const FROM_NOISE = {
  cases: [{ title: "two points at t = 2 and t = 4", inputs: { xt: POINTS, noise: OTHERS, t: T } }],
  dtypes: { t: "int32" },
  call: (fn: FromNoise, { xt, noise, t }: Record<"xt" | "noise", tf.Tensor2D> & { t: Timesteps }) =>
    fn(SCHEDULE, t, { xt, noise }),
} as const;

defineCheck<FromNoise>({
  id: "DDPM.15",
  solution: x0FromNoise,
  probes: valueProbes({
    ...FROM_NOISE,
    reference: ({ xt, noise, t }) =>
      each(t, [xt, noise], (s, x, e) => {
        const a = alphaBarAt(s);
        return (x - Math.sqrt(1 - a) * e) / Math.sqrt(a);
      }),
  }),
  mistakes: [
    {
      says: "The division by √ᾱ_t is missing: x_0 was shrunk by it on the way.",
      fn: wrongFromNoise((t, x, e) => x - Math.sqrt(1 - alphaBarAt(t)) * e),
    },
    {
      says: "It is divided by ᾱ_t, not by its root.",
      fn: wrongFromNoise((t, x, e) => (x - Math.sqrt(1 - alphaBarAt(t)) * e) / alphaBarAt(t)),
    },
    {
      says: "The noise is added. It was added on the way; here it is taken away.",
      fn: wrongFromNoise(
        (t, x, e) => (x + Math.sqrt(1 - alphaBarAt(t)) * e) / Math.sqrt(alphaBarAt(t)),
      ),
    },
  ],
  hints: [
    "Solve R.8 for x_0.",
    "(xt − √(1 − ᾱ_t) noise) / √ᾱ_t, each factor gathered by atTimesteps.",
  ],
});

defineCheck<FromNoise>({
  id: "R.9",
  solution: reverseMean,
  probes: valueProbes({
    ...FROM_NOISE,
    reference: ({ xt, noise, t }) =>
      each(
        t,
        [xt, noise],
        (s, x, e) =>
          (x - (betaAt(s) / Math.sqrt(1 - alphaBarAt(s))) * e) / Math.sqrt(1 - betaAt(s)),
      ),
  }),
  mistakes: [
    {
      says: "All the noise is taken away at once: this is the implied x_0, not the mean of a step.",
      fn: x0FromNoise,
    },
    {
      says: "It is divided by √ᾱ_t, the whole way's factor; a step has √α_t.",
      fn: wrongFromNoise(
        (t, x, e) =>
          (x - (betaAt(t) / Math.sqrt(1 - alphaBarAt(t))) * e) / Math.sqrt(alphaBarAt(t)),
      ),
    },
    {
      says: "The root is missing in β_t / √(1 − ᾱ_t).",
      fn: wrongFromNoise(
        (t, x, e) => (x - (betaAt(t) / (1 - alphaBarAt(t))) * e) / Math.sqrt(1 - betaAt(t)),
      ),
    },
  ],
  hints: [
    "Part of the noise is removed, then the step's shrinking is undone.",
    "(xt − β_t / √(1 − ᾱ_t) · noise) / √α_t",
  ],
});
