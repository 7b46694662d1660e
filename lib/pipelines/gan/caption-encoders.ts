import type { Rng } from "../../core/random";
import type { Images, Loss, Tokens } from "../../core/types";
import { encodeCaptions, VOCABULARY } from "../../data/shapes/vocabulary";
import { tf } from "../../engine/tf";
import { ImageEncoder } from "../../models/attngan/image-encoder";
import { type EncodedText, TextEncoder } from "../../models/attngan/text-encoder";
import { Module } from "../../nn/module";
import {
  matchingLoss,
  matchingScores,
  wordRegionAttention,
} from "../../objectives/image-text-matching";

/** Captions as a text-to-image network sees them. */
export type EncodedCaptions = EncodedText & {
  /** 1 for words, 0 for padding, `[B, T]`, float32. */
  readonly mask: tf.Tensor2D;
};

/**
 * A text and an image encoder for captioned shapes of 32×32, trained to find each other's partner.
 * The GANs take captions from it.
 *
 * @see Xu et al. 2018, arXiv:1711.10485v1, §3.2
 */
export class CaptionEncoders extends Module {
  readonly text: TextEncoder;
  readonly image: ImageEncoder;
  /** Features of a sentence and of a word. */
  readonly size = 32;

  constructor(rng: Rng) {
    super();
    const { size } = this;
    this.text = new TextEncoder(
      { vocabularySize: VOCABULARY.length, embeddingSize: 32, size },
      rng,
    );
    this.image = new ImageEncoder({ imageShape: [32, 32, 3], channels: [32, 64], size }, rng);
  }

  /**
   * The sentence is brought to length √size, so that its features are about 1.
   *
   * @param captions token ids `[B, T]`, int32, 0 for padding, or texts
   * @returns three tensors; the caller owns them
   */
  encode(captions: Tokens | readonly string[]): EncodedCaptions {
    return tf.tidy(() => {
      const tokens = captions instanceof tf.Tensor ? captions : encodeCaptions(captions);
      const mask = tf.cast(tokens.greater(0), "float32") as tf.Tensor2D;
      const { words, sentence } = this.text.forward(tokens, mask);
      const length = sentence.square().mean(1, true).add(1e-12).sqrt();
      return { words, sentence: sentence.div<tf.Tensor2D>(length), mask };
    });
  }

  /**
   * Words against regions and sentences against whole pictures, both ways. Two examples of one
   * caption are no wrong answers to each other.
   *
   * @eq ATTNGAN.11
   * @param x `[B, 32, 32, 3]`, in [−1, 1]
   * @param text of the captions of `x`, from `encode`
   * @param tokens of those captions
   */
  matching(x: Images, { words, sentence, mask }: EncodedCaptions, tokens: Tokens): Loss {
    return tf.tidy(() => {
      const { regions, whole } = this.image.forward(x);
      const alsoFit = sameCaption(tokens);
      const byWords = matchingLoss(matchingScores({ words, mask, regions }), { alsoFit });
      const bySentence = matchingLoss(cosines(whole, sentence), { alsoFit });
      return byWords.add<Loss>(bySentence);
    });
  }

  /** How well each picture fits each caption, by words and as a whole: `[P, Q]`. */
  scores(x: Images, { words, sentence, mask }: EncodedCaptions): tf.Tensor2D {
    return tf.tidy(() => {
      const { regions, whole } = this.image.forward(x);
      const byWords = matchingScores({ words, mask, regions });
      return byWords.add<tf.Tensor2D>(cosines(whole, sentence));
    });
  }

  /**
   * Where each word of its own caption looks in each picture.
   *
   * @returns `[B, T, 8, 8]`, each word's map summing to 1; the caller owns it
   */
  wordMaps(x: Images, { words, mask }: EncodedCaptions): tf.Tensor4D {
    return tf.tidy(() => {
      const { regions } = this.image.forward(x);
      const [batch, places] = regions.shape;
      const each = Array.from({ length: batch }, (_, i) => {
        const at = <T extends tf.Tensor>(tensor: T): T => tensor.slice(i, 1) as T;
        return wordRegionAttention({ words: at(words), mask: at(mask), regions: at(regions) });
      });
      const side = Math.sqrt(places);
      return tf.concat(each).reshape<tf.Tensor4D>([batch, -1, side, side]);
    });
  }
}

/** 1 where two captions are the same, `[B, B]`. */
function sameCaption(tokens: Tokens): tf.Tensor2D {
  const equal = tokens.expandDims(0).equal(tokens.expandDims(1)); // (B, B, T)
  return tf.cast(equal, "float32").min(2);
}

/** Cosine of each row of `a` with each of `b`. */
function cosines(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  const unit = (x: tf.Tensor2D): tf.Tensor2D => x.div(x.square().sum(1, true).add(1e-12).sqrt());
  return tf.matMul(unit(a), unit(b), false, true);
}
