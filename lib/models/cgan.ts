import { assertFloats, assertInteger, assertShape } from "../core/guard";
import type { Rng } from "../core/random";
import type { Images, Labels } from "../core/types";
import { tf } from "../engine/tf";
import { LabelEmbedding } from "../nn/embedding";
import { normal } from "../nn/init";
import { Module } from "../nn/module";
import { assertDcgan, type DcganConfig, DcganDiscriminator, DcganGenerator } from "./dcgan";

export type CganConfig = DcganConfig & {
  readonly numClasses: number;
  /** Features of a label beside z; 8 unless told. */
  readonly labelSize?: number;
};

/**
 * G(z, y): a DCGAN whose z has the label's vector beside it.
 *
 * @see Mirza & Osindero 2014, arXiv:1411.1784v1, §3.2
 */
export class CganGenerator extends Module {
  private readonly labels: LabelEmbedding;
  private readonly generator: DcganGenerator;

  /** @throws ValueError, ShapeError */
  constructor(
    readonly config: CganConfig,
    rng: Rng,
  ) {
    super();
    const { numClasses, labelSize = 8, latentDim } = assertCgan("CganGenerator", config);
    this.labels = new LabelEmbedding(numClasses, labelSize, rng, { weightInit: normal(1) });
    this.generator = new DcganGenerator({ ...config, latentDim: latentDim + labelSize }, rng);
  }

  /**
   * @eq R.5  G(z, y)
   * @param z `[B, latentDim]`
   * @param labels `[B]`, int32, 0…K−1
   * @returns `[B, H, W, C]`, in [−1, 1]; the caller owns it
   * @throws ShapeError
   */
  forward(z: tf.Tensor2D, labels: Labels): Images {
    assertFloats("CganGenerator", "z", z, ["B", this.config.latentDim]);
    assertShape("CganGenerator", "labels", labels, [z.shape[0]]);
    return tf.tidy(() => this.generator.forward(tf.concat2d([z, this.labels.forward(labels)], 1)));
  }

  /** One picture of each label, z ~ N(0, I): `[B, H, W, C]`; the caller owns them. */
  sample(labels: Labels, rng: Rng): Images {
    return tf.tidy(() =>
      this.forward(rng.normal([labels.shape[0], this.config.latentDim]), labels),
    );
  }
}

/**
 * D(x, y): a DCGAN discriminator that sees the label as one more channel of the picture, a learnt
 * picture for each class.
 *
 * @see Mirza & Osindero 2014, arXiv:1411.1784v1, §3.2
 */
export class CganDiscriminator extends Module {
  private readonly labels: LabelEmbedding;
  private readonly discriminator: DcganDiscriminator;

  /** @throws ValueError, ShapeError */
  constructor(
    readonly config: CganConfig,
    rng: Rng,
  ) {
    super();
    const { numClasses, imageShape } = assertCgan("CganDiscriminator", config);
    const [height, width, channels] = imageShape;
    const wider = { ...config, imageShape: [height, width, channels + 1] as const };
    this.discriminator = new DcganDiscriminator(wider, rng);
    this.labels = new LabelEmbedding(numClasses, height * width, rng, { weightInit: normal(1) });
  }

  /**
   * @eq R.5  D(x, y)
   * @param x `[B, H, W, C]`, in [−1, 1]
   * @param labels `[B]`, int32, 0…K−1
   * @returns logits `[B]`; the caller owns it
   * @throws ShapeError
   */
  forward(x: Images, labels: Labels): tf.Tensor1D {
    assertFloats("CganDiscriminator", "x", x, ["B", ...this.config.imageShape]);
    assertShape("CganDiscriminator", "labels", labels, [x.shape[0]]);
    const [height, width] = this.config.imageShape;
    return tf.tidy(() => {
      const plane = this.labels.forward(labels).reshape<Images>([-1, height, width, 1]);
      return this.discriminator.forward(tf.concat4d([x, plane], 3));
    });
  }
}

function assertCgan(where: string, config: CganConfig): CganConfig {
  const { numClasses, labelSize = 8 } = config;
  assertDcgan(where, config);
  assertInteger(where, "numClasses", numClasses);
  assertInteger(where, "labelSize", labelSize);
  return config;
}
