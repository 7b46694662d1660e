import type { Batch, Denoiser, Images, Labels } from "../core/types";
import type { NoiseSchedule } from "../diffusion/schedule";
import { ScheduledNetwork, type ScheduleOptions } from "./read-network";
import { defineSampler, pairs, type Sampler } from "./sampler";

/**
 * DPM-Solver++(2M): the probability-flow ODE in λ = log(√ᾱ/√(1−ᾱ)), exact but for x̂_0, which is
 * extrapolated along λ from this step and the one before. Of second order for one network call a
 * step; the first step, and the last one if it ends at 0, are of first order.
 *
 * @eq DPMPP.A2 x_s = (σ_s/σ_t) x_t − √ᾱ_s (e^{−h} − 1) D, D = (1 + 1/(2r)) x̂_0 − 1/(2r) x̂_0⁻
 * @throws ValueError
 * @see Lu et al. 2022, arXiv:2211.01095v2, algorithm 2
 */
export function dpmSolver<X extends Batch = Images, C = Labels>(
  denoise: Denoiser<X, C>,
  schedule: NoiseSchedule,
  options: ScheduleOptions<X> = {},
): Sampler<X, C> {
  const network = new ScheduledNetwork("dpmSolver", denoise, schedule, options);
  return defineSampler({
    memorySize: 1,
    times: (numSteps) => network.times(numSteps),
    moves: (times) =>
      pairs(times).map(([t, tNext], i) => {
        const [now, next] = [network.alphaBar(t), network.alphaBar(tNext)];
        const h = lambda(next) - lambda(now);
        const previous = times[i - 1];
        const isFirstOrder = previous === undefined || tNext === 0;
        const hBefore = isFirstOrder ? NaN : lambda(now) - lambda(network.alphaBar(previous));
        const keep = Math.sqrt((1 - next) / (1 - now));
        const gain = -Math.sqrt(next) * Math.expm1(-h);
        const curve = isFirstOrder ? 0 : h / hBefore / 2; // 1/(2r)
        return { t, tNext, numbers: { ...network.numbers(t), keep, gain, curve } };
      }),
    step(input, numbers) {
      const { x0 } = network.read(input.x, network.ask(input, numbers), numbers);
      const [x0Before] = input.memory as [X];
      const extrapolated = x0.add(x0.sub(x0Before).mul(numbers.curve));
      const x = input.x.mul(numbers.keep).add<X>(extrapolated.mul(numbers.gain));
      return { x, x0, memory: [x0] };
    },
  });
}

/** λ: half the logarithm of the signal-to-noise ratio. */
function lambda(alphaBar: number): number {
  return Math.log(alphaBar / (1 - alphaBar)) / 2;
}
