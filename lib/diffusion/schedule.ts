import { assertFinite, assertInRange, assertInteger } from "../core/guard";
import { linspace } from "../core/math";
import { ValueError } from "../core/errors";

/**
 * How much noise each of T steps adds, in float64 on the host.
 *
 * The index is the paper's t: arrays have length T + 1, t = 0 is the clean picture
 * (`beta[0] = 0`, `alphaBar[0] = 1`) and t = T is the noisiest. So alphaBar[t−1] needs no special
 * case at t = 1, and the posterior variance of t = 1 is 0 by itself.
 *
 * @eq R.6 q(x_t | x_{t−1}) = N(√(1−β_t) x_{t−1}, β_t I)
 * @eq R.8 ᾱ_t = ∏_{s=1}^t α_s, α_s = 1 − β_s
 * @see Ho, Jain & Abbeel 2020, arXiv:2006.11239v2, §2
 */
export class NoiseSchedule {
  /** T. */
  readonly numTimesteps: number;
  readonly beta: Float64Array;
  readonly alpha: Float64Array;
  readonly alphaBar: Float64Array;

  /**
   * @param betas β_1 … β_T, each in (0, 1]; only the last may be 1 (zero terminal SNR)
   * @throws NonFiniteError, ValueError
   */
  constructor(betas: ArrayLike<number>) {
    assertInteger("NoiseSchedule", "number of betas", betas.length);
    assertFinite("NoiseSchedule", "betas", betas);
    this.numTimesteps = betas.length;
    this.beta = Float64Array.of(0, ...Array.from(betas));
    this.beta.subarray(1).forEach(assertBeta);
    this.alpha = this.beta.map((beta) => 1 - beta);
    let product = 1;
    this.alphaBar = this.alpha.map((alpha) => (product *= alpha));
  }

  /** ᾱ_t / (1 − ᾱ_t); infinite at t = 0. */
  snr(t: number): number {
    this.assertTimestep("snr", t, 0);
    const alphaBar = this.alphaBar[t] as number;
    return alphaBar / (1 - alphaBar);
  }

  /** β̃_t = β_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t), the variance of q(x_{t−1} | x_t, x_0). @eq DDPM.7 */
  posteriorVariance(t: number): number {
    const { beta, alphaBar, alphaBarPrevious } = this.around("posteriorVariance", t);
    return (beta * (1 - alphaBarPrevious)) / (1 - alphaBar);
  }

  /**
   * The mean of q(x_{t−1} | x_t, x_0) is `x0`·x_0 + `xt`·x_t.
   *
   * @eq DDPM.7 μ̃_t = √ᾱ_{t−1} β_t / (1−ᾱ_t) x_0 + √α_t (1−ᾱ_{t−1}) / (1−ᾱ_t) x_t
   */
  posteriorMean(t: number): { readonly x0: number; readonly xt: number } {
    const { beta, alphaBar, alphaBarPrevious } = this.around("posteriorMean", t);
    return {
      x0: (Math.sqrt(alphaBarPrevious) * beta) / (1 - alphaBar),
      xt: (Math.sqrt(1 - beta) * (1 - alphaBarPrevious)) / (1 - alphaBar),
    };
  }

  private around(
    where: string,
    t: number,
  ): { beta: number; alphaBar: number; alphaBarPrevious: number } {
    this.assertTimestep(where, t, 1);
    return {
      beta: this.beta[t] as number,
      alphaBar: this.alphaBar[t] as number,
      alphaBarPrevious: this.alphaBar[t - 1] as number,
    };
  }

  private assertTimestep(where: string, t: number, first: number): void {
    assertInteger(`NoiseSchedule.${where}`, "t", t, first);
    assertInRange(`NoiseSchedule.${where}`, "t", t, [first, this.numTimesteps]);
  }
}

function assertBeta(beta: number, i: number, betas: ArrayLike<number>): void {
  if (beta > 0 && (beta < 1 || (beta === 1 && i === betas.length - 1))) return;
  throw new ValueError(`NoiseSchedule: beta[${i + 1}] must be in (0, 1), got ${beta}.`);
}

/** First and last β. */
export type BetaRange = { readonly betaStart?: number; readonly betaEnd?: number };

/** β linear in t. @see Ho, Jain & Abbeel 2020, arXiv:2006.11239v2, §4 */
export function linearSchedule(
  numTimesteps: number,
  { betaStart = 1e-4, betaEnd = 0.02 }: BetaRange = {},
): NoiseSchedule {
  assertRange("linearSchedule", numTimesteps, [betaStart, betaEnd]);
  return new NoiseSchedule(linspace(betaStart, betaEnd, numTimesteps));
}

/** √β linear in t. @see Rombach et al. 2022, arXiv:2112.10752v2, whose code has these defaults */
export function scaledLinearSchedule(
  numTimesteps: number,
  { betaStart = 0.00085, betaEnd = 0.012 }: BetaRange = {},
): NoiseSchedule {
  assertRange("scaledLinearSchedule", numTimesteps, [betaStart, betaEnd]);
  const roots = linspace(Math.sqrt(betaStart), Math.sqrt(betaEnd), numTimesteps);
  return new NoiseSchedule(roots.map((root) => root * root));
}

/** `scaledLinearSchedule` with DDPM's ends. @see Song, Meng & Ermon 2021, arXiv:2010.02502v4 */
export function quadraticSchedule(
  numTimesteps: number,
  { betaStart = 1e-4, betaEnd = 0.02 }: BetaRange = {},
): NoiseSchedule {
  return scaledLinearSchedule(numTimesteps, { betaStart, betaEnd });
}

/** β an S-curve: a logistic function from −6 to 6. @see Xu et al. 2022 (GeoDiff), arXiv:2203.02923v1 */
export function sigmoidSchedule(
  numTimesteps: number,
  { betaStart = 1e-4, betaEnd = 0.02 }: BetaRange = {},
): NoiseSchedule {
  assertRange("sigmoidSchedule", numTimesteps, [betaStart, betaEnd]);
  const logistic = linspace(-6, 6, numTimesteps).map((x) => 1 / (1 + Math.exp(-x)));
  return new NoiseSchedule(logistic.map((y) => y * (betaEnd - betaStart) + betaStart));
}

export type CosineOptions = {
  /** s: keeps β from vanishing near t = 0. */
  readonly offset?: number;
  /** Where β is cut, since it tends to 1 at t = T. */
  readonly maxBeta?: number;
};

/**
 * ᾱ a squared cosine in t, β cut at `maxBeta`.
 *
 * @eq IDDPM.17 ᾱ_t = f(t)/f(0), f(t) = cos²((t/T + s)/(1 + s) · π/2)
 * @see Nichol & Dhariwal 2021, arXiv:2102.09672v1
 */
export function cosineSchedule(
  numTimesteps: number,
  { offset = 0.008, maxBeta = 0.999 }: CosineOptions = {},
): NoiseSchedule {
  assertInteger("cosineSchedule", "numTimesteps", numTimesteps);
  assertInRange("cosineSchedule", "offset", offset, [0, 1]);
  assertInRange("cosineSchedule", "maxBeta", maxBeta, [Number.MIN_VALUE, 1]);
  const f = (time: number): number =>
    Math.cos((((time + offset) / (1 + offset)) * Math.PI) / 2) ** 2;
  const betas = Float64Array.from({ length: numTimesteps }, (_, i) =>
    Math.min(1 - f((i + 1) / numTimesteps) / f(i / numTimesteps), maxBeta),
  );
  return new NoiseSchedule(betas);
}

/**
 * The same schedule shifted and scaled in √ᾱ so that t = T holds no signal at all, and t = 1 as
 * much as before.
 *
 * @see Lin et al. 2024, arXiv:2305.08891v4, algorithm 1
 */
export function rescaleToZeroTerminalSnr({ alphaBar }: NoiseSchedule): NoiseSchedule {
  const root = alphaBar.slice(1).map(Math.sqrt);
  const [first, last] = [root[0] as number, root[root.length - 1] as number];
  if (root.length === 1) return new NoiseSchedule([1]);
  const rescaled = root.map((value) => (((value - last) * first) / (first - last)) ** 2);
  const previous = [1, ...rescaled];
  return new NoiseSchedule(rescaled.map((value, i) => 1 - value / (previous[i] as number)));
}

function assertRange(
  where: string,
  numTimesteps: number,
  [betaStart, betaEnd]: readonly [number, number],
): void {
  assertInteger(where, "numTimesteps", numTimesteps);
  assertInRange(where, "betaStart", betaStart, [0, 1]);
  assertInRange(where, "betaEnd", betaEnd, [betaStart, 1]);
}
