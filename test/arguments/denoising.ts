import { diffusion, objectives, tf } from "latentlab";

import { count, given, number, record, rng, tensor, word } from "./argument";
import { type Subject, takes } from "./subject";

const SCHEDULE = given(() => diffusion.linearSchedule(10));
/** Two points, whose timesteps and companions settle their sizes. */
const POINTS = tensor([2, 3], { fixed: [0, 1] });
/** A data set of any shape. */
const DATA = tensor([2, 3], { anyRank: true });
const TIMES = tensor([2], { dtype: "int32", fixed: [0] });
const DENOISER = given(() => (xt: tf.Tensor) => xt.mul(0.5));
const KERNEL = given(() => (xt: tf.Tensor) => ({ mean: xt.mul(0.5), logVar: tf.zerosLike(xt) }));
const TARGET = word("x0");
const GAMMA = number(5, { min: 1e-9 });

/** Losses and bounds of denoisers. */
export const DENOISING: Readonly<Record<string, Subject>> = {
  "objectives.simpleLoss": takes(
    objectives.simpleLoss,
    DENOISER,
    SCHEDULE,
    TIMES,
    record({ x0: POINTS, noise: POINTS }),
  ),
  "objectives.denoisingErrors": takes(
    objectives.denoisingErrors,
    DENOISER,
    POINTS,
    TIMES,
    record({ schedule: SCHEDULE, noise: POINTS, target: TARGET }),
  ),
  "objectives.lossWeights": takes(
    objectives.lossWeights,
    SCHEDULE,
    word("min-snr"),
    record({ target: TARGET, gamma: GAMMA }),
  ),
  "objectives.denoisingLoss": takes(
    objectives.denoisingLoss,
    DENOISER,
    DATA,
    record({
      schedule: SCHEDULE,
      rng,
      weighting: word("min-snr"),
      target: TARGET,
      gamma: GAMMA,
    }),
  ),
  "objectives.randomTimesteps": takes(objectives.randomTimesteps, SCHEDULE, count(2), rng),
  "objectives.hybridLoss": takes(
    objectives.hybridLoss,
    given(() => (xt: tf.Tensor) => tf.concat([xt, xt], -1)),
    DATA,
    record({ schedule: SCHEDULE, rng, boundWeight: number(1e-3, { min: 0 }) }),
  ),
  "objectives.priorKl": takes(objectives.priorKl, SCHEDULE, DATA),
  "objectives.boundTerm": takes(
    objectives.boundTerm,
    KERNEL,
    POINTS,
    TIMES,
    record({ schedule: SCHEDULE, noise: POINTS }),
  ),
  "objectives.variationalBound": takes(
    objectives.variationalBound,
    KERNEL,
    DATA,
    record({ schedule: SCHEDULE, rng }),
  ),
  "objectives.estimateBound": takes(
    objectives.estimateBound,
    KERNEL,
    DATA,
    record({ schedule: SCHEDULE, rng, draws: count(2) }),
  ),
  "objectives.discretisedGaussianLogLikelihood": takes(
    objectives.discretisedGaussianLogLikelihood,
    POINTS,
    POINTS,
    number(-1),
    record({ levels: count(256, { min: 2 }), cdf: word("tanh") }),
  ),
};
