import { diffusion, oracles, tf } from "latentlab";

import type { Inputs } from "../inputs";
import type { Mappings } from "../run";

const LINEAR = diffusion.linearSchedule(1000);

export const guidance: Mappings = {
  cfg: (inputs) => {
    const conditional = inputs.tensor("eps_cond");
    const unconditional = inputs.tensor("eps_uncond");
    const scale = inputs.number("scale");
    const at = (s: number): tf.Tensor => diffusion.combineNoise({ conditional, unconditional }, s);
    const guided = at(scale);
    const rescale = inputs.number("guidance_rescale");
    return {
      guided,
      guided_ho_salimans_w_equals_scale: at(1 + scale),
      at_scale_1: at(1),
      at_scale_0: at(0),
      rescaled: diffusion.rescaleGuided({ guided, conditional }, rescale),
    };
  },

  "classifier-mean": (inputs) => {
    const mean = inputs.tensor("mean");
    const logVar = tf.fill([mean.shape[0] as number, 1, 1, 1], Math.log(inputs.number("variance")));
    const gradient = inputs.tensor("gradient");
    return {
      guided_mean: diffusion.guidedMean({ mean, logVar }, gradient, inputs.number("scale")),
    };
  },

  "classifier-eps": (inputs) => {
    const xt = inputs.tensor("x_t");
    const t = tf.fill([xt.shape[0] as number], inputs.number("t") + 1, "int32") as tf.Tensor1D;
    const batches = { noise: inputs.tensor("eps"), gradient: inputs.tensor("gradient") };
    const noise = diffusion.guidedNoise(LINEAR, t, batches, inputs.number("scale"));
    return { guided_eps: noise, pred_x0: diffusion.x0FromNoise(LINEAR, t, { xt, noise }) };
  },

  "mixture-guidance": (inputs) => {
    const [scale, sigma] = [inputs.number("mean_factor"), inputs.number("noise_std")];
    const level = { scale, sigma };
    const mixture = mixtureOf(inputs);
    const x = inputs.tensor<tf.Tensor2D>("x");
    const y = inputs.number("class_index");
    const labels = tf.fill([x.shape[0]], y, "int32") as tf.Tensor1D;
    const guidanceScale = inputs.number("scale");
    const [conditional, unconditional] = [mixture.noise(x, level, labels), mixture.noise(x, level)];
    return {
      score_unconditional: mixture.score(x, level),
      score_class: mixture.score(x, level, labels),
      classifier_log_prob: mixture.classLogPosterior(x, level).slice([0, y], [-1, 1]).flatten(),
      classifier_gradient: mixture.classifierScore(x, labels, level),
      guided_score: diffusion.guidedScore(
        { score: mixture.score(x, level), gradient: mixture.classifierScore(x, labels, level) },
        guidanceScale,
      ),
      guided_eps: diffusion.combineNoise({ conditional, unconditional }, guidanceScale),
    };
  },

  "guided-gaussian": (inputs) => {
    const gaussian = (i: 0 | 1): oracles.Gaussian =>
      oracles.diagonalCovariance([inputs.number(`m${i}`)], [inputs.number(`v${i}`)]);
    const tilted = inputs
      .array("scales")
      .map((s) => oracles.tiltGaussian(gaussian(0), gaussian(1), s));
    return {
      tilted_mean: tilted.map(({ mean }) => mean[0] as number),
      tilted_variance: tilted.map(({ covariance }) => covariance[0]?.[0] as number),
    };
  },
};

/** Each component is a class of its own. */
function mixtureOf(inputs: Inputs): oracles.GaussianMixture {
  const stds = inputs.array("stds");
  const flat = inputs.array("means");
  return new oracles.GaussianMixture({
    weights: inputs.array("weights"),
    means: stds.map((_, k) => flat.slice(2 * k, 2 * k + 2)),
    std: stds,
  });
}
