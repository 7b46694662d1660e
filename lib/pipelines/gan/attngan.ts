import type { Rng } from "../../core/random";
import type { Loss } from "../../core/types";
import type { tf } from "../../engine/tf";
import { AttnganGenerator, type AttnganImages } from "../../models/attngan/generator";
import { Module } from "../../nn/module";
import { augmentCondition } from "../../objectives/conditioning";
import type { CaptionEncoders, EncodedCaptions } from "./caption-encoders";
import { type TextGame, textGame } from "./text-game";

/** λ of the paper's eq. 3, which has 5 for birds: the encoders' share in the generator's loss. */
const MATCHING_WEIGHT = 3;

/**
 * Captions → pictures of 16×16 and 32×32, in which every pixel looks at the words; the image encoder
 * must be able to find the caption again.
 *
 * @see Xu et al. 2018, arXiv:1711.10485v1
 */
export class AttnGan extends Module {
  readonly generator: AttnganGenerator;

  /** @param textSize features of a sentence and of a word, `CaptionEncoders.size` */
  constructor(textSize: number, rng: Rng) {
    super();
    this.generator = new AttnganGenerator(
      {
        ...{ latentDim: 16, textSize, conditionSize: 24 },
        ...{ smallSize: 16, imageChannels: 3, channels: 32 },
      },
      rng,
    );
  }

  /** The game at both sizes, on pictures of 32×32. */
  game(encoders: CaptionEncoders, rng: Rng): TextGame {
    return textGame(
      {
        encoders,
        generator: this.generator,
        generate: (text, noise, tokens) => {
          const { small, large, kl } = this.draw(text, noise);
          const matching = encoders.matching(large, text, tokens).mul<Loss>(MATCHING_WEIGHT);
          return { images: [small, large], kl, matching };
        },
        sizes: [16, 32],
      },
      rng,
    );
  }

  /** Both pictures and the attention, for new noise; the caller owns what it gives. */
  draw(text: EncodedCaptions, rng: Rng): AttnganImages & { readonly kl: Loss } {
    const q = this.generator.conditions(text.sentence);
    const { condition, kl } = augmentCondition(q, rng.normal(q.mean.shape));
    const z = rng.normal<tf.Tensor2D>([text.sentence.shape[0], this.generator.config.latentDim]);
    return { ...this.generator.forward(z, condition, text), kl };
  }
}
