import { assertFloats, assertInRange, assertOneOf } from "../core/guard";
import type { Batch, Loss, ScoreFunction } from "../core/types";
import { exactDivergence, hutchinsonDivergence, type VectorField } from "../diffusion/divergence";
import { assertAlike, assertBatch } from "../diffusion/at-timesteps";
import { addNoise, perExample } from "../diffusion/sde/noise";
import type { Sde } from "../diffusion/sde/sde";
import { tf } from "../engine/tf";

/**
 * How far a score is from the true one: the Fisher divergence, which needs the answer.
 *
 * @eq R.18  E ‖s_θ(x) − ∇ log p(x)‖²
 * @param score s_θ at the batch, `[B, ...]`
 * @param target ∇ log p at the batch, same shape
 * @returns mean over the batch of the squared length; the caller owns it
 * @throws ShapeError if the shapes differ
 */
export function explicitScoreMatching(score: Batch, target: Batch): Loss {
  assertAlike("explicitScoreMatching", { score, target });
  return tf.tidy(() => squaredLength(score.sub(target)).mean<Loss>());
}

/**
 * Score matching without the true score: half the Fisher divergence but for a constant of the data.
 *
 * E [½ ‖s_θ(x)‖² + tr ∂s_θ/∂x]
 * @param score s_θ, of a batch
 * @param x data, `[B, ...]`; as many backward passes as an example has numbers
 * @returns mean over the batch; the caller owns it
 * @see Hyvärinen 2005, JMLR 6, theorem 1
 */
export function implicitScoreMatching<X extends Batch>(score: VectorField<X>, x: X): Loss {
  assertBatch("implicitScoreMatching", "x", x);
  return tf.tidy(() => {
    const half = squaredLength(score(x)).mul(0.5);
    return half.add(exactDivergence(score, x)).mean<Loss>();
  });
}

export type SlicedOptions = {
  /** Put ½ ‖s‖² for ½ (vᵀs)², its mean over v ~ N(0, I): less variance. Default true. */
  readonly isVarianceReduced?: boolean;
};

/**
 * Implicit score matching along random directions: one backward pass whatever the dimension.
 *
 * E [vᵀ (∂s_θ/∂x) v + ½ (vᵀ s_θ(x))²]
 * @param x data, `[B, ...]`
 * @param directions v, shaped like x, normal
 * @returns mean over the batch; the caller owns it
 * @see Song et al. 2019, arXiv:1905.07088v2, eqs 7 and 8
 */
export function slicedScoreMatching<X extends Batch>(
  score: VectorField<X>,
  x: X,
  directions: X,
  { isVarianceReduced = true }: SlicedOptions = {},
): Loss {
  assertAlike("slicedScoreMatching", { x, directions });
  return tf.tidy(() => {
    const s = score(x);
    const square = isVarianceReduced ? squaredLength(s) : sumOfExample(s.mul(directions)).square();
    return hutchinsonDivergence(score, x, directions).add(square.mul(0.5)).mean<Loss>();
  });
}

/**
 * Score matching of noisy data: their score given the clean data is known, and the mean of it is the
 * score of the noisy data. What is learnt is ∇ log p_σ, not ∇ log p.
 *
 * @eq R.19  E ‖s_θ(x̃) + (x̃ − x)/σ²‖², x̃ = x + σ ε
 * @param score s_θ, of a batch
 * @param x data, `[B, ...]`
 * @param options `sigma` above 0, `noise` ε shaped like x
 * @returns mean over the batch; the caller owns it
 * @see Vincent 2011, Neural Computation 23(7), eq. 11
 */
export function denoisingScoreMatching<X extends Batch>(
  score: VectorField<X>,
  x: X,
  { sigma, noise }: { readonly sigma: number; readonly noise: X },
): Loss {
  assertAlike("denoisingScoreMatching", { x, noise });
  assertInRange("denoisingScoreMatching", "sigma", sigma, [Number.MIN_VALUE, Number.MAX_VALUE]);
  return tf.tidy(() => {
    const noisy = x.add(noise.mul(sigma)) as X;
    return squaredLength(score(noisy).add(noise.div(sigma))).mean<Loss>();
  });
}

/**
 * Denoising score matching at many noise scales by one network, weighted so that each counts alike.
 *
 * @eq R.20  ½ Σ λ(σ) E ‖s_θ(x̃, σ) + (x̃ − x)/σ²‖², λ(σ) = σ²
 * @param score s_θ(x, σ)
 * @param x data, `[B, ...]`
 * @param options `sigma` `[B]`, a scale for each example; `noise` ε shaped like x
 * @returns mean over the batch; the caller owns it
 * @see Song & Ermon 2019, arXiv:1907.05600v3, eqs 5 and 6
 */
export function ncsnLoss<X extends Batch>(
  score: ScoreFunction<X>,
  x: X,
  { sigma, noise }: { readonly sigma: tf.Tensor1D; readonly noise: X },
): Loss {
  assertAlike("ncsnLoss", { x, noise });
  assertFloats("ncsnLoss", "sigma", sigma, [x.shape[0] as number]);
  return tf.tidy(() => {
    const noisy = addNoise({ scale: 1, sigma }, { x0: x, noise });
    const scaled = score(noisy, sigma).mul(perExample(sigma, x)); // σ s_θ
    return squaredLength(scaled.add(noise)).mean<Loss>().mul(0.5);
  });
}

/** "variance" is λ = sigma(t)²; "likelihood" is λ = g(t)², a bound on −log p (Song et al. 2021b). */
export type ScoreWeighting = "variance" | "likelihood";

/**
 * Denoising score matching in continuous time.
 *
 * @eq SDE.7  E λ(t) ‖s_θ(x_t, t) − ∇ log p(x_t | x_0)‖², the latter −ε / sigma(t)
 * @param x0 data, `[B, ...]`
 * @param options `t` `[B]` in (0, 1]; `noise` ε shaped like x0; `weighting`, "variance" unless told
 * @returns mean over the batch; the caller owns it
 * @see Song et al. 2021, arXiv:2011.13456v2; weighting: Song et al. 2021b, arXiv:2101.09258v4
 */
export function scoreSdeLoss<X extends Batch>(
  score: ScoreFunction<X>,
  sde: Pick<Sde, "marginalAt" | "diffusionAt">,
  x0: X,
  options: { readonly t: tf.Tensor1D; readonly noise: X; readonly weighting?: ScoreWeighting },
): Loss {
  const { t, noise, weighting = "variance" } = options;
  assertAlike("scoreSdeLoss", { x0, noise });
  assertFloats("scoreSdeLoss", "t", t, [x0.shape[0] as number]);
  assertOneOf("scoreSdeLoss", "weighting", weighting, ["variance", "likelihood"]);
  return tf.tidy(() => {
    const level = sde.marginalAt(t);
    const predicted = score(addNoise(level, { x0, noise }), t).mul(perExample(level.sigma, x0));
    const error = squaredLength(predicted.add(noise)); // sigma² ‖s − ∇ log p(x_t | x_0)‖²
    if (weighting === "variance") return error.mean<Loss>();
    const weight = sde.diffusionAt(t).div(level.sigma).square();
    return error.mul(weight).mean<Loss>();
  });
}

/**
 * ‖v‖² of each example.
 *
 * @param v `[B, ...]`
 * @returns `[B]`; the caller owns it
 */
export function squaredLength(v: Batch): tf.Tensor1D {
  assertBatch("squaredLength", "v", v);
  return tf.tidy(() => sumOfExample(v.square()));
}

/** `[B, ...]` → `[B]` */
function sumOfExample(v: Batch): tf.Tensor1D {
  return v.reshape([v.shape[0] as number, -1]).sum(1);
}
