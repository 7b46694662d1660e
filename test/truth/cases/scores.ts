import { core, diffusion, objectives, oracles, samplers, tf } from "latentlab";

import { walk } from "../../support/sampling";
import type { Mapping, Mappings } from "../run";
import { rows } from "./rows";

/** s(x) = (θ − x)/v on `[B, 1]`. */
function affine(theta: number, v: number): (x: tf.Tensor2D) => tf.Tensor2D {
  return (x) => tf.sub(theta, x).div(v);
}

/** Two points with exactly the mean and the variance: losses of affine scores see no more. */
function twoPoints(mean: number, std: number): tf.Tensor2D {
  return tf.tensor2d([[mean - std], [mean + std]]);
}

const gaussianObjectives: Mapping = (inputs) => {
  const [mean, std] = [inputs.number("data_mean"), inputs.number("data_std")];
  const [theta, v, sigma] = [inputs.number("theta"), inputs.number("v"), inputs.number("sigma")];
  const [model, truth] = [affine(theta, v), affine(mean, std ** 2)];
  const x = twoPoints(mean, std);
  const fisher = objectives.explicitScoreMatching(model(x), truth(x));
  const hyvarinen = objectives.implicitScoreMatching(model, x);
  // Data and noise at two points each, all four pairs: uncorrelated, as they must be.
  const [data, noise] = [tf.tile(x, [2, 1]), tf.tensor2d([[-1], [-1], [1], [1]])];
  const dsm = objectives.denoisingScoreMatching(model, data, { sigma, noise });
  const noisyStd = Math.hypot(std, sigma);
  const noisy = twoPoints(mean, noisyStd);
  const noisyTruth = affine(mean, noisyStd ** 2);
  const fisherNoised = objectives.explicitScoreMatching(model(noisy), noisyTruth(noisy));
  return {
    fisher_divergence: fisher,
    hyvarinen,
    constant_fisher_minus_2_hyvarinen: fisher.sub(hyvarinen.mul(2)),
    dsm,
    fisher_divergence_of_noised: fisherNoised,
    constant_dsm_minus_fisher_noised: dsm.sub(fisherNoised),
  };
};

const mlpObjectives: Mapping = (inputs) => {
  const [x, v, noise] = ["X", "projections", "noise"].map((name) => inputs.tensor(name)) as [
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const sigma = inputs.tensor<tf.Tensor1D>("sigma");
  const weights = ["W1", "b1", "W2", "b2"].map((name) => inputs.tensor(name));
  const network = ([w1, b1, w2, b2]: tf.Tensor[]) => (at: tf.Tensor2D) =>
    core.tanh(at.matMul(w1 as tf.Tensor2D).add(b1 as tf.Tensor)).matMul(w2 as tf.Tensor2D).add(b2 as tf.Tensor) as tf.Tensor2D; // prettier-ignore
  const score = network(weights);
  const sliced = (isVarianceReduced: boolean, of = score): tf.Scalar =>
    objectives.slicedScoreMatching(of, x, v, { isVarianceReduced });
  const denoising = (of: typeof score): tf.Scalar =>
    objectives.ncsnLoss((at: tf.Tensor2D, s) => of(at).div(s.reshape([-1, 1])), x, {
      sigma,
      noise,
    });
  const gradients = (loss: (of: typeof score) => tf.Scalar): tf.Tensor[] =>
    tf.grads((...w: tf.Tensor[]) => loss(network(w)))(weights);
  const [dsmW1, , , dsmB2] = gradients(denoising) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const [ssmW1, , ssmW2] = gradients((of) => sliced(false, of)) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  return {
    score: score(x),
    divergence: diffusion.exactDivergence(score, x),
    ism: objectives.implicitScoreMatching(score, x),
    ssm: sliced(false),
    ssm_vr: sliced(true),
    ncsn_dsm: denoising(score),
    grad_dsm_W1: dsmW1,
    grad_dsm_b2: dsmB2,
    grad_ssm_W1: ssmW1,
    grad_ssm_W2: ssmW2,
  };
};

const annealedLangevin: Mapping = (inputs) => {
  const levels = inputs.number("levels");
  const stepsPerLevel = inputs.number("steps_per_level");
  const epsilon = inputs.number("epsilon");
  const range = { sigmaMin: inputs.number("sigma_min"), sigmaMax: inputs.number("sigma_max") };
  const means = rows(inputs, "means", 2);
  const mixture = new oracles.GaussianMixture({
    means,
    weights: inputs.array("weights"),
    std: inputs.number("std"),
  });
  const score: core.ScoreFunction<tf.Tensor2D> = (x, sigma) =>
    mixture.score(x, { scale: tf.onesLike(sigma), sigma });
  const options = { ...range, epsilon, stepsPerLevel };
  const sampler = samplers.annealedLangevin<tf.Tensor2D, never>(score, options);
  const noises = tf.unstack(inputs.tensor("noises")).flatMap((level) => tf.unstack(level));
  const times = sampler.times(levels);
  const steps = walk(sampler, inputs.tensor<tf.Tensor2D>("x0"), { times, noises });
  const sigmas = diffusion.geometricSigmas(levels, range);
  const afterLevel = steps.filter((_, i) => i % stepsPerLevel === stepsPerLevel - 1);
  return {
    sigmas,
    step_sizes: samplers.annealedStepSizes(sigmas, epsilon),
    after_each_level: tf.stack(afterLevel.map(({ x }) => x)),
    final: steps.at(-1)?.x as tf.Tensor,
  };
};

/** Langevin on a Gaussian is affine: var ← c² var + α, and c is what a step does to a unit. */
const langevinStationary: Mapping = (inputs) => {
  const variance = inputs.number("variance");
  const kept = (alpha: number): number => {
    const x = tf.ones<tf.Rank.R2>([1, 1]);
    const batches = { x, score: x.div<tf.Tensor2D>(-variance), noise: tf.zerosLike(x) };
    return samplers.langevinStep(batches, alpha).dataSync()[0] as number;
  };
  const stationary = inputs.array("step_sizes").map((alpha) => alpha / (1 - kept(alpha) ** 2));
  return { stationary_variance: tf.tensor1d(stationary) };
};

export const scores: Mappings = {
  "gaussian-objectives*": gaussianObjectives,
  "mlp-objectives*": mlpObjectives,
  "annealed-langevin*": annealedLangevin,
  "langevin-stationary*": langevinStationary,
};
