import { assertFloats, assertInRange, assertOneOf } from "../core/guard";
import type { DiagonalGaussian, Images, Loss } from "../core/types";
import { tf } from "../engine/tf";
import { clampLogVar, klToStandardNormal, reparametrise } from "./gaussian";

/** What a first stage must do: pictures to Gaussian maps and back. */
export interface FirstStage {
  encode(x: Images): DiagonalGaussian<Images>;
  decode(z: Images): Images;
}

/** Feature maps of a picture, from fine to coarse, e.g. of a classifier trained before. */
export type FeatureMaps = (images: Images) => readonly tf.Tensor4D[];

export type FirstStageOptions = {
  /** Weight of the KL term, in nats per picture: about 1e-6 per pixel's unit of error. */
  readonly klWeight?: number;
  /** Absolute ("l1") or squared ("l2") error, summed over pixels. */
  readonly error?: "l1" | "l2";
  readonly perceptual?: { readonly features: FeatureMaps; readonly weight: number };
};

/** Means over the batch; `[]` each. */
export type FirstStageLoss = {
  readonly loss: Loss;
  /** Error summed over the pixels of a picture. */
  readonly reconstruction: Loss;
  /** KL(q(z|x) ‖ N(0, I)), nats per picture. */
  readonly kl: Loss;
  /** Distance in features; 0 without them. */
  readonly perceptual: Loss;
  /** The reconstructed pictures, for a discriminator. */
  readonly reconstructed: Images;
};

/**
 * What latent diffusion's first stage is trained by: error + klWeight · KL + perceptual distance.
 *
 * @eq R.23
 * @param x pictures `[B, H, W, C]`
 * @param noise ε ~ N(0, I), shaped like the latents
 * @returns tensors that the caller owns
 * @throws ShapeError, ValueError
 * @see Rombach et al. 2022, arXiv:2112.10752v2, appendix G
 */
export function firstStageLoss(
  model: FirstStage,
  x: Images,
  noise: Images,
  { klWeight = 1e-3, error = "l1", perceptual }: FirstStageOptions = {},
): FirstStageLoss {
  assertFloats("firstStageLoss", "x", x, ["B", "H", "W", "C"]);
  assertInRange("firstStageLoss", "klWeight", klWeight, [0, Number.MAX_VALUE]);
  assertOneOf("firstStageLoss", "error", error, ["l1", "l2"]);
  return tf.tidy(() => {
    const q = model.encode(x);
    assertFloats("firstStageLoss", "noise", noise, q.mean.shape);
    const { mean, logVar } = flat(q);
    const bounded = { mean, logVar: clampLogVar(logVar) };
    const z = reparametrise(bounded, noise.reshape<tf.Tensor2D>(mean.shape)); // (B, h w C)
    const reconstructed = model.decode(z.reshape(q.mean.shape));
    const difference = reconstructed.sub(x);
    const distance = error === "l1" ? difference.abs() : difference.square();
    const reconstruction = distance.sum([1, 2, 3]).mean() as Loss;
    const kl = klToStandardNormal(bounded).mean() as Loss;
    const seen =
      perceptual === undefined
        ? tf.scalar(0)
        : (perceptualDistance(perceptual.features, x, reconstructed).mean() as Loss);
    const total = reconstruction.add(kl.mul(klWeight)).add(seen.mul(perceptual?.weight ?? 0));
    return { loss: total as Loss, reconstruction, kl, perceptual: seen, reconstructed };
  });
}

/**
 * How different two pictures look to a network: at each level of its features, which are normalised
 * over channels, the squared distance, mean over places; summed over levels.
 *
 * @param features of pictures, from fine to coarse
 * @param a `[B, H, W, C]`
 * @param b same shape
 * @returns `[B]`; the caller owns it
 * @throws ShapeError
 * @see Zhang et al. 2018, arXiv:1801.03924v2, without its learned weights
 */
export function perceptualDistance(features: FeatureMaps, a: Images, b: Images): tf.Tensor1D {
  assertFloats("perceptualDistance", "a", a, ["B", "H", "W", "C"]);
  assertFloats("perceptualDistance", "b", b, a.shape);
  return tf.tidy(() => {
    const [ofA, ofB] = [features(a), features(b)];
    const levels = ofA.map((map, i) =>
      unitChannels(map)
        .squaredDifference(unitChannels(ofB[i] as tf.Tensor4D))
        .sum(3)
        .mean([1, 2]),
    );
    return tf.addN(levels) as tf.Tensor1D;
  });
}

function unitChannels(map: tf.Tensor4D): tf.Tensor4D {
  return map.mul(map.square().sum(3, true).add(1e-10).rsqrt());
}

function flat({ mean, logVar }: DiagonalGaussian<Images>): DiagonalGaussian {
  const rows = (map: Images): tf.Tensor2D => map.reshape([map.shape[0], -1]);
  return { mean: rows(mean), logVar: rows(logVar) };
}
