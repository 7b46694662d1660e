import { ValueError } from "../../core/errors";
import { assertFloats, assertInteger, assertSizes } from "../../core/guard";
import type { Rng } from "../../core/random";
import type { Images } from "../../core/types";
import { tf } from "../../engine/tf";
import { leakyRelu } from "../../nn/activations";
import { Conv2d } from "../../nn/conv";
import { Dense } from "../../nn/dense";
import { Module } from "../../nn/module";
import { spectralNorm } from "../../nn/weight-map";

export type TextDiscriminatorConfig = {
  /** [height, width, channels] */
  readonly imageShape: readonly [number, number, number];
  readonly textSize: number;
  /** Channels after each halving of the picture. */
  readonly channels: readonly number[];
  /** Hidden features of the text; 64 unless told. */
  readonly hiddenSize?: number;
};

/** Logits `[B]`, both: of the picture with its text, and of the picture alone. */
export type TextVerdicts = { readonly pair: tf.Tensor1D; readonly alone: tf.Tensor1D };

/**
 * D(x, y) for a text y. The picture shrinks by strided convolutions; what is left of it is seen in
 * two ways, summed over its places and place by place. One logit judges that alone, as in StackGAN++
 * and AttnGAN; the other adds its inner product with features of the text. Zhang et al. put the text
 * beside every place and convolve both: with the product, far fewer rounds make the pictures obey.
 * Spectral norm instead of batch norm in every layer.
 *
 * @see Zhang et al. 2017, arXiv:1612.03242v2, §3.3; Miyato & Koyama 2018, arXiv:1802.05637v2, eq. 3
 */
export class TextDiscriminator extends Module {
  private readonly down: Conv2d[];
  private readonly mix: Conv2d;
  private readonly placed: Dense;
  private readonly readText: Dense;
  private readonly textFeatures: Dense;
  private readonly out: Dense;

  /** @throws ShapeError, ValueError */
  constructor(
    readonly config: TextDiscriminatorConfig,
    rng: Rng,
  ) {
    super();
    const { imageShape, textSize, channels, hiddenSize = 64 } = config;
    assertConfig(config);
    const options = { weightMap: spectralNorm() };
    this.down = channels.map((width, i) => {
      const inputs = i === 0 ? imageShape[2] : (channels[i - 1] as number);
      return new Conv2d(inputs, width, rng, { ...options, kernelSize: 4, stride: 2 });
    });
    const width = channels.at(-1) as number;
    const places = (imageShape[0] * imageShape[1]) / 4 ** channels.length;
    this.mix = new Conv2d(width, width, rng, options);
    this.placed = new Dense(places * width, width, rng, options);
    this.readText = new Dense(textSize, hiddenSize, rng, options);
    this.textFeatures = new Dense(hiddenSize, 2 * width, rng, options);
    this.out = new Dense(2 * width, 1, rng, options);
  }

  /**
   * @eq R.5  D(x, y)
   * @param x `[B, H, W, C]`
   * @param text `[B, textSize]`
   * @returns two tensors; the caller owns them
   * @throws ShapeError
   */
  forward(x: Images, text: tf.Tensor2D): TextVerdicts {
    assertFloats("TextDiscriminator", "x", x, ["B", ...this.config.imageShape]);
    this.assertText(text, x.shape[0]);
    return tf.tidy(() => this.judge(this.features(x), text));
  }

  /** What it sees in pictures `[B, H, W, C]`: `[B, features]`; the caller owns it. @throws ShapeError */
  features(x: Images): tf.Tensor2D {
    assertFloats("TextDiscriminator", "x", x, ["B", ...this.config.imageShape]);
    return tf.tidy(() => {
      const small = this.down.reduce((image, layer) => leakyRelu(layer.forward(image)), x);
      const [batch, height, width] = small.shape;
      const anywhere = leakyRelu(this.mix.forward(small)).sum([1, 2]); // (B, C)
      const somewhere = leakyRelu(this.placed.forward(small.reshape([batch, -1]))); // (B, C)
      const scaled = anywhere.div(Math.sqrt(height * width)); // as large as one place
      return tf.concat2d([scaled as tf.Tensor2D, somewhere as tf.Tensor2D], 1);
    });
  }

  /**
   * The verdicts on `features` with one text each. Real pictures need them once for their own texts
   * and for others'.
   *
   * @throws ShapeError
   */
  judge(features: tf.Tensor2D, text: tf.Tensor2D): TextVerdicts {
    const [batch] = features.shape;
    this.assertText(text, batch);
    return tf.tidy(() => {
      const asked = this.textFeatures.forward(leakyRelu(this.readText.forward(text)));
      const alone = this.out.forward(features).reshape<tf.Tensor1D>([batch]);
      const fit = features.mul(asked).sum(1).div(Math.sqrt(features.shape[1]));
      return { pair: alone.add<tf.Tensor1D>(fit), alone };
    });
  }

  private assertText(text: tf.Tensor2D, batch: number): void {
    assertFloats("TextDiscriminator", "text", text, [batch, this.config.textSize]);
  }
}

function assertConfig(config: TextDiscriminatorConfig): void {
  const { imageShape, textSize, channels, hiddenSize = 64 } = config;
  assertSizes("TextDiscriminator", "imageShape", imageShape);
  assertInteger("TextDiscriminator", "textSize", textSize);
  assertSizes("TextDiscriminator", "channels", channels);
  assertInteger("TextDiscriminator", "the number of channels", channels.length);
  assertInteger("TextDiscriminator", "hiddenSize", hiddenSize);
  const factor = 2 ** channels.length;
  if (imageShape[0] % factor === 0 && imageShape[1] % factor === 0) return;
  throw new ValueError(
    `TextDiscriminator: pictures of ${imageShape[0]} × ${imageShape[1]} cannot be halved ` +
      `${channels.length} times.`,
  );
}
