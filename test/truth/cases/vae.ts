import { type core, objectives, oracles, tf } from "latentlab";

import type { Inputs } from "../inputs";
import type { Mappings } from "../run";

export const vae: Mappings = {
  "kl-diagonal": (inputs) => {
    const [q1, q2] = [diagonal(inputs, "mean", "logvar"), diagonal(inputs, "mean2", "logvar2")];
    const total = (mean: tf.Tensor, logVar: tf.Tensor): tf.Scalar =>
      objectives
        .klToStandardNormal({ mean: mean as tf.Tensor2D, logVar: logVar as tf.Tensor2D })
        .sum();
    const [gradMean, gradLogVar] = tf.grads(total)([q1.mean, q1.logVar]);
    return {
      kl_to_standard_normal: objectives.klToStandardNormal(q1),
      kl_q1_q2: objectives.klDiagonalGaussian(q1, q2),
      kl_q2_q1: objectives.klDiagonalGaussian(q2, q1),
      grad_mean: gradMean as tf.Tensor,
      grad_logvar: gradLogVar as tf.Tensor,
    };
  },

  reparam: (inputs) => {
    const clamped = objectives.clampLogVar(inputs.tensor<tf.Tensor2D>("wild_logvar"));
    return {
      z: objectives.reparametrise(diagonal(inputs, "mean", "logvar"), inputs.tensor("noise")),
      clamped_logvar: clamped,
      // A sample at ε = 1 from mean 0 is the standard deviation.
      clamped_std: objectives.reparametrise(
        { mean: tf.zerosLike(clamped), logVar: clamped },
        tf.onesLike(clamped),
      ),
    };
  },

  ppca: (inputs) => {
    const model = linearGaussian(inputs);
    const x = rows(inputs, "x");
    const variance = inputs.array("q_std").map((std) => std * std);
    const q = rows(inputs, "q_mean").map((mean) => oracles.diagonalCovariance(mean, variance));
    const given = x.map((row, i) => model.elbo(row, q[i] as oracles.Gaussian));
    const best = x.map((row) => model.bestDiagonal(row));
    return {
      log_prob: x.map((row) => model.logEvidence(row)),
      posterior_mean: x.flatMap((row) => model.posterior(row).mean),
      posterior_cov: model.posterior(x[0] as number[]).covariance.flat(),
      elbo: given.map(({ elbo }) => elbo),
      elbo_reconstruction: given.map(({ reconstruction }) => reconstruction),
      elbo_kl: given.map(({ kl }) => kl),
      gap: x.map((row, i) => oracles.klGaussian(q[i] as oracles.Gaussian, model.posterior(row))),
      elbo_at_posterior: x.map((row) => model.elbo(row, model.posterior(row)).elbo),
      best_diagonal_variance: variances(best[0] as oracles.Gaussian),
      elbo_best_diagonal: x.map((row, i) => model.elbo(row, best[i] as oracles.Gaussian).elbo),
    };
  },

  "ppca-orthogonal": (inputs) => {
    const model = linearGaussian(inputs);
    const x = rows(inputs, "x");
    const encoder = x.map((row) => model.bestDiagonal(row));
    return {
      log_prob: x.map((row) => model.logEvidence(row)),
      encoder_mean: encoder.flatMap(({ mean }) => mean),
      encoder_variance: variances(encoder[0] as oracles.Gaussian),
      elbo_at_encoder: x.map((row, i) => model.elbo(row, encoder[i] as oracles.Gaussian).elbo),
    };
  },

  "ppca-ml": (inputs) => {
    const data = rows(inputs, "X");
    const latentDim = inputs.number("n_components");
    const fitted = oracles.fitLinearGaussian(data, latentDim, { divisor: "n-1" });
    const logLikelihoods = data.map((row) => new oracles.LinearGaussian(fitted).logEvidence(row));
    return {
      noise_variance: fitted.noiseVariance,
      explained_variance: Array.from(
        { length: latentDim },
        (_, k) =>
          fitted.weight.reduce((sum, row) => sum + (row[k] as number) ** 2, 0) +
          fitted.noiseVariance,
      ),
      mean_log_likelihood: logLikelihoods.reduce((sum, value) => sum + value, 0) / data.length,
      log_likelihoods: logLikelihoods,
    };
  },

  likelihoods: (inputs) => {
    const [logits, target] = [inputs.tensor("logits"), inputs.tensor("target")];
    const [mean, logVar] = [inputs.tensor("mean"), inputs.tensor("variance").log()];
    const extreme = inputs.tensor("extreme_logits").expandDims(1);
    const bernoulli = objectives.bernoulliLogLikelihood;
    return {
      bce: byElement(target.shape, () =>
        bernoulli(logits.reshape([-1, 1]), target.reshape([-1, 1])),
      ),
      bce_sum_per_sample: bernoulli(logits, target).neg(),
      bce_extreme_target1: bernoulli(extreme, tf.onesLike(extreme)).neg(),
      bce_extreme_target0: bernoulli(extreme, tf.zerosLike(extreme)).neg(),
      gaussian_nll: byElement(target.shape, () =>
        objectives.gaussianLogLikelihood(
          mean.reshape([-1, 1]),
          target.reshape([-1, 1]),
          logVar.reshape([-1, 1]),
        ),
      ),
      gaussian_nll_sum: objectives.gaussianLogLikelihood(mean, target, logVar).neg(),
    };
  },
};

/** Negative log-likelihood of each element, from a function of one-pixel pictures. */
function byElement(shape: number[], logLikelihood: () => tf.Tensor1D): tf.Tensor {
  return logLikelihood().neg().reshape(shape);
}

function diagonal(inputs: Inputs, mean: string, logVar: string): core.DiagonalGaussian {
  return { mean: inputs.tensor<tf.Tensor2D>(mean), logVar: inputs.tensor<tf.Tensor2D>(logVar) };
}

function linearGaussian(inputs: Inputs): oracles.LinearGaussian {
  return new oracles.LinearGaussian({
    weight: rows(inputs, "W"),
    mean: inputs.array("mu"),
    noiseVariance: inputs.number("sigma2"),
  });
}

function rows(inputs: Inputs, name: string): number[][] {
  const [count = 0, width = 0] = inputs.shape(name);
  const data = inputs.array(name);
  return Array.from({ length: count }, (_, i) => data.slice(i * width, (i + 1) * width));
}

function variances({ covariance }: oracles.Gaussian): number[] {
  return covariance.map((row, i) => row[i] as number);
}
