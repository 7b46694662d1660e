import { assertInRange } from "../core/guard";
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
        const previous = times[i - 1];
        const before = previous === undefined ? undefined : network.alphaBar(previous);
        const coefficients = dpmSolverCoefficients(now, next, before);
        return { t, tNext, numbers: { ...network.numbers(t), ...coefficients } };
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

/** x_s = `keep`·x_t + `gain`·(x̂_0 + `curve`·(x̂_0 − x̂_0⁻)), x̂_0⁻ that of the step before. */
export type DpmSolverCoefficients = Readonly<Record<"keep" | "gain" | "curve", number>>;

/**
 * How DPM-Solver++(2M) makes x_s of the last two predictions of x_0.
 *
 * @eq DPMPP.A2 keep = σ_s/σ_t, gain = −√ᾱ_s (e^{−h} − 1), curve = 1/(2r) = h/(2 h⁻)
 * @param alphaBar ᾱ_t, where x is
 * @param alphaBarNext ᾱ_s, where it goes; 1 is a step to clean data, of first order
 * @param alphaBarBefore where the step before began; without it the step is of first order
 * @throws ValueError
 */
export function dpmSolverCoefficients(
  alphaBar: number,
  alphaBarNext: number,
  alphaBarBefore?: number,
): DpmSolverCoefficients {
  const given = { alphaBar, alphaBarNext, ...(alphaBarBefore !== undefined && { alphaBarBefore }) };
  for (const [name, value] of Object.entries(given)) {
    assertInRange("dpmSolverCoefficients", name, value, [0, 1]);
  }
  const lambda = (value: number): number => Math.log(value / (1 - value)) / 2;
  const h = lambda(alphaBarNext) - lambda(alphaBar);
  const isFirstOrder = alphaBarBefore === undefined || alphaBarNext === 1;
  return {
    keep: Math.sqrt((1 - alphaBarNext) / (1 - alphaBar)),
    gain: -Math.sqrt(alphaBarNext) * Math.expm1(-h),
    curve: isFirstOrder ? 0 : h / (lambda(alphaBar) - lambda(alphaBarBefore)) / 2,
  };
}
