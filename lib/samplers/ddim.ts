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
        const [now, next] = [network.alphaBar(t), network.alphaBar(tNext)];
        const sigma = eta === 0 ? 0 : eta * ancestralDeviation(now, next);
        const signalNext = Math.sqrt(next);
        const direction = Math.sqrt(1 - next - sigma ** 2);
        return { t, tNext, numbers: { ...network.numbers(t), signalNext, direction, sigma } };
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

/** Standard deviation of x_s given x_t and x_0, from ᾱ_t and ᾱ_s. @throws ValueError */
function ancestralDeviation(now: number, next: number): number {
  if (now < next) return Math.sqrt(((1 - next) / (1 - now)) * (1 - now / next));
  throw new ValueError("ddim: with eta above 0, times must descend.");
}
