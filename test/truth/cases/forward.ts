import { diffusion, objectives, tf } from "latentlab";

import type { Inputs } from "../inputs";
import type { Mappings } from "../run";

/** The truth's t counts from 0, ours from 1. */
const LINEAR = diffusion.linearSchedule(1000);
/** Mean and variance by 3-point Gauss–Hermite quadrature: exact for a square of the noise. */
const NODES: readonly (readonly [noise: number, weight: number])[] = [
  [-Math.sqrt(3), 1 / 6],
  [0, 2 / 3],
  [Math.sqrt(3), 1 / 6],
];

export const forward: Mappings = {
  "q-sample": (inputs) => ({
    x_t: diffusion.qSample(LINEAR, timesteps(inputs), cleanAndNoise(inputs)),
  }),

  chain: (inputs) => {
    const schedule = new diffusion.NoiseSchedule(inputs.array("betas"));
    const noises = inputs.tensor<tf.Tensor2D>("noises").unstack(0);
    const x0 = inputs.tensor("x0").expandDims(0);
    const trajectory: tf.Tensor[] = [];
    noises.forEach((noise, i) => {
      const previous = trajectory[i - 1] ?? x0;
      const step = { previous, noise: noise.expandDims(0) };
      trajectory.push(diffusion.qStep(schedule, tf.tensor1d([i + 1], "int32"), step));
    });
    const last = tf.tensor1d([noises.length], "int32");
    const xt = trajectory.at(-1) as tf.Tensor;
    return {
      trajectory: tf.concat(trajectory),
      merged_noise: diffusion.noiseFromX0(schedule, last, { xt, x0 }).squeeze([0]),
      mean_factor: schedule.alphaBar.slice(1).map(Math.sqrt),
      variance: schedule.alphaBar.slice(1).map((alphaBar) => 1 - alphaBar),
    };
  },

  posterior: (inputs) => {
    const t = timesteps(inputs);
    const batches = { x0: inputs.tensor("x0"), xt: inputs.tensor("x_t") };
    const { mean, variance } = diffusion.posterior(LINEAR, t, batches);
    const logVariance = diffusion.posteriorLogVariance(LINEAR, t, mean);
    return { mean, variance: variance.flatten(), log_variance_clipped: logVariance.flatten() };
  },

  conversions: (inputs) => {
    const t = timesteps(inputs);
    const { x0, noise } = cleanAndNoise(inputs);
    const xt = diffusion.qSample(LINEAR, t, { x0, noise });
    const v = diffusion.velocity(LINEAR, t, { x0, noise });
    return {
      x_t: xt,
      v,
      x0_from_eps: diffusion.x0FromNoise(LINEAR, t, { xt, noise }),
      eps_from_x0: diffusion.noiseFromX0(LINEAR, t, { xt, x0 }),
      x0_from_v: diffusion.x0FromVelocity(LINEAR, t, { xt, v }),
      eps_from_v: diffusion.noiseFromVelocity(LINEAR, t, { xt, v }),
      score_from_eps: diffusion.scoreFromNoise(LINEAR, t, noise),
    };
  },

  "loss-simple": (inputs) => {
    const [noise, prediction] = [inputs.tensor("noise"), inputs.tensor("prediction")];
    const t = timesteps(inputs);
    const x0 = tf.zerosLike(noise);
    const network = (): tf.Tensor => prediction.clone();
    const errors = objectives.denoisingErrors(network, x0, t, { schedule: LINEAR, noise });
    const gamma = inputs.number("min_snr_gamma");
    const weights = objectives.lossWeights(LINEAR, "min-snr", { gamma });
    const mean = objectives.simpleLoss(network, LINEAR, t, { x0, noise });
    return {
      mean,
      per_sample_mean: errors,
      sum_of_squares_mean_over_batch: mean.mul(noise.size / t.size),
      min_snr_weighted_mean: errors.mul(diffusion.atTimesteps(weights, t, errors)).mean(),
    };
  },

  "decoder-nll": (inputs) => {
    const column = (name: string): tf.Tensor => inputs.tensor(name).reshape([-1, 1]);
    const logVar = column("log_scale").mul(2);
    const logProb = (cdf: "exact" | "tanh"): tf.Tensor =>
      objectives
        .discretisedGaussianLogLikelihood(column("mean"), column("x"), logVar, { cdf })
        .reshape([...inputs.shape("x")]);
    return { log_prob_tanh_cdf: logProb("tanh"), log_prob_exact_cdf: logProb("exact") };
  },

  "vlb-tight": (inputs) => {
    const schedule = new diffusion.NoiseSchedule(inputs.array("betas"));
    const x0 = inputs.tensor("x0").expandDims(1);
    const { reconstruction, steps } = expectedTerms(inputs, schedule, x0);
    const last = tf.fill([x0.size], schedule.numTimesteps, "int32") as tf.Tensor1D;
    const signal = diffusion.qSample(schedule, last, { x0, noise: tf.zerosLike(x0) });
    const spread = Math.log(1 - (schedule.alphaBar.at(-1) as number));
    const ownPrior = objectives.klDiagonalGaussian(
      { mean: signal as tf.Tensor2D, logVar: tf.fill([x0.size, 1], spread) },
      {
        mean: tf.fill([x0.size, 1], inputs.number("prior_mean")),
        logVar: tf.fill([x0.size, 1], Math.log(inputs.number("prior_variance"))),
      },
    );
    const standard = objectives.priorKl(schedule, x0);
    const rest = reconstruction.sub(steps.sum(1));
    return {
      reconstruction,
      kl_T: ownPrior,
      kl_steps: steps,
      elbo: rest.sub(ownPrior),
      log_prob: rest.sub(ownPrior),
      kl_T_standard_normal_prior: standard,
      elbo_standard_normal_prior: rest.sub(standard),
    };
  },

  "vlb-bpd": (inputs) => {
    const schedule = new diffusion.NoiseSchedule(inputs.array("betas"));
    const x0 = inputs.tensor<tf.Tensor4D>("x0");
    const [mean, std] = [inputs.number("data_mean"), inputs.number("data_std")];
    const [examples = 0, ...sizes] = inputs.shape("x0");
    const bits = Math.LN2 * sizes.reduce((product, n) => product * n, 1);
    const denoise = gaussianDenoiser(schedule, mean, std);
    const kernel = diffusion.reverseKernel(denoise, schedule);
    const likelihood: objectives.StepLikelihood = (...args) =>
      objectives.discretisedGaussianLogLikelihood(...args, { cdf: "tanh" });
    const noises = inputs.tensor("noises_t7_to_t0").unstack(0) as tf.Tensor4D[];
    const columns = noises.map((noise, i) => {
      const t = tf.fill([examples], schedule.numTimesteps - i, "int32") as tf.Tensor1D;
      const term = objectives.boundTerm(kernel, x0, t, { schedule, noise, likelihood });
      return [term, objectives.denoisingErrors(denoise, x0, t, { schedule, noise })] as const;
    });
    const terms = tf.stack(columns.map(([term]) => term), 1).div(bits); // prettier-ignore
    const prior = objectives.priorKl(schedule, x0).div(bits);
    return {
      total_bpd: terms.sum(1).add(prior),
      prior_bpd: prior,
      vb_t7_to_t0: terms,
      eps_mse: tf.stack(columns.map(([, error]) => error), 1), // prettier-ignore
    };
  },
};

function timesteps(inputs: Inputs): tf.Tensor1D {
  return inputs.tensor<tf.Tensor1D>("t", "int32").add(tf.scalar(1, "int32"));
}

function cleanAndNoise(inputs: Inputs): { x0: tf.Tensor; noise: tf.Tensor } {
  return { x0: inputs.tensor("x0"), noise: inputs.tensor("noise") };
}

/** The expected terms of each example for the kernel of the case: `[B]`, and `[B, T − 1]` from t = 2. */
function expectedTerms(
  inputs: Inputs,
  schedule: diffusion.NoiseSchedule,
  x0: tf.Tensor,
): { reconstruction: tf.Tensor; steps: tf.Tensor } {
  const table = (name: string): number[] => [NaN, ...inputs.array(name)];
  const kernel: diffusion.ReverseKernel<tf.Tensor> = (xt, t) => {
    const at = (name: string): tf.Tensor => diffusion.atTimesteps(table(name), t, xt);
    const mean = xt.mul(at("reverse_gain")).add(at("reverse_offset"));
    return { mean, logVar: at("reverse_variance").log() };
  };
  const expected = (step: number): tf.Tensor => {
    const t = tf.fill([x0.size], step, "int32") as tf.Tensor1D;
    const weighted = NODES.map(([value, weight]) => {
      const noise = tf.fill(x0.shape, value);
      const likelihood = objectives.gaussianLogLikelihood;
      return objectives.boundTerm(kernel, x0, t, { schedule, noise, likelihood }).mul(weight);
    });
    return tf.addN(weighted);
  };
  const later = Array.from({ length: schedule.numTimesteps - 1 }, (_, i) => expected(i + 2));
  return { reconstruction: expected(1).neg(), steps: tf.stack(later, 1) };
}

/** E[ε | x_t] for pixels that are N(mean, std²). */
function gaussianDenoiser(
  { alphaBar }: diffusion.NoiseSchedule,
  mean: number,
  std: number,
): (xt: tf.Tensor4D, t: tf.Tensor1D) => tf.Tensor4D {
  return (xt, t) => {
    const table = (f: (a: number) => number): tf.Tensor =>
      diffusion.atTimesteps(alphaBar.map(f), t, xt);
    const gain = table((a) => Math.sqrt(1 - a) / (a * std * std + 1 - a));
    return xt.sub(table((a) => Math.sqrt(a) * mean)).mul(gain);
  };
}
