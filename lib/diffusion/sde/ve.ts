import { assertInRange, assertInteger } from "../../core/guard";
import { linspace } from "../../core/math";
import type { NoiseLevel } from "../../core/types";
import { tf } from "../../engine/tf";
import type { SigmaRange } from "../sigmas";
import type { Sde } from "./sde";
import { assertTime } from "./time";

/**
 * The noise scales of an NCSN: a geometric ladder from `sigmaMax` down to `sigmaMin`, both included.
 *
 * @eq R.19  σ_1 / σ_2 = … = σ_{L−1} / σ_L > 1
 * @param n L
 * @see Song & Ermon 2019, arXiv:1907.05600v3, §4.1
 */
export function geometricSigmas(
  n: number,
  { sigmaMin = 0.01, sigmaMax = 1 }: SigmaRange = {},
): Float64Array {
  assertInteger("geometricSigmas", "n", n, 2);
  assertSigmas("geometricSigmas", { sigmaMin, sigmaMax });
  const sigmas = linspace(Math.log(sigmaMax), Math.log(sigmaMin), n).map(Math.exp);
  sigmas[0] = sigmaMax;
  sigmas[n - 1] = sigmaMin;
  return sigmas;
}

/** σ(t) = σ_min (σ_max / σ_min)^t. @param t in [0, 1] */
export function veSigma(t: number, { sigmaMin = 0.01, sigmaMax = 50 }: SigmaRange = {}): number {
  assertTime("veSigma", t);
  assertSigmas("veSigma", { sigmaMin, sigmaMax });
  return sigmaMin * (sigmaMax / sigmaMin) ** t;
}

/**
 * The noise that has been added to x_0 by time t: none at t = 0. Code often has σ(t) alone, which
 * takes the data for smoothed by σ_min already (eq. 31 of the paper).
 *
 * @eq SDE.29  scale = 1, sigma = √(σ(t)² − σ(0)²), σ(t) = σ_min (σ_max / σ_min)^t
 * @param t in [0, 1]
 */
export function veMarginal(t: number, range: SigmaRange = {}): NoiseLevel<number> {
  return { scale: 1, sigma: Math.sqrt(veSigma(t, range) ** 2 - veSigma(0, range) ** 2) };
}

/**
 * The variance-exploding SDE, of which NCSN's ladder of noise scales is the discrete form.
 *
 * @eq R.21  dx = √(dσ²(t)/dt) dw, σ(t) = σ_min (σ_max / σ_min)^t
 * @see Song et al. 2021, arXiv:2011.13456v2, eqs 9 and 30
 */
export function veSde({ sigmaMin = 0.01, sigmaMax = 50 }: SigmaRange = {}): Sde {
  assertSigmas("veSde", { sigmaMin, sigmaMax });
  const logRatio = Math.log(sigmaMax / sigmaMin);
  return {
    priorStd: sigmaMax,
    coefficients: (t) => ({
      driftRate: 0,
      diffusion: sigmaMin * Math.exp(logRatio * t) * Math.sqrt(2 * logRatio),
    }),
    marginal: (t) => veMarginal(t, { sigmaMin, sigmaMax }),
    marginalAt: (t) =>
      tf.tidy(() => {
        const growth = tf.expm1(t.mul<tf.Tensor1D>(2 * logRatio)); // σ(t)²/σ_min² − 1
        return { scale: tf.onesLike(t), sigma: growth.sqrt().mul<tf.Tensor1D>(sigmaMin) };
      }),
    diffusionAt: (t) =>
      tf.tidy(() =>
        t
          .mul<tf.Tensor1D>(logRatio)
          .exp()
          .mul(sigmaMin * Math.sqrt(2 * logRatio)),
      ),
  };
}

function assertSigmas(where: string, { sigmaMin, sigmaMax }: Required<SigmaRange>): void {
  assertInRange(where, "sigmaMin", sigmaMin, [Number.MIN_VALUE, Number.MAX_VALUE]);
  assertInRange(where, "sigmaMax", sigmaMax, [sigmaMin, Number.MAX_VALUE]);
}
