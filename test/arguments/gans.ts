import { type core, models, Rng, type tf } from "latentlab";

import { fixed } from "./adversarial";
import {
  type Argument,
  count,
  fixture,
  number,
  record,
  rng,
  sizes,
  tensor,
  word,
} from "./argument";
import { constructs, type Subject, takes } from "./subject";

const newRng = (): Rng => new Rng(1);

const DCGAN = { imageShape: [8, 8, 1], latentDim: 3, channels: [4, 3] } as const;
const CGAN = { ...DCGAN, numClasses: 3, labelSize: 2 } as const;
const Z = tensor([2, 3], { fixed: [1] });
const PICTURES = tensor([2, 8, 8, 1], { fixed: [1, 2, 3] });
const PICTURES_OF_BATCH = fixed(2, 8, 8, 1);
const LABELS = tensor([2], { fixed: [0], dtype: "int32" });

const DCGAN_FIELDS = {
  imageShape: sizes(8, 8, 1),
  latentDim: count(3),
  channels: sizes(4, 3),
  norm: word("batch"),
};
const DCGAN_CONFIG = record(DCGAN_FIELDS);
const CGAN_CONFIG = record({ ...DCGAN_FIELDS, numClasses: count(3), labelSize: count(2) });

const GANS: Readonly<Record<string, Subject>> = {
  "models.DcganGenerator": constructs(models.DcganGenerator, DCGAN_CONFIG, rng),
  "models.DcganGenerator.forward": takes(
    (model: models.DcganGenerator, z: tf.Tensor2D) => model.forward(z),
    fixture(() => new models.DcganGenerator(DCGAN, newRng())),
    Z,
  ),
  "models.DcganDiscriminator": constructs(models.DcganDiscriminator, DCGAN_CONFIG, rng),
  "models.DcganDiscriminator.forward": takes(
    (model: models.DcganDiscriminator, x: tf.Tensor4D) => model.forward(x),
    fixture(() => new models.DcganDiscriminator(DCGAN, newRng())),
    PICTURES,
  ),
  "models.CganGenerator": constructs(models.CganGenerator, CGAN_CONFIG, rng),
  "models.CganGenerator.forward": takes(
    (model: models.CganGenerator, z: tf.Tensor2D, labels: core.Labels) => model.forward(z, labels),
    fixture(() => new models.CganGenerator(CGAN, newRng())),
    fixed(2, 3),
    LABELS,
  ),
  "models.CganDiscriminator": constructs(models.CganDiscriminator, CGAN_CONFIG, rng),
  "models.CganDiscriminator.forward": takes(
    (model: models.CganDiscriminator, x: tf.Tensor4D, labels: core.Labels) =>
      model.forward(x, labels),
    fixture(() => new models.CganDiscriminator(CGAN, newRng())),
    PICTURES_OF_BATCH,
    LABELS,
  ),
};

const PROGAN = { latentDim: 3, imageChannels: 1, startSize: 4, channels: [3, 2], groupSize: 2 };
const PROGAN_CONFIG = record({
  latentDim: count(3),
  imageChannels: count(1),
  startSize: count(4, { min: 2 }),
  channels: sizes(3, 2),
  groupSize: count(2),
});
const GROWTH = fixture(() => new models.Growth(1, 0.5));

const PROGRESSIVE: Readonly<Record<string, Subject>> = {
  "models.ProganGenerator": constructs(models.ProganGenerator, PROGAN_CONFIG, rng),
  "models.ProganGenerator.forward": takes(
    (model: models.ProganGenerator, z: tf.Tensor2D, growth: models.Growth) =>
      model.forward(z, growth),
    fixture(() => new models.ProganGenerator(PROGAN, newRng())),
    Z,
    GROWTH,
  ),
  "models.ProganDiscriminator": constructs(models.ProganDiscriminator, PROGAN_CONFIG, rng),
  "models.ProganDiscriminator.forward": takes(
    (model: models.ProganDiscriminator, x: tf.Tensor4D, growth: models.Growth) =>
      model.forward(x, growth),
    fixture(() => new models.ProganDiscriminator(PROGAN, newRng())),
    PICTURES,
    GROWTH,
  ),
  "models.Growth": constructs(models.Growth, count(1, { min: 0 }), number(1, { min: 0, max: 1 })),
  "models.fadeIn": takes(models.fadeIn, fixed(2, 4, 4, 3), fixed(2, 4, 4, 3), tensor([])),
};

const TEXT_FIELDS = { textSize: count(3), conditionSize: count(2) };
const TEXT = tensor([2, 3], { fixed: [1] });
const CONDITION = fixed(2, 2);
const STAGE_TWO = { imageChannels: 1, textSize: 3, conditionSize: 2, channels: 3 };
const TEXT_DISCRIMINATOR = { imageShape: [8, 8, 1], textSize: 3, channels: [3, 2] } as const;

const STACKED: Readonly<Record<string, Subject>> = {
  "models.ConditioningAugmentation": constructs(
    models.ConditioningAugmentation,
    count(3),
    count(2),
    rng,
  ),
  "models.ConditioningAugmentation.forward": takes(
    (model: models.ConditioningAugmentation, text: tf.Tensor2D) => model.forward(text),
    fixture(() => new models.ConditioningAugmentation(3, 2, newRng())),
    TEXT,
  ),
  "models.StageOneGenerator": constructs(
    models.StageOneGenerator,
    record({ ...DCGAN_FIELDS, ...TEXT_FIELDS }),
    rng,
  ),
  "models.StageOneGenerator.forward": takes(
    (model: models.StageOneGenerator, z: tf.Tensor2D, condition: tf.Tensor2D) =>
      model.forward(z, condition),
    fixture(() => new models.StageOneGenerator({ ...DCGAN, ...STAGE_TWO, ...DCGAN }, newRng())),
    fixed(2, 3),
    CONDITION,
  ),
  "models.StageTwoGenerator": constructs(
    models.StageTwoGenerator,
    record({
      imageChannels: count(1),
      ...TEXT_FIELDS,
      channels: count(3),
      numResBlocks: count(1, { min: 0 }),
    }),
    rng,
  ),
  "models.StageTwoGenerator.forward": takes(
    (model: models.StageTwoGenerator, small: tf.Tensor4D, condition: tf.Tensor2D) =>
      model.forward(small, condition),
    fixture(() => new models.StageTwoGenerator(STAGE_TWO, newRng())),
    tensor([2, 4, 4, 1], { fixed: [0, 3] }),
    CONDITION,
  ),
  "models.TextDiscriminator": constructs(
    models.TextDiscriminator,
    record({
      imageShape: sizes(8, 8, 1),
      textSize: count(3),
      channels: sizes(3, 2),
      hiddenSize: count(2),
    }),
    rng,
  ),
  "models.TextDiscriminator.forward": takes(
    (model: models.TextDiscriminator, x: tf.Tensor4D, text: tf.Tensor2D) => model.forward(x, text),
    fixture(() => new models.TextDiscriminator(TEXT_DISCRIMINATOR, newRng())),
    PICTURES_OF_BATCH,
    fixed(2, 3),
  ),
};

const ATTNGAN = {
  latentDim: 2,
  textSize: 4,
  conditionSize: 2,
  smallSize: 4,
  imageChannels: 1,
  channels: 3,
};
const ENCODER = { vocabularySize: 5, embeddingSize: 3, size: 4 };
const EVEN: Argument = {
  ...count(4, { min: 2 }),
  faults: [...count(4, { min: 2 }).faults, { what: "an odd number", make: () => 5 }],
};

const ATTENTIVE: Readonly<Record<string, Subject>> = {
  "models.TextEncoder": constructs(
    models.TextEncoder,
    record({ vocabularySize: count(5), embeddingSize: count(3), size: EVEN }),
    rng,
  ),
  "models.TextEncoder.forward": takes(
    (model: models.TextEncoder, tokens: tf.Tensor2D, mask: tf.Tensor2D) =>
      model.forward(tokens, mask),
    fixture(() => new models.TextEncoder(ENCODER, newRng())),
    tensor([2, 3], { fixed: [0, 1], dtype: "int32" }),
    fixed(2, 3),
  ),
  "models.ImageEncoder": constructs(
    models.ImageEncoder,
    record({ imageShape: sizes(8, 8, 1), channels: sizes(3, 2), size: count(4) }),
    rng,
  ),
  "models.ImageEncoder.forward": takes(
    (model: models.ImageEncoder, x: tf.Tensor4D) => model.forward(x),
    fixture(
      () => new models.ImageEncoder({ imageShape: [8, 8, 1], channels: [3], size: 4 }, newRng()),
    ),
    PICTURES,
  ),
  "models.AttnganGenerator": constructs(
    models.AttnganGenerator,
    record(Object.fromEntries(Object.entries(ATTNGAN).map(([key, size]) => [key, count(size)]))),
    rng,
  ),
  "models.AttnganGenerator.forward": takes(
    (
      model: models.AttnganGenerator,
      z: tf.Tensor2D,
      condition: tf.Tensor2D,
      words: models.WordsOfText,
    ) => model.forward(z, condition, words),
    fixture(() => new models.AttnganGenerator(ATTNGAN, newRng())),
    fixed(2, 2),
    fixed(2, 2),
    record({ words: fixed(2, 3, 4), mask: fixed(2, 3) }),
  ),
  "models.wordContext": takes(
    models.wordContext,
    tensor([2, 5, 4], { fixed: [0, 2] }),
    fixed(2, 3, 4),
    fixed(2, 3),
  ),
};

export const GAN_MODELS: Readonly<Record<string, Subject>> = {
  ...GANS,
  ...PROGRESSIVE,
  ...STACKED,
  ...ATTENTIVE,
};
