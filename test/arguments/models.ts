import { models, Rng } from "latentlab";

import { type Argument, count, fixture, number, record, rng, sizes, tensor } from "./argument";
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
