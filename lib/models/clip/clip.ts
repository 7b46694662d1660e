import { assertInteger } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { Images, Tokens } from "../../core/types";
import { tf } from "../../engine/tf";
import { Dense } from "../../nn/dense";
import { constantParameter } from "../../nn/init";
import { Module } from "../../nn/module";
import { ImageTower, type ImageTowerConfig } from "./image-tower";
import { assertTextTower, TextTower, type TextTowerConfig } from "./text-tower";

export type ClipConfig = {
  readonly image: ImageTowerConfig;
  readonly text: TextTowerConfig;
  /** Features in which pictures and captions meet. */
  readonly embeddingSize: number;
};

/** Pictures and captions in one space, not normalised. */
export type ClipEmbeddings = {
  /** `[B, embeddingSize]` */
  readonly image: tf.Tensor2D;
  /** `[B, embeddingSize]` */
  readonly text: tf.Tensor2D;
};

/** log(1 / 0.07), from which the temperature is learned. */
const FIRST_LOG_SCALE = Math.log(1 / 0.07);

/**
 * Two encoders trained so that a picture's embedding lies closest to its own caption's; see
 * `objectives.contrastiveLoss`. Its text tower then conditions text-to-image networks.
 *
 * @see Radford et al. 2021, arXiv:2103.00020v1
 */
export class Clip extends Module {
  readonly imageTower: ImageTower;
  readonly textTower: TextTower;
  readonly imageProjection: Dense;
  readonly textProjection: Dense;
  /** Logarithm of the factor on the cosines, `[]`. */
  readonly logScale: tf.Variable;

  /** @throws ValueError if a size does not fit */
  constructor(
    readonly config: ClipConfig,
    rng: Rng,
  ) {
    super();
    const { image, text, embeddingSize } = config;
    assertInteger("Clip", "embeddingSize", embeddingSize);
    assertTextTower(text);
    this.imageTower = new ImageTower(image, rng);
    this.textTower = new TextTower(text, rng);
    this.imageProjection = new Dense(image.size, embeddingSize, rng, { useBias: false });
    this.textProjection = new Dense(text.size, embeddingSize, rng, { useBias: false });
    this.logScale = constantParameter([], FIRST_LOG_SCALE);
  }

  /** @param images `[B, H, W, C]`, in [−1, 1] @returns `[B, E]`, the caller's @throws ShapeError */
  embedImages(images: Images): tf.Tensor2D {
    return tf.tidy(
      () => this.imageProjection.forward(this.imageTower.forward(images)) as tf.Tensor2D,
    );
  }

  /** @param tokens ids `[B, L]` @returns `[B, E]`, the caller's @throws ShapeError, ValueError */
  embedCaptions(tokens: Tokens): tf.Tensor2D {
    return tf.tidy(
      () => this.textProjection.forward(this.textTower.forward(tokens).pooled) as tf.Tensor2D,
    );
  }

  /** @throws ShapeError, ValueError */
  forward(images: Images, tokens: Tokens): ClipEmbeddings {
    return tf.tidy(() => ({ image: this.embedImages(images), text: this.embedCaptions(tokens) }));
  }
}
