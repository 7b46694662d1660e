import { diffusion, models, objectives, Rng, tf } from "latentlab";

import {
  type Argument,
  count,
  fixture,
  given,
  number,
  record,
  rng,
  sizes,
  tensor,
  word,
} from "./argument";
import { constructs, type Subject, takes } from "./subject";

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

const LOGITS = tensor([2, 4], { fixed: [0] });
const LABELS = tensor([2], { dtype: "int32", fixed: [0] });

const CLASSIFIER = {
  imageSize: 4,
  imageChannels: 1,
  numClasses: 3,
  channels: [4],
  featureSize: 6,
  numGroups: 2,
  timeSize: 8,
};
const OPTIONAL_TIMES: Argument = {
  ...TIMES,
  faults: TIMES.faults.filter(({ what }) => what !== "undefined"),
};
const EVEN = (value: number) => ({
  ...count(value),
  faults: [...count(value).faults, { what: "odd", make: () => 3 }],
});

/** Losses and bounds of denoisers, and the classifier that guides them. */
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
  "objectives.classLogProbability": takes(objectives.classLogProbability, LOGITS, LABELS),
  "objectives.crossEntropy": takes(objectives.crossEntropy, LOGITS, LABELS),
  "objectives.noisyClassifierLoss": takes(
    objectives.noisyClassifierLoss,
    given(() => (xt: tf.Tensor2D) => xt),
    record({ x: tensor([2, 3], { fixed: [0], anyRank: true }), labels: LABELS }),
    record({ schedule: SCHEDULE, rng }),
  ),
  "models.Classifier": constructs(
    models.Classifier,
    record({
      imageSize: EVEN(4),
      imageChannels: count(1),
      numClasses: count(3),
      channels: sizes(4),
      featureSize: count(6),
      numGroups: EVEN(2),
      timeSize: count(8, { min: 2 }),
    }),
    rng,
  ),
  "models.Classifier.forward": takes(
    (model: models.Classifier, ...inputs: [never, never]) => model.forward(...inputs),
    fixture(() => new models.Classifier(CLASSIFIER, new Rng(1))),
    tensor([2, 4, 4, 1], { fixed: [0, 1, 2, 3] }),
    OPTIONAL_TIMES,
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
