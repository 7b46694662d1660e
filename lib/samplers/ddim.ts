import { ValueError } from "../core/errors";
import { assertInRange } from "../core/guard";
import type { Batch, Denoiser, Images, Labels } from "../core/types";
import type { NoiseSchedule } from "../diffusion/schedule";
import { ScheduledNetwork, type ScheduleOptions } from "./read-network";
import { defineSampler, pairs, type Sampler } from "./sampler";

export type DdimOptions<X extends Batch> = ScheduleOptions<X> & {
  /** η: how much of DDPM's fresh noise; 0 is none, so that x_T settles everything. Default 0. */
  readonly eta?: number;
};

/**
 * Denoising diffusion implicit models: predict x_0, then go straight to the noise level of tNext.
 *
 * @eq DDIM.12 x_s = √ᾱ_s x̂_0 + √(1 − ᾱ_s − σ²) ε̂ + σ z
 * @eq DDIM.16 σ² = η² (1 − ᾱ_s)/(1 − ᾱ_t) · (1 − ᾱ_t/ᾱ_s)
 * @throws ValueError if η is not in [0, 1]
 * @see Song, Meng & Ermon 2021, arXiv:2010.02502v4
 */
export function ddim<X extends Batch = Images, C = Labels>(
  denoise: Denoiser<X, C>,
  schedule: NoiseSchedule,
  { eta = 0, ...options }: DdimOptions<X> = {},
): Sampler<X, C> {
  assertInRange("ddim", "eta", eta, [0, 1]);
  const network = new ScheduledNetwork("ddim", denoise, schedule, options);
  return defineSampler({
    times: (numSteps) => network.times(numSteps),
    moves: (times) =>
      pairs(times).map(([t, tNext]) => {
        const ends = [network.alphaBar(t), network.alphaBar(tNext)] as const;
        const { signal: signalNext, ...noise } = ddimCoefficients(...ends, eta);
        return { t, tNext, numbers: { ...network.numbers(t), signalNext, ...noise } };
      }),
    step(input, numbers) {
      const { x0, predictedNoise } = network.read(input.x, network.ask(input, numbers), numbers);
      const mean = x0.mul(numbers.signalNext).add<X>(predictedNoise.mul(numbers.direction));
      if (eta === 0) return { x: mean, x0 };
      return { x: mean.add(input.rng.normal(mean.shape).mul(numbers.sigma)), x0 };
    },
  });
}

/**
 * DDIM backwards: from data to the noise that `ddim` would turn into it. Start it from data, which
 * it takes for x_1, and sample from what it gives.
 *
 * @see Song, Meng & Ermon 2021, arXiv:2010.02502v4, §4.3
 */
export function ddimInversion<X extends Batch = Images, C = Labels>(
  denoise: Denoiser<X, C>,
  schedule: NoiseSchedule,
  options: ScheduleOptions<X> = {},
): Sampler<X, C> {
  const sampler = ddim(denoise, schedule, options);
  return {
    ...sampler,
    times: (numSteps) => [1, ...sampler.times(numSteps).slice(0, -1).reverse()],
  };
}

/** What x_s is made of: `signal`·x̂_0 + `direction`·ε̂ + `sigma`·z. */
export type DdimCoefficients = Readonly<Record<"signal" | "direction" | "sigma", number>>;

/**
 * How DDIM makes x_s of what the network predicts at x_t.
 *
 * @eq DDIM.12 √ᾱ_s, √(1 − ᾱ_s − σ²)
 * @eq DDIM.16 σ = η √((1 − ᾱ_s)/(1 − ᾱ_t)) √(1 − ᾱ_t/ᾱ_s)
 * @param alphaBar ᾱ_t, where x is
 * @param alphaBarNext ᾱ_s, where it goes: above ᾱ_t, unless η is 0
 * @param eta η in [0, 1]
 * @throws ValueError
 */
export function ddimCoefficients(
  alphaBar: number,
  alphaBarNext: number,
  eta: number,
): DdimCoefficients {
  assertInRange("ddimCoefficients", "alphaBar", alphaBar, [0, 1]);
  assertInRange("ddimCoefficients", "alphaBarNext", alphaBarNext, [0, 1]);
  assertInRange("ddimCoefficients", "eta", eta, [0, 1]);
  if (eta > 0 && !(alphaBar < alphaBarNext)) {
    throw new ValueError("ddimCoefficients: with eta above 0, times must descend.");
  }
  const share = (1 - alphaBarNext) / (1 - alphaBar);
  const sigma = eta === 0 ? 0 : eta * Math.sqrt(share * (1 - alphaBar / alphaBarNext));
  const direction = Math.sqrt(1 - alphaBarNext - sigma ** 2);
  return { signal: Math.sqrt(alphaBarNext), direction, sigma };
}
