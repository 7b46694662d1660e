import { assertInteger } from "../../core/guard";
import type { NoiseLevel } from "../../core/types";
import { tf } from "../../engine/tf";
import { linearSchedule, type NoiseSchedule } from "../schedule";
import { assertBetas, type BetaLine, betaLine } from "./beta-line";
import type { Sde } from "./sde";
import { assertTime } from "./time";

/**
 * How much of x_0 is left at time t, and how much noise: scale² + sigma² = 1.
 *
 * @eq SDE.29  scale = exp(−½ B), sigma = √(1 − exp(−B)), B = ∫_0^t β(s) ds
 * @param t in [0, 1]
 * @param line β(t) = betaMin + t (betaMax − betaMin)
 */
export function vpMarginal(
  t: number,
  { betaMin = 0.1, betaMax = 20 }: BetaLine = {},
): NoiseLevel<number> {
  assertTime("vpMarginal", t);
  assertBetas("vpMarginal", { betaMin, betaMax });
  const integral = betaMin * t + ((betaMax - betaMin) * t * t) / 2;
  return { scale: Math.exp(-integral / 2), sigma: Math.sqrt(-Math.expm1(-integral)) };
}

/**
 * The variance-preserving SDE, of which DDPM is the discrete form.
 *
 * @eq R.21  dx = −½ β(t) x dt + √β(t) dw
 * @see Song et al. 2021, arXiv:2011.13456v2, eq. 11
 */
export function vpSde(options: BetaLine = {}): Sde {
  const line = betaLine("vpSde", options);
  return {
    priorStd: 1,
    coefficients: (t) => ({
      driftRate: -line.beta(t) / 2,
      diffusion: Math.sqrt(line.beta(t)),
    }),
    marginal: (t) => vpMarginal(t, line),
    marginalAt: (t) =>
      tf.tidy(() => {
        const integral = line.integralsAt(t);
        const scale = integral.div<tf.Tensor1D>(-2).exp();
        return { scale, sigma: tf.expm1(integral.neg()).neg().sqrt() };
      }),
    diffusionAt: (t) => tf.tidy(() => line.betasAt(t).sqrt()),
  };
}

/**
 * The chain of `numTimesteps` steps that the VP SDE becomes: DDPM's linear schedule. Its ᾱ_t is
 * scale² at time t / T, but for terms of the order of 1 / T.
 *
 * @eq R.21  β_t = β(t / T) / T, its ends those of the line
 * @see Song et al. 2021, arXiv:2011.13456v2, eq. 10 and appendix C
 */
export function discretiseVp(numTimesteps: number, options: BetaLine = {}): NoiseSchedule {
  assertInteger("discretiseVp", "numTimesteps", numTimesteps);
  const { betaMin, betaMax } = betaLine("discretiseVp", options);
  const [betaStart, betaEnd] = [betaMin / numTimesteps, betaMax / numTimesteps];
  return linearSchedule(numTimesteps, { betaStart, betaEnd });
}
