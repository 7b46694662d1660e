import { objectives, type tf } from "latentlab";

import {
  type Argument,
  count,
  fixture,
  given,
  late,
  number,
  record,
  rng,
  tensor,
  type TensorLimits,
  word,
} from "./argument";
import { smallVae, VAE_PICTURES } from "./models";
import { type Subject, takes } from "./subject";

const SHAPE = [2, 3];
/** A tensor `[2, 3]` whose sizes another argument settles. */
const matched = (limits: TensorLimits = {}): Argument =>
  tensor(SHAPE, { fixed: [0, 1], ...limits });
/** A diagonal Gaussian over 3 latents for 2 examples. */
const Q = record({ mean: matched(), logVar: matched() });
const NOISE = matched({ hasSamples: true });
/** Noise for each picture of a batch of 2. */
const NOISE_OF_BATCH = matched();
const PER_SAMPLE = given(() => (z: tf.Tensor) => z.sum(1));

const VAE = fixture(smallVae);

/** Pictures and noise that meet in a batch of 2. */
const BATCH = tensor([2, 2, 2, 1], { fixed: [0, 1, 2, 3] });

export const OBJECTIVES: Readonly<Record<string, Subject>> = {
  "objectives.elbo": takes(
    objectives.elbo,
    VAE,
    BATCH,
    late(NOISE_OF_BATCH),
    record({ beta: number(1, { min: 0 }) }),
  ),
  "objectives.elboLoss": takes(
    objectives.elboLoss,
    VAE,
    BATCH,
    late(NOISE_OF_BATCH),
    record({ beta: number(1, { min: 0 }) }),
  ),
  "objectives.iwaeBound": takes(
    objectives.iwaeBound,
    VAE,
    BATCH,
    late(tensor([4, 2, 3], { fixed: [1, 2] })),
  ),
  "objectives.measureElbo": takes(
    objectives.measureElbo,
    VAE,
    late(VAE_PICTURES),
    rng,
    record({ batchSize: count(1), beta: late(number(1, { min: 0 })) }),
  ),
  "objectives.contrastiveLogits": takes(
    objectives.contrastiveLogits,
    tensor([3, 2], { fixed: [1] }),
    tensor([4, 2], { fixed: [1] }),
    tensor([], { fixed: [] }),
  ),
  "objectives.contrastiveLoss": takes(
    objectives.contrastiveLoss,
    matched(),
    matched(),
    tensor([], { fixed: [] }),
  ),
  "objectives.firstStageLoss": takes(
    objectives.firstStageLoss,
    given((): objectives.FirstStage => ({
      encode: (x) => ({ mean: x.mul(2), logVar: x.mul(0) }),
      decode: (z) => z.mul(0.5),
    })),
    late(BATCH),
    late(BATCH),
    record({ klWeight: number(1e-3, { min: 0 }), error: word("l1") }),
  ),
  "objectives.perceptualDistance": takes(
    objectives.perceptualDistance,
    given(() => (x: tf.Tensor4D) => [x]),
    BATCH,
    BATCH,
  ),
  "objectives.reparametrise": takes(objectives.reparametrise, Q, NOISE),
  "objectives.clampLogVar": takes(
    objectives.clampLogVar,
    tensor(SHAPE, { anyRank: true }),
    number(-30, { max: 20 }),
    number(20, { min: -30 }),
  ),
  "objectives.gaussianLogDensity": takes(
    objectives.gaussianLogDensity,
    matched({ hasSamples: true }),
    Q,
  ),
  "objectives.standardNormalLogDensity": takes(
    objectives.standardNormalLogDensity,
    tensor(SHAPE, { anyRank: true }),
  ),
  "objectives.klToStandardNormal": takes(objectives.klToStandardNormal, Q),
  "objectives.klDiagonalGaussian": takes(objectives.klDiagonalGaussian, Q, Q),
  "objectives.reparametrisedGradient": takes(
    objectives.reparametrisedGradient,
    PER_SAMPLE,
    Q,
    NOISE,
  ),
  "objectives.scoreFunctionGradient": takes(
    objectives.scoreFunctionGradient,
    PER_SAMPLE,
    Q,
    NOISE,
    record({ baseline: number(0) }),
  ),
  "objectives.fisherGradient": takes(
    objectives.fisherGradient,
    given(() => (theta: tf.Tensor, z: tf.Tensor) => z.mul(theta).sum(1)),
    tensor([3], { anyRank: true }),
    tensor(SHAPE),
  ),
  "objectives.bernoulliLogLikelihood": takes(
    objectives.bernoulliLogLikelihood,
    matched(),
    matched(),
  ),
  "objectives.gaussianLogLikelihood": takes(
    objectives.gaussianLogLikelihood,
    matched(),
    matched(),
    number(0),
  ),
  "objectives.gaussianPixels": takes(objectives.gaussianPixels, number(0.1, { min: 1e-9 })),
};
