import { models, Rng } from "latentlab";

import {
  type Argument,
  count,
  fixture,
  late,
  number,
  record,
  rng,
  sizes,
  tensor,
} from "./argument";
import { constructs, type Subject, takes } from "./subject";

export function smallVae(): models.Vae {
  return new models.Vae({ imageShape: [2, 2, 1], hiddenSizes: [5], latentDim: 3 }, new Rng(1));
}

const VAE = fixture(smallVae);
export const VAE_PICTURES = tensor([2, 2, 2, 1], { fixed: [1, 2, 3] });
const LATENTS = tensor([2, 3], { fixed: [1] });

/** A U-Net of two levels for 8×8 pictures in 3 classes. */
const UNET = {
  imageSize: 8,
  imageChannels: 1,
  baseChannels: 4,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  attentionSizes: [4],
  numGroups: 2,
  numClasses: 3,
};

const ODD_SIZE: Argument = {
  ...count(8),
  faults: [...count(8).faults, { what: "a size that 2 does not divide", make: () => 7 }],
};

const GROUPS: Argument = {
  ...count(2),
  faults: [...count(2).faults, { what: "groups that do not divide 4", make: () => 3 }],
};

/** Channels that two groups divide. */
const GROUPED: Argument = {
  ...count(4),
  faults: [...count(4).faults, { what: "channels that 2 does not divide", make: () => 5 }],
};
const EPSILON = number(1e-5, { min: 0, max: 1 });
const BLOCK_CONFIG = record({ numGroups: GROUPS, timeSize: count(6), epsilon: EPSILON });

/** Sizes at which pixels attend: those of a level. */
const ATTENTION_SIZES: Argument = {
  ...sizes(4),
  faults: [...sizes(4).faults, { what: "a size of no level", make: () => [8, 5] }],
};

const UNET_CONFIG = record({
  imageSize: ODD_SIZE,
  imageChannels: count(1),
  patchSize: count(2),
  baseChannels: count(4),
  channelMultipliers: sizes(1, 2),
  numResBlocks: count(1),
  attentionSizes: ATTENTION_SIZES,
  numGroups: GROUPS,
  numHeads: GROUPS,
  timeSize: count(8, { min: 2 }),
  numClasses: count(3),
});

const NOISY = tensor([2, 8, 8, 1], { fixed: [0, 1, 2, 3] });
const TIMES: Argument = {
  ...tensor([2], { dtype: "int32", fixed: [0] }),
  faults: tensor([2], { dtype: "int32", fixed: [0] }).faults.filter(
    ({ what }) => what !== "float32",
  ),
};
/** For a network with classes they must be there: "undefined" is among the faults. */
const LABELS = tensor([2], { dtype: "int32", fixed: [0] });

const AUTOENCODER = {
  imageSize: 8,
  imageChannels: 1,
  baseChannels: 4,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  latentChannels: 2,
  numGroups: 2,
};
const DIT = { inputSize: 4, inChannels: 1, patchSize: 2, hiddenSize: 8, depth: 1, numHeads: 2 };
const DIT_WITH_CLASSES = { ...DIT, numClasses: 3 };
const DIT_CONFIG = record({
  inputSize: { ...count(4), faults: [...count(4).faults, { what: "odd", make: () => 5 }] },
  inChannels: count(1),
  patchSize: { ...count(2), faults: [...count(2).faults, { what: "3", make: () => 3 }] },
  hiddenSize: { ...count(8), faults: [...count(8).faults, { what: "6", make: () => 6 }] },
  depth: count(1),
  numHeads: { ...count(2), faults: [...count(2).faults, { what: "3", make: () => 3 }] },
  numClasses: count(3),
});
const IMAGE_TOWER = { imageSize: 8, imageChannels: 1, channels: [4, 4], size: 6, numGroups: 2 };
const TEXT_TOWER = { vocabularySize: 9, maxTokens: 5, size: 8, depth: 1, numHeads: 2 };
const IMAGE_TOWER_CONFIG = record({
  imageSize: { ...count(8), faults: [...count(8).faults, { what: "6", make: () => 6 }] },
  imageChannels: count(1),
  channels: sizes(4, 4),
  size: count(6),
  numGroups: GROUPS,
});
const TEXT_TOWER_CONFIG = record({
  vocabularySize: count(9),
  maxTokens: count(5),
  size: count(8),
  depth: count(1),
  numHeads: { ...count(2), faults: [...count(2).faults, { what: "3", make: () => 3 }] },
});
const CLIP_CONFIG = { image: IMAGE_TOWER, text: TEXT_TOWER, embeddingSize: 4 };
const TOKENS = tensor([2, 3], { dtype: "int32" });
const PICTURES = tensor([2, 8, 8, 1], { fixed: [1, 2, 3] });

export const MODELS: Readonly<Record<string, Subject>> = {
  "models.Vae": constructs(
    models.Vae,
    record({ imageShape: sizes(2, 2, 1), hiddenSizes: sizes(5, 4), latentDim: count(3) }),
    rng,
  ),
  "models.Unet": constructs(models.Unet, UNET_CONFIG, rng),
  "models.Unet.forward": takes(
    (unet: models.Unet, ...inputs: [never, never, never]) => unet.forward(...inputs),
    fixture(() => new models.Unet(UNET, new Rng(1))),
    NOISY,
    TIMES,
    LABELS,
  ),
  "models.Autoencoder": constructs(
    models.Autoencoder,
    record({
      imageSize: ODD_SIZE,
      imageChannels: count(1),
      baseChannels: GROUPED,
      channelMultipliers: sizes(1, 2),
      numResBlocks: count(1),
      latentChannels: count(2),
      numGroups: GROUPS,
    }),
    rng,
  ),
  "models.Autoencoder.encode": takes(
    (model: models.Autoencoder, x: never) => model.encode(x),
    fixture(() => new models.Autoencoder(AUTOENCODER, new Rng(1))),
    PICTURES,
  ),
  "models.Autoencoder.decode": takes(
    (model: models.Autoencoder, z: never) => model.decode(z),
    fixture(() => new models.Autoencoder(AUTOENCODER, new Rng(1))),
    tensor([2, 4, 4, 2], { fixed: [1, 2, 3] }),
  ),
  "models.PatchDiscriminator": constructs(
    models.PatchDiscriminator,
    record({ imageChannels: count(1), baseChannels: count(4), depth: count(2) }),
    rng,
  ),
  "models.PatchDiscriminator.forward": takes(
    (judge: models.PatchDiscriminator, x: never) => judge.forward(x),
    fixture(
      () =>
        new models.PatchDiscriminator({ imageChannels: 1, baseChannels: 4, depth: 1 }, new Rng(1)),
    ),
    tensor([2, 8, 8, 1], { fixed: [3] }),
  ),
  "models.Clip": constructs(
    models.Clip,
    record({ image: IMAGE_TOWER_CONFIG, text: TEXT_TOWER_CONFIG, embeddingSize: count(4) }),
    rng,
  ),
  "models.Clip.forward": takes(
    (clip: models.Clip, ...inputs: [never, never]) => clip.forward(...inputs),
    fixture(() => new models.Clip(CLIP_CONFIG, new Rng(1))),
    PICTURES,
    late(TOKENS),
  ),
  "models.ImageTower": constructs(models.ImageTower, IMAGE_TOWER_CONFIG, rng),
  "models.ImageTower.forward": takes(
    (tower: models.ImageTower, x: never) => tower.forward(x),
    fixture(() => new models.ImageTower(IMAGE_TOWER, new Rng(1))),
    PICTURES,
  ),
  "models.TextTower": constructs(models.TextTower, TEXT_TOWER_CONFIG, rng),
  "models.TextTower.forward": takes(
    (tower: models.TextTower, tokens: never) => tower.forward(tokens),
    fixture(() => new models.TextTower(TEXT_TOWER, new Rng(1))),
    TOKENS,
  ),
  "models.Dit": constructs(models.Dit, DIT_CONFIG, rng),
  "models.Dit.forward": takes(
    (dit: models.Dit, ...inputs: [never, never, never]) => dit.forward(...inputs),
    fixture(() => new models.Dit(DIT_WITH_CLASSES, new Rng(1))),
    tensor([2, 4, 4, 1], { fixed: [0, 1, 2, 3] }),
    TIMES,
    LABELS,
  ),
  "models.ResBlock": constructs(models.ResBlock, GROUPED, GROUPED, BLOCK_CONFIG, rng),
  "models.ResBlock.forward": takes(
    (block: models.ResBlock, ...inputs: [never, never]) => block.forward(...inputs),
    fixture(() => new models.ResBlock(4, 8, { numGroups: 2, timeSize: 6 }, new Rng(1))),
    tensor([2, 3, 5, 4], { fixed: [0, 3] }),
    tensor([2, 6], { fixed: [0, 1] }),
  ),
  "models.PixelAttention": constructs(
    models.PixelAttention,
    GROUPED,
    GROUPS,
    record({ numGroups: GROUPS, epsilon: EPSILON }),
    rng,
  ),
  "models.PixelAttention.forward": takes(
    (block: models.PixelAttention, x: never) => block.forward(x),
    fixture(() => new models.PixelAttention(4, 2, { numGroups: 2 }, new Rng(1))),
    tensor([2, 3, 5, 4], { fixed: [3] }),
  ),
  "models.Vae.encode": takes((vae: models.Vae, x: never) => vae.encode(x), VAE, VAE_PICTURES),
  "models.Vae.decode": takes((vae: models.Vae, z: never) => vae.decode(z), VAE, LATENTS),
  "models.Vae.meanImage": takes((vae: models.Vae, z: never) => vae.meanImage(z), VAE, LATENTS),
  "models.Vae.reconstruct": takes(
    (vae: models.Vae, x: never) => vae.reconstruct(x),
    VAE,
    VAE_PICTURES,
  ),
  "models.Vae.sample": takes(
    (vae: models.Vae, n: number, r: Rng) => vae.sample(n, r),
    VAE,
    count(2),
    rng,
  ),
};
