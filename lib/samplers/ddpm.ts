import { ValueError } from "../core/errors";
import { assertInRange, assertOneOf } from "../core/guard";
import type { Batch, Denoiser, Images, Labels } from "../core/types";
import { logVarianceBetween, splitLearnedVariance } from "../diffusion/learned-variance";
import type { NoiseSchedule } from "../diffusion/schedule";
import { ScheduledNetwork, type ScheduleOptions } from "./read-network";
import { defineSampler, pairs, type Sampler } from "./sampler";

/**
 * The variance of a step: "fixed-small" is β̃_t, that of q(x_{t−1} | x_t, x_0); "fixed-large" is β_t;
 * "learned-range" lies between them as the network says, in a second half of its channels.
 */
export type DdpmVariance = "fixed-small" | "fixed-large" | "learned-range";

export type DdpmOptions<X extends Batch> = ScheduleOptions<X> & {
  /** Default "fixed-small". */
  readonly variance?: DdpmVariance;
};

/** Stands for β̃ = 0 before its logarithm is taken. */
const TINY = 1e-20;

/**
 * Ancestral sampling: predict x_0, then draw from q(x_{t−1} | x_t, x_0). Shorter samplings skip
 * timesteps, as if the chain had only those that are left. No noise is added on the way to t = 0.
 *
 * @eq R.9 x_{t−1} ~ N(μ_θ(x_t, t), Σ_θ(x_t, t))
 * @eq R.10
 * @eq DDPM.7 μ̃ and β̃, with β_t = 1 − ᾱ_t/ᾱ_s where s is the timestep after t
 * @eq IDDPM.15 log Σ_θ = v log β_t + (1 − v) log β̃_t
 * @throws ValueError
 * @see Ho, Jain & Abbeel 2020, arXiv:2006.11239v2, algorithm 2
 */
export function ddpm<X extends Batch = Images, C = Labels>(
  denoise: Denoiser<X, C>,
  schedule: NoiseSchedule,
  { variance = "fixed-small", ...options }: DdpmOptions<X> = {},
): Sampler<X, C> {
  assertOneOf("ddpm", "variance", variance, ["fixed-small", "fixed-large", "learned-range"]);
  const isLearned = variance === "learned-range";
  const network = new ScheduledNetwork("ddpm", denoise, schedule, options);
  return defineSampler({
    times: (numSteps) => network.times(numSteps),
    moves: (times) =>
      pairs(times).map(([t, tNext]) => {
        const { small, large, ...mean } = ddpmCoefficients(
          network.alphaBar(t),
          network.alphaBar(tNext),
        );
        const fixed = Math.sqrt(variance === "fixed-large" ? large : small);
        const logs = { logSmall: Math.log(Math.max(small, TINY)), logLarge: Math.log(large) };
        const deviation = tNext === 0 ? 0 : isLearned ? 1 : fixed;
        return { t, tNext, numbers: { ...network.numbers(t), ...mean, ...logs, deviation } };
      }),
    step(input, numbers) {
      const output = network.ask(input, numbers);
      const [predicted, range] = isLearned ? splitLearnedVariance("ddpm", output) : [output];
      const { x0 } = network.read(input.x, predicted, numbers);
      const mean = x0.mul(numbers.ofX0).add<X>(input.x.mul(numbers.ofX));
      const { deviation: fixed, logSmall: small, logLarge: large } = numbers;
      const deviation = range
        ? logVarianceBetween(range, { small, large }).div(2).exp().mul(fixed)
        : fixed;
      return { x: mean.add(input.rng.normal(mean.shape).mul(deviation)), x0 };
    },
  });
}

/** Mean `ofX0`·x_0 + `ofX`·x_t of x_s, and its two fixed variances. */
export type DdpmCoefficients = Readonly<Record<"ofX0" | "ofX" | "small" | "large", number>>;

/**
 * q(x_s | x_t, x_0) of any two timesteps s < t: for neighbours the posterior of DDPM.
 *
 * @eq R.10
 * @eq DDPM.7 with β = 1 − ᾱ_t/ᾱ_s
 * @param alphaBar ᾱ_t, where x is
 * @param alphaBarNext ᾱ_s, where it goes, above ᾱ_t
 * @returns `small` is β̃, `large` is β
 * @throws ValueError
 */
export function ddpmCoefficients(alphaBar: number, alphaBarNext: number): DdpmCoefficients {
  assertInRange("ddpmCoefficients", "alphaBar", alphaBar, [0, 1]);
  assertInRange("ddpmCoefficients", "alphaBarNext", alphaBarNext, [0, 1]);
  if (!(alphaBar < alphaBarNext)) {
    throw new ValueError("ddpmCoefficients: times must descend, and alphaBar ascend.");
  }
  const alpha = alphaBar / alphaBarNext;
  const beta = 1 - alpha;
  return {
    ofX0: (Math.sqrt(alphaBarNext) * beta) / (1 - alphaBar),
    ofX: (Math.sqrt(alpha) * (1 - alphaBarNext)) / (1 - alphaBar),
    small: (beta * (1 - alphaBarNext)) / (1 - alphaBar),
    large: beta,
  };
}
