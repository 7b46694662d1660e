import { assertFinite, assertInRange, assertOneOf } from "../core/guard";
import type { Rng } from "../core/random";
import type { Batch, Denoiser, Labels, Loss, Timesteps } from "../core/types";
import { assertBatch, assertNoisy, atTimesteps } from "../diffusion/at-timesteps";
import { qSample } from "../diffusion/forward";
import { clippedPosteriorVariance } from "../diffusion/posterior";
import { velocity } from "../diffusion/prediction";
import type { NoiseSchedule } from "../diffusion/schedule";
import { tf } from "../engine/tf";

/** What the network is trained to put out. */
export type Target = "noise" | "x0" | "v";

/**
 * How much timestep t counts:
 * - "simple": as much as any other, in units of the target;
 * - "snr": its error in ε, whatever the target is;
 * - "min-snr": the same, but no more than γ in units of x_0;
 * - "vlb": as in the variational bound, which with fixed variances is such a sum.
 */
export type Weighting = "simple" | "snr" | "min-snr" | "vlb";

/**
 * The loss of DDPM: noise a batch, and see how well the network finds the noise.
 *
 * @eq R.13  E‖ε − ε_θ(√ᾱ_t x_0 + √(1 − ᾱ_t) ε, t)‖²
 * @param denoise the network
 * @param t timesteps `[B]`, int32, 1…T
 * @param batches `x0` clean, `noise` ε ~ N(0, I), `[B, ...]` both
 * @returns the mean square over all numbers of the batch; the paper writes the sum over pixels.
 *   The caller owns it
 * @throws ShapeError if the shapes differ
 * @see Ho, Jain & Abbeel 2020, arXiv:2006.11239v2, eq. 14
 */
export function simpleLoss<X extends Batch>(
  denoise: (xt: X, t: Timesteps) => X,
  schedule: NoiseSchedule,
  t: Timesteps,
  { x0, noise }: { readonly x0: X; readonly noise: X },
): Loss {
  assertNoisy("simpleLoss", t, { x0, noise });
  return tf.tidy(() => {
    const xt = qSample(schedule, t, { x0, noise });
    return noise.sub(denoise(xt, t)).square().mean<Loss>();
  });
}

export type DenoisingErrorOptions<X extends Batch, C> = {
  readonly schedule: NoiseSchedule;
  /** ε ~ N(0, I), shaped like x0. */
  readonly noise: X;
  readonly condition?: C | undefined;
  /** Default "noise". */
  readonly target?: Target;
};

/**
 * Mean squared error of each example, unweighted: what to plot over t.
 *
 * @param network called like a denoiser; its output is what `target` says
 * @param x0 clean, `[B, ...]`
 * @param t timesteps `[B]`, int32, 1…T
 * @returns `[B]`; the caller owns it
 * @throws ShapeError if the shapes differ
 */
export function denoisingErrors<X extends Batch, C = Labels>(
  network: Denoiser<X, C>,
  x0: X,
  t: Timesteps,
  { schedule, noise, condition, target = "noise" }: DenoisingErrorOptions<X, C>,
): tf.Tensor1D {
  assertNoisy("denoisingErrors", t, { x0, noise });
  assertOneOf("denoisingErrors", "target", target, ["noise", "x0", "v"]);
  return tf.tidy(() => {
    const output = network(qSample(schedule, t, { x0, noise }), t, condition);
    const error = targetOf(schedule, t, { x0, noise }, target).sub(output);
    return error.square().reshape<tf.Tensor2D>([t.shape[0], -1]).mean<tf.Tensor1D>(1);
  });
}

function targetOf<X extends Batch>(
  schedule: NoiseSchedule,
  t: Timesteps,
  { x0, noise }: { readonly x0: X; readonly noise: X },
  target: Target,
): X {
  switch (target) {
    case "noise":
      return noise;
    case "x0":
      return x0;
    case "v":
      return velocity(schedule, t, { x0, noise });
  }
}

export type LossWeightOptions = {
  /** Default "noise". */
  readonly target?: Target;
  /** γ of "min-snr"; 5 unless told. */
  readonly gamma?: number;
};

/**
 * The weight of each timestep's squared error, in float64: T + 1 numbers, the first of them 0.
 * One and the same error counts alike whichever target it is measured in, but for "simple".
 *
 * @eq DDPM.12  "vlb": β² / (2 σ² α (1 − ᾱ)) on ε, nats per number and timestep, σ² = β̃_t
 * @throws NonFiniteError for a weight that is infinite, as where ᾱ_T is 0
 * @see Hang et al. 2023, arXiv:2303.09556v3, §3.4, for "min-snr"
 */
export function lossWeights(
  schedule: NoiseSchedule,
  weighting: Weighting,
  { target = "noise", gamma = 5 }: LossWeightOptions = {},
): Float64Array {
  assertOneOf("lossWeights", "weighting", weighting, ["simple", "snr", "min-snr", "vlb"]);
  assertOneOf("lossWeights", "target", target, ["noise", "x0", "v"]);
  assertInRange("lossWeights", "gamma", gamma, [Number.MIN_VALUE, Number.MAX_VALUE]);
  const weights = schedule.alphaBar.map((alphaBar, t) => {
    if (t === 0) return 0;
    if (weighting === "simple") return 1;
    const snr = schedule.snr(t);
    const onNoise = { snr: 1, "min-snr": Math.min(1, gamma / snr), vlb: vlbWeight(schedule, t) };
    // An error e of x0 is one of √SNR e in ε and of √(1 + SNR) e in v.
    return onNoise[weighting] * { noise: 1, x0: snr, v: alphaBar }[target];
  });
  assertFinite("lossWeights", "weights", weights);
  return weights;
}

function vlbWeight(schedule: NoiseSchedule, t: number): number {
  const [beta, alpha, alphaBar] = [schedule.beta, schedule.alpha, schedule.alphaBar].map(
    (table) => table[t] as number,
  ) as [number, number, number];
  return beta ** 2 / (2 * clippedPosteriorVariance(schedule, t) * alpha * (1 - alphaBar));
}

export type DenoisingLossOptions<C> = LossWeightOptions & {
  readonly schedule: NoiseSchedule;
  /** Draws the timesteps and the noise. */
  readonly rng: Rng;
  /** Passed to the network: labels, or the encoded text; see `dropLabels`. */
  readonly condition?: C | undefined;
  /** Default "simple". */
  readonly weighting?: Weighting;
};

/**
 * The training loss of a diffusion model: timesteps and noise are drawn afresh for each example.
 *
 * @eq R.13
 * @param network called like a denoiser; its output is what `target` says
 * @param x0 clean, `[B, ...]`
 * @returns the weighted mean square; the caller owns it
 * @example const loss = ({ x, labels }, rng) => denoisingLoss(denoise, x, { schedule, rng, condition: labels });
 */
export function denoisingLoss<X extends Batch, C = Labels>(
  network: Denoiser<X, C>,
  x0: X,
  options: DenoisingLossOptions<C>,
): Loss {
  assertBatch("denoisingLoss", "x0", x0);
  const { schedule, rng, condition, weighting = "simple", target = "noise" } = options;
  const weights = lossWeights(schedule, weighting, options);
  return tf.tidy(() => {
    const t = randomTimesteps(schedule, x0.shape[0] as number, rng);
    const noise = rng.normal<X>(x0.shape);
    const errors = denoisingErrors(network, x0, t, { schedule, noise, condition, target });
    return errors.mul(atTimesteps(weights, t, errors)).mean<Loss>();
  });
}

/** Timesteps 1…T, each as likely: `[count]`, int32; the caller owns them. */
export function randomTimesteps(schedule: NoiseSchedule, count: number, rng: Rng): Timesteps {
  return rng.integers([count], 1, schedule.numTimesteps + 1);
}
