import { type core, data, models, nn, objectives, oracles, Rng, tf, training } from "latentlab";

import {
  type Argument,
  count,
  fixture,
  given,
  number,
  numbers,
  record,
  rng,
  sizes,
  tensor,
  word,
} from "./argument";
import { constructs, type Subject, takes } from "./subject";

const newRng = (): Rng => new Rng(1);
/** Numbers of any shape but an empty one. */
const LOGITS = tensor([4], { anyRank: true });
const SHARPNESS = number(5, { min: 1e-9 });
const POSITIVE = number(2, { min: 1e-9 });
const WEIGHT = number(1, { min: 0 });
const CRITIC = given(
  () =>
    (x: tf.Tensor): tf.Tensor =>
      x.square().sum(-1),
);
const EXAMPLES = tensor([4, 3], { anyRank: true });
const GAUSSIAN = record({ mean: fixed(2, 3), logVar: fixed(2, 3) });

/** A tensor whose sizes are settled by other arguments. */
export function fixed(...shape: number[]): Argument {
  return tensor(shape, { fixed: shape.map((_, axis) => axis) });
}

const MATCHING = record({
  words: fixed(2, 3, 4),
  mask: fixed(2, 3),
  regions: tensor([3, 5, 4], { fixed: [2] }),
});

const LOSSES: Readonly<Record<string, Subject>> = {
  "objectives.discriminatorLoss": takes(
    objectives.discriminatorLoss,
    LOGITS,
    LOGITS,
    record({ realTarget: number(0.9, { min: 0, max: 1 }) }),
  ),
  "objectives.generatorLoss": takes(objectives.generatorLoss, LOGITS),
  "objectives.saturatingGeneratorLoss": takes(objectives.saturatingGeneratorLoss, LOGITS),
  "objectives.hingeDiscriminatorLoss": takes(objectives.hingeDiscriminatorLoss, LOGITS, LOGITS),
  "objectives.wassersteinCriticLoss": takes(objectives.wassersteinCriticLoss, LOGITS, LOGITS),
  "objectives.criticGeneratorLoss": takes(objectives.criticGeneratorLoss, LOGITS),
  "objectives.leastSquaresDiscriminatorLoss": takes(
    objectives.leastSquaresDiscriminatorLoss,
    LOGITS,
    LOGITS,
  ),
  "objectives.leastSquaresGeneratorLoss": takes(objectives.leastSquaresGeneratorLoss, LOGITS),
  "objectives.matchingAwareLoss": takes(objectives.matchingAwareLoss, LOGITS, LOGITS, LOGITS),
  "objectives.inputGradientNorms": takes(objectives.inputGradientNorms, CRITIC, EXAMPLES),
  "objectives.squaredGradientNorms": takes(objectives.squaredGradientNorms, CRITIC, EXAMPLES),
  "objectives.gradientPenalty": takes(
    objectives.gradientPenalty,
    CRITIC,
    record({ real: fixed(4, 3), fake: fixed(4, 3), u: fixed(4) }),
    record({ weight: WEIGHT }),
  ),
  "objectives.r1Penalty": takes(objectives.r1Penalty, CRITIC, EXAMPLES, record({ gamma: WEIGHT })),
  "objectives.augmentCondition": takes(objectives.augmentCondition, GAUSSIAN, fixed(2, 3)),
  "objectives.ganLosses": takes(
    (options: objectives.GanGameOptions) =>
      objectives.ganLosses({ latentDim: 2, generate: (z) => z, discriminate: (x) => x }, options),
    record({ loss: word("hinge"), gradientPenalty: WEIGHT, r1: WEIGHT, instanceNoise: WEIGHT }),
  ),
  "objectives.wordRegionAttention": takes(
    objectives.wordRegionAttention,
    MATCHING,
    record({ attentionSharpness: SHARPNESS }),
  ),
  "objectives.matchingScores": takes(
    objectives.matchingScores,
    MATCHING,
    record({ attentionSharpness: SHARPNESS, wordSharpness: SHARPNESS }),
  ),
  "objectives.matchingLoss": takes(
    objectives.matchingLoss,
    fixed(3, 3),
    record({ sharpness: SHARPNESS }),
  ),
};

const DENSITIES: Argument = {
  ...numbers([0.25, 0.75]),
  faults: [
    ...numbers([0.25, 0.75]).faults,
    { what: "a density below 0", make: () => [1.25, -0.25] },
    { what: "a number more", make: () => [0.25, 0.5, 0.25] },
  ],
};
const GAME_LOGITS: Argument = {
  valid: () => [0.5, Infinity],
  faults: [
    { what: "a NaN", make: () => [NaN, 1] },
    { what: "a number more", make: () => [0.5, 0, 1] },
  ],
};

const ORACLES: Readonly<Record<string, Subject>> = {
  "oracles.optimalDiscriminator": takes(oracles.optimalDiscriminator, DENSITIES, DENSITIES),
  "oracles.optimalLogits": takes(oracles.optimalLogits, DENSITIES, DENSITIES),
  "oracles.gameValue": takes(oracles.gameValue, GAME_LOGITS, DENSITIES, DENSITIES),
  "oracles.klDiscrete": takes(oracles.klDiscrete, DENSITIES, DENSITIES),
  "oracles.jensenShannon": takes(oracles.jensenShannon, DENSITIES, DENSITIES),
  "oracles.onGrid": takes(
    oracles.onGrid,
    given(() => ({ p: Math.abs, q: Math.abs })),
    record({ from: number(-1), to: number(1), intervals: count(4) }),
  ),
};

const LAYERS: Readonly<Record<string, Subject>> = {
  "nn.SpectralNorm": constructs(
    nn.SpectralNorm,
    sizes(3, 2),
    rng,
    record({ iterations: count(1) }),
  ),
  "nn.SpectralNorm.forward": takes(
    (norm: nn.SpectralNorm, weight: tf.Tensor) => norm.forward(weight),
    fixture(() => new nn.SpectralNorm([3, 2], newRng())),
    fixed(3, 2),
  ),
  "nn.spectralNorm": takes(nn.spectralNorm, record({ iterations: count(1) })),
  "nn.equalizedScale": takes(nn.equalizedScale, sizes(3, 3, 4, 8), POSITIVE),
  "nn.equalized": takes(nn.equalized, POSITIVE),
  "nn.EqualizedRate": constructs(nn.EqualizedRate, sizes(3, 2), POSITIVE),
  "nn.EqualizedRate.forward": takes(
    (rate: nn.EqualizedRate, weight: tf.Tensor) => rate.forward(weight),
    fixture(() => new nn.EqualizedRate([3, 2])),
    fixed(3, 2),
  ),
  "nn.minibatchStandardDeviation": takes(
    nn.minibatchStandardDeviation,
    EXAMPLES,
    record({ groupSize: count(2) }),
  ),
  "nn.pixelNorm": takes(nn.pixelNorm, EXAMPLES),
  "nn.Gru": constructs(nn.Gru, count(2), count(3), rng),
  "nn.Gru.forward": takes(
    (gru: nn.Gru, x: tf.Tensor3D, mask: tf.Tensor2D) => gru.forward(x, mask),
    fixture(() => new nn.Gru(2, 3, newRng())),
    fixed(2, 4, 2),
    fixed(2, 4),
  ),
};

const POINTS = { latentDim: 3, size: 2, width: 4, depth: 2, packing: 2, groupSize: 2 } as const;
const POINTS_CONFIG = record({
  latentDim: count(3),
  size: count(2),
  width: count(4),
  depth: count(2, { min: 2 }),
  norm: word("spectral"),
  packing: count(2),
  groupSize: count(2),
});

const PLANE: Readonly<Record<string, Subject>> = {
  "models.PointGenerator": constructs(models.PointGenerator, POINTS_CONFIG, rng),
  "models.PointGenerator.forward": takes(
    (model: models.PointGenerator, z: tf.Tensor2D) => model.forward(z),
    fixture(() => new models.PointGenerator(POINTS, newRng())),
    tensor([2, 3], { fixed: [1] }),
  ),
  "models.PointDiscriminator": constructs(models.PointDiscriminator, POINTS_CONFIG, rng),
  "models.PointDiscriminator.forward": takes(
    (model: models.PointDiscriminator, x: tf.Tensor2D) => model.forward(x),
    fixture(() => new models.PointDiscriminator(POINTS, newRng())),
    tensor([4, 2], { fixed: [1] }),
  ),
};

/** Two players of a few weights, freed together. */
class SmallGame implements core.Disposable {
  private readonly generator = new nn.Dense(2, 2, newRng());
  private readonly discriminator = new nn.Dense(2, 1, newRng());
  private readonly optimizers = {
    generator: training.sgd(this.generator.namedParameters()),
    discriminator: training.sgd(this.discriminator.namedParameters()),
  };

  async trainOneRound(
    options: Pick<training.GanOptions, "steps" | "reportEvery" | "criticSteps">,
  ): Promise<void> {
    const { generator, discriminator, optimizers } = this;
    const losses = objectives.ganLosses({
      latentDim: 2,
      generate: (z) => generator.forward(z),
      discriminate: (x) => discriminator.forward(x),
    });
    const batches = data.toyBatches(data.moons(), { batchSize: 2, seed: 1 });
    const all = { ...options, batches, optimizers, rng: newRng() };
    const run = training.trainGan({ generator, discriminator }, losses, all);
    await run.next();
    await run.return();
  }

  dispose(): void {
    const { generator, discriminator } = this.optimizers;
    for (const owner of [this.generator, this.discriminator, generator, discriminator]) {
      owner.dispose();
    }
  }
}

export const ADVERSARIAL: Readonly<Record<string, Subject>> = {
  ...LOSSES,
  ...ORACLES,
  ...LAYERS,
  ...PLANE,
  "training.trainGan": takes(
    (game: SmallGame, options: Pick<training.GanOptions, "steps">) => game.trainOneRound(options),
    given(() => new SmallGame()),
    record({ steps: count(1, { min: 0 }), reportEvery: count(1), criticSteps: count(1) }),
  ),
};
