import type { Rng } from "../../core/random";
import type { Images } from "../../core/types";
import { tf } from "../../engine/tf";
import { StageOneGenerator, StageTwoGenerator } from "../../models/stackgan/generators";
import { Module } from "../../nn/module";
import { augmentCondition } from "../../objectives/conditioning";
import type { CaptionEncoders, EncodedCaptions } from "./caption-encoders";
import { type Generated, type TextGame, textGame } from "./text-game";

export type StackGanOptions = {
  /** Draw the condition from a Gaussian around the caption (default), or take its mean. */
  readonly augment?: boolean;
  /** Height of stage I's pictures, 16 unless told: with 32 it draws the large ones at once. */
  readonly firstSize?: 16 | 32;
};

/** Channels of stage I, from its smallest pictures up. */
const CHANNELS = { 16: [64, 32], 32: [64, 32, 16] } as const;

/**
 * Captions → pictures of 16×16 → pictures of 32×32.
 *
 * @see Zhang et al. 2017, arXiv:1612.03242v2
 */
export class StackGan extends Module {
  readonly stageOne: StageOneGenerator;
  readonly stageTwo: StageTwoGenerator;
  private readonly augment: boolean;
  private readonly firstSize: 16 | 32;

  /** @param textSize features of a sentence, `CaptionEncoders.size` */
  constructor(
    textSize: number,
    rng: Rng,
    { augment = true, firstSize = 16 }: StackGanOptions = {},
  ) {
    super();
    this.augment = augment;
    this.firstSize = firstSize;
    const condition = { textSize, conditionSize: 24 };
    this.stageOne = new StageOneGenerator(
      {
        ...{ ...condition, latentDim: 16 },
        ...{ imageShape: [firstSize, firstSize, 3], channels: CHANNELS[firstSize] },
      },
      rng,
    );
    this.stageTwo = new StageTwoGenerator(
      { ...condition, imageChannels: 3, channels: 16, numResBlocks: 1 },
      rng,
    );
  }

  /** The game of one stage, on pictures of its size; in that of stage II, stage I is not trained. */
  gameOf(stage: 1 | 2, encoders: CaptionEncoders, rng: Rng): TextGame {
    const isFirst = stage === 1;
    return textGame(
      {
        encoders,
        generator: isFirst ? this.stageOne : this.stageTwo,
        generate: (text, noise) => (isFirst ? this.small(text, noise) : this.large(text, noise)),
        sizes: [isFirst ? this.firstSize : 2 * this.firstSize],
        klWeight: this.augment ? 0.02 : 0,
      },
      rng,
    );
  }

  /** Pictures of stage I, `[B, 16, 16, 3]` unless its size was told; the caller owns what it gives. */
  small(text: EncodedCaptions, rng: Rng): Generated {
    const { condition, kl } = this.condition(this.stageOne, text, rng);
    const z = rng.normal<tf.Tensor2D>([text.sentence.shape[0], this.stageOne.config.latentDim]);
    return { images: [this.stageOne.forward(z, condition)], kl };
  }

  /** Pictures of stage II, `[B, 32, 32, 3]`; the caller owns what it gives. */
  large(text: EncodedCaptions, rng: Rng): Generated {
    const small = this.small(text, rng).images[0] as Images;
    const { condition, kl } = this.condition(this.stageTwo, text, rng);
    return { images: [this.stageTwo.forward(small, condition)], kl };
  }

  private condition(
    stage: StageOneGenerator | StageTwoGenerator,
    { sentence }: EncodedCaptions,
    rng: Rng,
  ): ReturnType<typeof augmentCondition> {
    const q = stage.conditions(sentence);
    const noise = rng.normal<tf.Tensor2D>(q.mean.shape);
    return augmentCondition(q, this.augment ? noise : tf.zerosLike(noise));
  }
}
