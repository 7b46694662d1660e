import { metrics, tf } from "latentlab";

import type { Inputs } from "../inputs";
import type { Mappings } from "../run";

export const imageMetrics: Mappings = {
  psnr: (inputs) => {
    const [reference, image] = [pixels(inputs, "reference_nhwc"), pixels(inputs, "image_nhwc")];
    const range = { dataRange: inputs.number("data_range") };
    const pooled = (x: tf.Tensor4D): tf.Tensor4D => x.reshape([1, -1, x.shape[2], x.shape[3]]);
    return {
      psnr: metrics.psnr(reference, image, range),
      psnr_identical: metrics.psnr(reference, reference, range).slice(0, 1),
      psnr_whole_batch: metrics.psnr(pooled(reference), pooled(image), range).squeeze(),
    };
  },

  ssim: (inputs) => {
    const [reference, image] = [pixels(inputs, "reference_nhwc"), pixels(inputs, "image_nhwc")];
    const range = { dataRange: inputs.number("data_range") };
    const channel = (x: tf.Tensor4D): tf.Tensor4D => x.slice([0, 0, 0, 0], [1, -1, -1, 1]);
    return {
      ssim_gaussian: metrics.ssim(reference, image, range),
      channel0_image0: metrics.ssim(channel(reference), channel(image), range).squeeze(),
      identical: metrics.ssim(reference, reference, range).slice(0, 1),
    };
  },

  "ms-ssim-3scale": multiScale,
  "ms-ssim-5scale": multiScale,
};

function multiScale(inputs: Inputs): { ms_ssim: tf.Tensor } {
  const [reference, image] = [pixels(inputs, "reference_hw"), pixels(inputs, "image_hw")];
  const options = { dataRange: inputs.number("data_range"), weights: inputs.list("weights") };
  return { ms_ssim: metrics.multiScaleSsim(reference, image, options) };
}

function pixels(inputs: Inputs, name: string): tf.Tensor4D {
  const tensor = inputs.tensor(name);
  return (tensor.rank === 2 ? tensor.expandDims(0).expandDims(3) : tensor) as tf.Tensor4D;
}

export const distributionMetrics: Mappings = {
  "frechet-general": frechet,
  "frechet-diagonal": frechet,
  "frechet-singular": frechet,
  "frechet-identical": frechet,

  "frechet-from-features": (inputs) => {
    const a = metrics.featureMoments(inputs.tensor("features1"));
    const b = metrics.featureMoments(inputs.tensor("features2"));
    return {
      frechet_distance: metrics.frechetDistance(a, b),
      mean1: a.mean,
      cov1: a.covariance.flat(),
    };
  },

  kid: (inputs) => {
    const [a, b] = features(inputs);
    return {
      kid: metrics.kernelDistance(a, b),
      kid_biased: metrics.kernelDistance(a, b, { isBiased: true }),
    };
  },

  "mmd-rbf": (inputs) => {
    const [a, b] = features(inputs);
    const gamma = inputs.number("gamma");
    return {
      mmd2: metrics.rbfMmd(a, b, { gamma }),
      mmd2_biased: metrics.rbfMmd(a, b, { gamma, isBiased: true }),
    };
  },

  "prdc-similar": manifolds,
  "prdc-mode-drop": manifolds,
  "prdc-disjoint": manifolds,
  "prdc-outlier": manifolds,
  "prdc-same-set": manifolds,

  "inception-score": (inputs) => {
    const logits = inputs.tensor<tf.Tensor2D>("logits");
    const split = metrics.inceptionScore(logits, { splits: 4 });
    return {
      is_one_split: metrics.inceptionScore(logits).mean,
      is_mean_4_splits: split.mean,
      is_std_4_splits: split.std,
      uniform_predictions: metrics.inceptionScore(tf.zerosLike(logits)).mean,
      perfect_and_balanced_4_classes: metrics.inceptionScore(tf.eye(4).mul(200)).mean,
    };
  },
};

function features(inputs: Inputs): [tf.Tensor2D, tf.Tensor2D] {
  return [inputs.tensor("features1"), inputs.tensor("features2")];
}

function frechet(inputs: Inputs): { frechet_distance: number } {
  const gaussian = (i: number): Parameters<typeof metrics.frechetDistance>[0] => {
    const mean = [...inputs.array(`mean${i}`)];
    const flat = inputs.array(`cov${i}`);
    const size = mean.length;
    return { mean, covariance: mean.map((_, row) => flat.slice(row * size, (row + 1) * size)) };
  };
  return { frechet_distance: metrics.frechetDistance(gaussian(1), gaussian(2)) };
}

function manifolds(inputs: Inputs): Record<string, number> {
  const scores = metrics.precisionRecall(inputs.tensor("real"), inputs.tensor("fake"), {
    k: inputs.number("k"),
  });
  return { ...scores };
}
