import type { Rng } from "../../core/random";
import type { Images, Loss, Tokens } from "../../core/types";
import { tf } from "../../engine/tf";
import { TextDiscriminator, type TextVerdicts } from "../../models/stackgan/discriminator";
import { Module } from "../../nn/module";
import { averagePool } from "../../nn/resample";
import { discriminatorLoss, generatorLoss, matchingAwareLoss } from "../../objectives/adversarial";
import type { LossParts } from "../../training/gradients";
import type { Players } from "../../training/players";
import type { LossFunction } from "../../training/train";
import type { CaptionEncoders, EncodedCaptions } from "./caption-encoders";

/** A generator's answer to a batch of captions. */
export type Generated = {
  /** From the smallest up, each of twice the size of the one before. */
  readonly images: readonly Images[];
  /** What the sampled conditions cost, nats. */
  readonly kl: Loss;
  /** A further loss of the generator. */
  readonly matching?: Loss;
};

/** Two players and what they minimise, for `training.trainGan`. */
export type TextGame = {
  readonly players: Players<Module>;
  readonly losses: Players<LossFunction>;
};

export type TextGameOptions = {
  readonly encoders: CaptionEncoders;
  readonly generator: Module;
  readonly generate: (text: EncodedCaptions, rng: Rng, tokens: Tokens) => Generated;
  /** Heights of the pictures, from the smallest up; the last is that of the batches. */
  readonly sizes: readonly number[];
  /** What a nat of the sampled conditions costs; 0.02 unless told. */
  readonly klWeight?: number;
};

/** Channels after each halving, by the picture's height. */
const CHANNELS: Readonly<Record<number, readonly number[]>> = { 16: [32, 64], 32: [16, 32, 64] };
/** Spectral norm keeps a discriminator's slope below 1; its verdicts would hardly leave 0. */
const LOGIT_SCALE = 10;

/** One discriminator for each size of picture. */
class TextDiscriminators extends Module {
  readonly bySize: TextDiscriminator[];

  constructor(sizes: readonly number[], textSize: number, rng: Rng) {
    super();
    this.bySize = sizes.map((size) => {
      const channels = CHANNELS[size] ?? [];
      return new TextDiscriminator({ imageShape: [size, size, 3], textSize, channels }, rng);
    });
  }
}

/**
 * The game of pictures and captions. Discriminators judge a picture with its caption and alone, and
 * must refuse real pictures with the caption of the batch's next one.
 *
 * @eq R.5
 * @param rng first weights of the discriminators; the caller owns them
 * @see Zhang et al. 2017, arXiv:1612.03242v2, §3.3; Xu et al. 2018, arXiv:1711.10485v1, eq. 3–5
 */
export function textGame(options: TextGameOptions, rng: Rng): TextGame {
  const { encoders, generator, generate, sizes, klWeight = 0.02 } = options;
  const discriminator = new TextDiscriminators(sizes, encoders.size, rng);
  const play = (tokens: Tokens, noise: Rng): Generated & { sentence: tf.Tensor2D } => {
    const text = encoders.encode(tokens);
    return { ...generate(text, noise, tokens), sentence: text.sentence };
  };
  return {
    players: { generator, discriminator },
    losses: {
      discriminator: ({ x, tokens }, noise) => {
        const { images, sentence } = play(tokens as Tokens, noise);
        const real = pyramid(x as Images, images.length);
        return total(
          discriminator.bySize.map((judge, level) =>
            judgeLoss(judge, [real[level], images[level]] as [Images, Images], sentence),
          ),
        );
      },
      generator: ({ tokens }, noise): LossParts => {
        const { images, sentence, kl, matching } = play(tokens as Tokens, noise);
        const adversary = total(
          discriminator.bySize.map((judge, level) => {
            const seen = judge.features(images[level] as Images);
            const { pair, alone } = verdicts(judge, seen, sentence);
            return generatorLoss(pair).add<Loss>(generatorLoss(alone));
          }),
        );
        const loss = adversary.add<Loss>(kl.mul(klWeight));
        if (matching === undefined) return { loss, adversary, kl };
        return { loss: loss.add<Loss>(matching), adversary, kl, matching };
      },
    },
  };
}

/** @param features what the judge sees in pictures */
function verdicts(
  judge: TextDiscriminator,
  features: tf.Tensor2D,
  sentence: tf.Tensor2D,
): TextVerdicts {
  const { pair, alone } = judge.judge(features, sentence);
  return { pair: pair.mul(LOGIT_SCALE), alone: alone.mul(LOGIT_SCALE) };
}

function judgeLoss(
  judge: TextDiscriminator,
  [real, fake]: readonly [Images, Images],
  sentence: tf.Tensor2D,
): Loss {
  const seen = judge.features(real);
  const right = verdicts(judge, seen, sentence);
  const wrong = verdicts(judge, seen, nextOnes(sentence));
  const made = verdicts(judge, judge.features(fake), sentence);
  const ofPairs = matchingAwareLoss(right.pair, wrong.pair, made.pair);
  return ofPairs.add<Loss>(discriminatorLoss(right.alone, made.alone));
}

/** Each row's next one, and the first after the last. */
function nextOnes(rows: tf.Tensor2D): tf.Tensor2D {
  const [count] = rows.shape;
  return tf.concat2d([rows.slice([1, 0], [count - 1, -1]), rows.slice([0, 0], [1, -1])], 0);
}

/** The pictures and their halves, `levels` of them, the smallest first. */
function pyramid(x: Images, levels: number): Images[] {
  const images = [x];
  while (images.length < levels) images.unshift(averagePool(images[0] as Images));
  return images;
}

function total(losses: readonly Loss[]): Loss {
  return losses.reduce((sum, loss) => sum.add<Loss>(loss));
}
