import type { NoiseLevel } from "../../core/types";
import { tf } from "../../engine/tf";
import { assertBetas, type BetaLine, betaLine } from "./beta-line";
import type { Sde } from "./sde";
import { assertTime } from "./time";

/**
 * How much of x_0 is left at time t, and how much noise: always less than under `vpSde`.
 *
 * @eq SDE.29  scale = exp(−½ B), sigma = 1 − exp(−B), B = ∫_0^t β(s) ds
 * @param t in [0, 1]
 * @param line β(t) = betaMin + t (betaMax − betaMin)
 */
export function subVpMarginal(
  t: number,
  { betaMin = 0.1, betaMax = 20 }: BetaLine = {},
): NoiseLevel<number> {
  assertTime("subVpMarginal", t);
  assertBetas("subVpMarginal", { betaMin, betaMax });
  const integral = betaMin * t + ((betaMax - betaMin) * t * t) / 2;
  return { scale: Math.exp(-integral / 2), sigma: -Math.expm1(-integral) };
}

/**
 * The SDE whose variance stays below that of `vpSde`, at the same drift.
 *
 * @eq R.21  dx = −½ β(t) x dt + √(β(t) (1 − exp(−2 B))) dw, B = ∫_0^t β(s) ds
 * @see Song et al. 2021, arXiv:2011.13456v2, eq. 12
 */
export function subVpSde(options: BetaLine = {}): Sde {
  const line = betaLine("subVpSde", options);
  return {
    priorStd: 1,
    coefficients: (t) => ({
      driftRate: -line.beta(t) / 2,
      diffusion: Math.sqrt(-line.beta(t) * Math.expm1(-2 * line.integral(t))),
    }),
    marginal: (t) => subVpMarginal(t, line),
    marginalAt: (t) =>
      tf.tidy(() => {
        const integral = line.integralsAt(t);
        const scale = integral.div<tf.Tensor1D>(-2).exp();
        return { scale, sigma: tf.expm1(integral.neg()).neg() };
      }),
    diffusionAt: (t) =>
      tf.tidy(() => {
        const damping = tf.expm1(line.integralsAt(t).mul(-2)).neg(); // 1 − exp(−2 B)
        return line.betasAt(t).mul<tf.Tensor1D>(damping).sqrt();
      }),
  };
}
