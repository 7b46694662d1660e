import { type core, diffusion, oracles, samplers, tf } from "latentlab";

import { walk } from "../../support/sampling";
import type { Inputs } from "../inputs";
import type { Mapping, Mappings, Output } from "../run";
import { rows } from "./rows";

function line(inputs: Inputs): Required<diffusion.BetaLine> {
  return { betaMin: inputs.number("beta_min"), betaMax: inputs.number("beta_max") };
}

function mixture(inputs: Inputs): oracles.GaussianMixture {
  const means = rows(inputs, "means", inputs.shape("means")[1] ?? 1);
  const [weights, std] = [inputs.array("weights"), inputs.array("stds")];
  return new oracles.GaussianMixture({ means, weights, std });
}

function scoreOf(of: oracles.GaussianMixture, sde: diffusion.Sde): core.ScoreFunction<tf.Tensor2D> {
  return (x, t) => of.score(x, sde.marginalAt(t));
}

function marginals(
  inputs: Inputs,
  marginal: (t: number) => core.NoiseLevel<number>,
): Record<string, Output> {
  const levels = inputs.array("t").map(marginal);
  return { mean_factor: levels.map((l) => l.scale), std: levels.map((l) => l.sigma) };
}

/** The truth's grid need not be the steps: each one is dt long, wherever it starts. */
function reverseSteps(
  inputs: Inputs,
  sampler: samplers.Sampler<tf.Tensor2D, never>,
  noises: tf.Tensor[],
): tf.Tensor2D[] {
  let x = inputs.tensor<tf.Tensor2D>("x_T");
  return inputs.array("timesteps").map((t, i) => {
    const times = [t, t + inputs.number("dt")];
    const [step] = walk(sampler, x, { times, noises: noises.slice(i, i + 1) });
    return (x = (step as samplers.StepResult<tf.Tensor2D>).x);
  });
}

const reverseSdeVp: Mapping = (inputs) => {
  const [of, sde] = [mixture(inputs), diffusion.vpSde(line(inputs))];
  const sampler = samplers.eulerMaruyama<tf.Tensor2D, never>(scoreOf(of, sde), sde, {
    isLastNoisy: true,
  });
  const noises = tf.unstack(inputs.tensor("noises"));
  const noisy = reverseSteps(inputs, sampler, noises);
  const denoised = reverseSteps(inputs, sampler, noises.slice(0, -1));
  return {
    trajectory: tf.stack(noisy),
    final: noisy.at(-1) as tf.Tensor,
    final_denoised_mean: denoised.at(-1) as tf.Tensor,
  };
};

/** Predictor–corrector on a ladder of scales: time k is σ_{k−1}, time 0 is the data. */
const reverseSdeVe: Mapping = (inputs) => {
  const sigmas = inputs.array("discrete_sigmas");
  const [mean, std] = [inputs.tensor("data_mean"), inputs.number("data_std")];
  const ladder = {
    priorStd: sigmas.at(-1) as number,
    marginal: (k: number) => ({ scale: 1, sigma: k === 0 ? 0 : (sigmas[k - 1] as number) }),
  };
  const table = tf.tensor1d([0, ...sigmas]);
  const score: core.ScoreFunction<tf.Tensor2D> = (x, k) => {
    const sigma = tf.gather(table, k.toInt()).reshape([-1, 1]);
    return mean.sub(x).div(sigma.square().add(std ** 2));
  };
  const options = { snr: inputs.number("snr"), isLastNoisy: true };
  const sampler = samplers.predictorCorrector<tf.Tensor2D, never>(score, ladder, options);
  const correct = tf.unstack(inputs.tensor("corrector_noises"));
  const noises = tf
    .unstack(inputs.tensor("predictor_noises"))
    .flatMap((predict, i) => [correct[i] as tf.Tensor, predict]);
  const times = [...inputs.array("ladder_index").map((k) => k + 1), 0];
  const start = inputs.tensor<tf.Tensor2D>("x_T");
  const noisy = walk(sampler, start, { times, noises }).map(({ x }) => x);
  const denoised = walk(sampler, start, { times, noises: noises.slice(0, -1) });
  return { trajectory: tf.stack(noisy), final_denoised_mean: denoised.at(-1)?.x as tf.Tensor };
};

const mixtureScore: Mapping = (inputs) => {
  const [of, sde] = [mixture(inputs), diffusion.vpSde(line(inputs))];
  const x = inputs.tensor<tf.Tensor2D>("x");
  const levels = inputs.array("t").map((t) => sde.marginal(t));
  return {
    log_prob: tf.stack(levels.map((level) => of.logDensity(x, level))),
    score: tf.stack(levels.map((level) => of.score(x, level))),
    eps: tf.stack(levels.map((level) => of.noise(x, level))),
    responsibilities: tf.stack(levels.map((level) => of.responsibilities(x, level))),
  };
};

const gaussianLikelihood: Mapping = async (inputs) => {
  const [std, dim] = [inputs.number("data_std"), inputs.array("data_mean").length];
  const of = new oracles.GaussianMixture({ means: [inputs.array("data_mean")], std });
  const sde = diffusion.vpSde(line(inputs));
  const x0 = inputs.tensor<tf.Tensor2D>("x_0");
  const likelihood = (
    prior?: (x1: tf.Tensor2D) => tf.Tensor1D,
  ): Promise<diffusion.FlowLikelihood<tf.Tensor2D>> =>
    diffusion.flowLikelihood(scoreOf(of, sde), sde, x0, { minTime: 0, ...(prior && { prior }) });
  const exact = await likelihood((x1) => of.logDensity(x1, sde.marginal(1)));
  const logDensity = exact.logDensity.arraySync();
  const gained = exact.logDensity.sub(of.logDensity(exact.x1, sde.marginal(1)));
  return {
    x_T: exact.x1,
    delta_log_density: gained,
    log_prob: exact.logDensity,
    log_prob_with_standard_normal_prior: (await likelihood()).logDensity,
    bits_per_dim: tf.tensor1d(logDensity.map((nats) => diffusion.bitsPerDimension(nats, dim))),
  };
};

const flowOfLine: Mapping = async (inputs) => {
  const [weights, std] = [inputs.array("weights"), inputs.array("stds")];
  const of = new oracles.GaussianMixture({ means: rows(inputs, "means", 1), weights, std });
  const sde = diffusion.vpSde(line(inputs));
  const start = inputs.tensor("x_T").reshape<tf.Tensor2D>([-1, 1]);
  const { x } = await samplers.adaptiveFlow(scoreOf(of, sde), sde, start, { from: 1, to: 0 });
  return { x_0: x.flatten() };
};

/** Each step is affine in x, and its noise independent: what 0 and 1 become tells mean and variance. */
const reverseMoments: Mapping = (inputs) => {
  const [mean, std] = [inputs.number("data_mean"), inputs.number("data_std")];
  const of = new oracles.GaussianMixture({ means: [[mean]], std });
  const process = diffusion.vpSde(line(inputs));
  const [x, noise] = [tf.tensor2d([[0], [1]]), tf.zeros<tf.Rank.R2>([2, 1])];
  const stepAt = (t: number, h: number): [number, number] =>
    tf.tidy(() => {
      const now = process.coefficients(t);
      const drift = diffusion.reverseDrift({ x, score: of.score(x, process.marginal(t)) }, now);
      const next = samplers.eulerMaruyamaStep({ x, drift, noise }, { h, diffusion: now.diffusion });
      return Array.from(next.dataSync()) as never;
    });
  const moments = inputs.array("steps").map((n) => {
    let [m, variance] = [0, 1];
    for (let i = 0; i < n; i++) {
      const t = 1 + (i * (inputs.number("t_end") - 1)) / (n - 1);
      const [zero, one] = stepAt(t, -1 / n);
      m = zero + (one - zero) * m;
      variance = (one - zero) ** 2 * variance + process.coefficients(t).diffusion ** 2 / n;
    }
    return { m, variance };
  });
  return {
    mean: tf.tensor1d(moments.map(({ m }) => m)),
    variance: tf.tensor1d(moments.map(({ variance }) => variance)),
  };
};

export const sde: Mappings = {
  "vp-marginals*": (inputs) => ({
    ...marginals(inputs, (t) => diffusion.vpMarginal(t, line(inputs))),
    log_mean_coeff: inputs
      .array("t")
      .map((t) => Math.log(diffusion.vpMarginal(t, line(inputs)).scale)),
    beta_t: inputs
      .array("t")
      .map((t) => diffusion.vpSde(line(inputs)).coefficients(t).diffusion ** 2),
  }),
  "subvp-marginals*": (inputs) =>
    marginals(inputs, (t) => diffusion.subVpMarginal(t, line(inputs))),
  "ve-marginals*": (inputs) => {
    const range = { sigmaMin: inputs.number("sigma_min"), sigmaMax: inputs.number("sigma_max") };
    const t = inputs.array("t");
    return {
      sigma: t.map((time) => diffusion.veSigma(time, range)),
      g: t.map((time) => diffusion.veSde(range).coefficients(time).diffusion),
      perturbation_std: t.map((time) => diffusion.veMarginal(time, range).sigma),
      discrete_sigmas_8: diffusion.geometricSigmas(8, range).toReversed(),
    };
  },
  "gmm-score-ve*": (inputs) => {
    const [of, x] = [mixture(inputs), inputs.tensor<tf.Tensor2D>("x")];
    const levels = inputs.array("sigma").map((sigma) => ({ scale: 1, sigma }));
    return {
      log_prob: tf.stack(levels.map((level) => of.logDensity(x, level))),
      score: tf.stack(levels.map((level) => of.score(x, level))),
    };
  },
  "gmm-score*": mixtureScore,
  "reverse-sde-vp*": reverseSdeVp,
  "reverse-sde-ve*": reverseSdeVe,
  "pf-ode-gmm-1d*": flowOfLine,
  "pf-ode-gaussian*": gaussianLikelihood,
  "reverse-sde-moments*": reverseMoments,
};
