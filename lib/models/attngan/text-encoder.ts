import { ValueError } from "../../core/errors";
import { assertDtype, assertFloats, assertInteger, assertShape } from "../../core/guard";
import { gatherRows } from "../../core/ops";
import type { Rng } from "../../core/random";
import { tf } from "../../engine/tf";
import { Gru } from "../../nn/gru";
import { normal, parameter } from "../../nn/init";
import { Module } from "../../nn/module";

export type TextEncoderConfig = {
  readonly vocabularySize: number;
  /** Features of a word before it is read in its sentence. */
  readonly embeddingSize: number;
  /** Features of a word in its sentence, and of the sentence: an even number. */
  readonly size: number;
};

/** A text as numbers. */
export type EncodedText = {
  /** e, `[B, T, size]`; 0 for padding. */
  readonly words: tf.Tensor3D;
  /** ē, `[B, size]` */
  readonly sentence: tf.Tensor2D;
};

/**
 * Reads a text from both ends: a word's vector is the two states after it, the sentence's the two
 * last ones.
 *
 * @see Xu et al. 2018, arXiv:1711.10485v1, §3.2, which has an LSTM where this has a GRU
 */
export class TextEncoder extends Module {
  /** `[vocabularySize, embeddingSize]` */
  private readonly embedding: tf.Variable;
  private readonly forwards: Gru;
  private readonly backwards: Gru;

  /** @throws ValueError */
  constructor(
    readonly config: TextEncoderConfig,
    rng: Rng,
  ) {
    super();
    const { vocabularySize, embeddingSize, size } = config;
    assertInteger("TextEncoder", "vocabularySize", vocabularySize);
    assertInteger("TextEncoder", "embeddingSize", embeddingSize);
    assertInteger("TextEncoder", "size", size, 2);
    if (size % 2 !== 0) throw new ValueError(`TextEncoder: size must be even, got ${size}.`);
    this.embedding = parameter([vocabularySize, embeddingSize], normal(1), rng);
    this.forwards = new Gru(embeddingSize, size / 2, rng);
    this.backwards = new Gru(embeddingSize, size / 2, rng, { isReversed: true });
  }

  /**
   * @param tokens `[B, T]`, int32, 0…vocabularySize − 1
   * @param mask 1 for words, 0 for padding after them, `[B, T]`, float32
   * @returns two tensors; the caller owns them
   * @throws ShapeError
   */
  forward(tokens: tf.Tensor2D, mask: tf.Tensor2D): EncodedText {
    assertShape("TextEncoder", "tokens", tokens, ["B", "T"]);
    assertDtype("TextEncoder", "tokens", tokens, "int32");
    const [batch, length] = tokens.shape;
    assertFloats("TextEncoder", "mask", mask, [batch, length]);
    return tf.tidy(() => {
      const rows = gatherRows(this.embedding, tokens.reshape([-1])); // (B T, embedding)
      const x = rows.reshape<tf.Tensor3D>([batch, length, this.config.embeddingSize]);
      const [forwards, backwards] = [this.forwards, this.backwards].map((gru) =>
        gru.forward(x, mask),
      ) as [tf.Tensor3D, tf.Tensor3D];
      const both = tf.concat3d([forwards, backwards], 2); // (B, T, size)
      const half = this.config.size / 2;
      const last = forwards.slice([0, length - 1, 0], [batch, 1, half]);
      const first = backwards.slice([0, 0, 0], [batch, 1, half]);
      return {
        words: both.mul(mask.expandDims(2)),
        sentence: tf.concat([last, first], 2).reshape<tf.Tensor2D>([batch, this.config.size]),
      };
    });
  }
}
