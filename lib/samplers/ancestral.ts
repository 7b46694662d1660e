import { ValueError } from "../core/errors";
import type { Batch, Images, Labels } from "../core/types";
import { type ReverseKernel, sampleStep } from "../diffusion/reverse";
import type { NoiseSchedule } from "../diffusion/schedule";
import { ddpmCoefficients } from "./ddpm";
import { defineSampler, pairs, repeated, type Sampler } from "./sampler";

/**
 * Ancestral sampling of any reverse chain, guided or not: draw from one Gaussian after another, all T
 * of them, and take the mean of the last. The kernel is a step of one timestep, so none can be
 * skipped; `ddpm` can.
 *
 * @eq R.10
 * @eq R.A1 with a `guidedKernel`
 * @param kernel p_θ(x_{t−1} | x_t), on this schedule
 * @throws ValueError for times that skip a timestep
 * @see Ho, Jain & Abbeel 2020, arXiv:2006.11239v2, algorithm 2
 */
export function ancestral<X extends Batch = Images, C = Labels>(
  kernel: ReverseKernel<X, C>,
  schedule: NoiseSchedule,
): Sampler<X, C> {
  const { numTimesteps, alphaBar } = schedule;
  return defineSampler({
    times: (numSteps = numTimesteps) =>
      Array.from({ length: numSteps + 1 }, (_, i) => numTimesteps - i),
    moves: (times) =>
      assertChain(times, numTimesteps).map(([t, tNext]) => {
        const { ofX0, ofX } = ddpmCoefficients(alphaBar[t] as number, alphaBar[tNext] as number);
        return { t, tNext, numbers: { t, ofX0, ofX } };
      }),
    step({ x, condition, rng }, { t, ofX0, ofX }) {
      const timesteps = repeated(t, x).toInt();
      const gaussian = kernel(x, timesteps, condition);
      return {
        x: sampleStep(gaussian, timesteps, rng.normal<X>(x.shape)),
        x0: gaussian.mean.sub<X>(x.mul(ofX)).div(ofX0), // whose posterior mean this is
      };
    },
  });
}

/** Neighbours, from T down to 0. @throws ValueError */
function assertChain(
  times: readonly number[],
  numTimesteps: number,
): (readonly [t: number, tNext: number])[] {
  const [first = NaN] = times;
  const isChain = times.every((t, i) => t === first - i);
  if (isChain && first <= numTimesteps && times.at(-1) === 0 && Number.isInteger(first)) {
    return pairs(times);
  }
  throw new ValueError(
    `ancestral: times must descend one by one to 0, from ${numTimesteps} at most.`,
    "Its kernel goes from t to t − 1; to skip timesteps take ddpm or ddim.",
  );
}
