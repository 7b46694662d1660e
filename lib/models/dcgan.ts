import { ValueError } from "../core/errors";
import { assertFloats, assertInteger, assertOneOf, assertSizes } from "../core/guard";
import type { Rng } from "../core/random";
import type { Images } from "../core/types";
import { tf } from "../engine/tf";
import { leakyRelu } from "../nn/activations";
import { Conv2d, ConvTranspose2d } from "../nn/conv";
import { Dense } from "../nn/dense";
import { normal, xavierUniform } from "../nn/init";
import { Module } from "../nn/module";
import { BatchNorm } from "../nn/norm";
import { spectralNorm } from "../nn/weight-map";

export type DcganConfig = {
  /** [height, width, channels]. Halving an odd size rounds it up: 28, 14, 7, 4. */
  readonly imageShape: readonly [number, number, number];
  readonly latentDim: number;
  /** Channels from the smallest pictures of the generator up; the discriminator has the reverse. */
  readonly channels: readonly number[];
  /** Of the discriminator: "batch" as in the paper unless told. */
  readonly norm?: "batch" | "spectral" | "none";
};

/** The paper's first weights, N(0, 0.02²). */
const WEIGHTS = { weightInit: normal(0.02) } as const;
const STRIDED = { ...WEIGHTS, kernelSize: 4, stride: 2 } as const;

/** Of the discriminator's layers. Without a norm such small weights would let nothing through. */
const OPTIONS_OF_NORM = {
  batch: WEIGHTS,
  spectral: { ...WEIGHTS, weightMap: spectralNorm() },
  none: { weightInit: xavierUniform },
} as const;

/**
 * z → dense → transposed convolutions, each doubling the picture, less a row or column where that is
 * odd; batch norm and ReLU after all but the last, which ends in tanh without batch norm.
 *
 * @see Radford, Metz & Chintala 2016, arXiv:1511.06434v2, §3
 */
export class DcganGenerator extends Module {
  private readonly start: Dense;
  private readonly startNorm: BatchNorm;
  private readonly up: ConvTranspose2d[];
  private readonly norms: BatchNorm[];

  /** @throws ValueError, ShapeError */
  constructor(
    readonly config: DcganConfig,
    rng: Rng,
  ) {
    super();
    const { latentDim, channels, imageShape } = assertDcgan("DcganGenerator", config);
    const [height, width] = sizesOf(config)[0];
    const first = channels[0] as number;
    this.start = new Dense(latentDim, height * width * first, rng, { ...WEIGHTS, useBias: false });
    this.startNorm = new BatchNorm(first);
    const outputs = [...channels.slice(1), imageShape[2]];
    this.up = outputs.map((output, i) => {
      const useBias = i === outputs.length - 1;
      return new ConvTranspose2d(channels[i] as number, output, rng, { ...STRIDED, useBias });
    });
    this.norms = outputs.slice(0, -1).map((output) => new BatchNorm(output));
  }

  /**
   * @param z `[B, latentDim]`
   * @returns `[B, H, W, C]`, in [−1, 1]; the caller owns it
   * @throws ShapeError
   */
  forward(z: tf.Tensor2D): Images {
    assertFloats("DcganGenerator", "z", z, ["B", this.config.latentDim]);
    const sizes = sizesOf(this.config);
    return tf.tidy(() => {
      const seed = this.start.forward(z).reshape([z.shape[0], ...sizes[0], -1]) as Images;
      const first = tf.relu(this.startNorm.forward(seed));
      return this.up.reduce((x, layer, i) => {
        const larger = layer.forward(x, sizes[i + 1]);
        const norm = this.norms[i];
        return norm === undefined ? tf.tanh(larger) : tf.relu(norm.forward(larger));
      }, first);
    });
  }

  /** `count` pictures of z ~ N(0, I), `[count, H, W, C]`; the caller owns them. */
  sample(count: number, rng: Rng): Images {
    return tf.tidy(() => this.forward(rng.normal([count, this.config.latentDim])));
  }
}

/**
 * Strided convolutions, each halving the picture, with leaky ReLU (0.2) and, but for the first,
 * batch norm; then one logit. Its `norm` may be spectral instead, or none, for gradient penalties.
 *
 * @see Radford, Metz & Chintala 2016, arXiv:1511.06434v2, §3
 */
export class DcganDiscriminator extends Module {
  private readonly down: Conv2d[];
  private readonly norms: BatchNorm[];
  private readonly out: Dense;

  /** @throws ValueError, ShapeError */
  constructor(
    readonly config: DcganConfig,
    rng: Rng,
  ) {
    super();
    const { channels, imageShape, norm = "batch" } = assertDcgan("DcganDiscriminator", config);
    const options = OPTIONS_OF_NORM[norm];
    const widths = [...channels].reverse();
    this.down = widths.map((width, i) => {
      const inputs = i === 0 ? imageShape[2] : (widths[i - 1] as number);
      const useBias = i === 0 || norm !== "batch"; // batch norm has its own
      return new Conv2d(inputs, width, rng, { ...STRIDED, ...options, useBias });
    });
    this.norms = norm === "batch" ? widths.slice(1).map((width) => new BatchNorm(width)) : [];
    const [height, width] = sizesOf(config)[0];
    this.out = new Dense(height * width * (channels[0] as number), 1, rng, options);
  }

  /**
   * @param x `[B, H, W, C]`, in [−1, 1]
   * @returns logits `[B]`; the caller owns it
   * @throws ShapeError
   */
  forward(x: Images): tf.Tensor1D {
    return tf.tidy(() => this.out.forward(this.features(x)).reshape([x.shape[0]]));
  }

  /** What the last layer sees, `[B, features]`; the caller owns it. @throws ShapeError */
  features(x: Images): tf.Tensor2D {
    assertFloats("DcganDiscriminator", "x", x, ["B", ...this.config.imageShape]);
    return tf.tidy(() => {
      const small = this.down.reduce((image, layer, i) => {
        const smaller = layer.forward(image);
        const norm = i === 0 ? undefined : this.norms[i - 1];
        return leakyRelu(norm === undefined ? smaller : norm.forward(smaller));
      }, x);
      return small.reshape([x.shape[0], -1]);
    });
  }
}

/** @throws ShapeError, ValueError */
export function assertDcgan(where: string, config: DcganConfig): DcganConfig {
  const { imageShape, latentDim, channels, norm = "batch" } = config;
  assertSizes(where, "imageShape", imageShape);
  assertInteger(where, "latentDim", latentDim);
  assertSizes(where, "channels", channels);
  assertInteger(where, "the number of channels", channels.length);
  assertOneOf(where, "norm", norm, ["batch", "spectral", "none"]);
  const [height, width] = imageShape;
  if (Math.min(height, width) > 2 ** (channels.length - 1)) return config;
  throw new ValueError(
    `${where}: pictures of ${height} × ${width} cannot be halved ${channels.length} times.`,
    "Give fewer channels, or larger pictures.",
  );
}

type Size = readonly [height: number, width: number];

/** From the smallest pictures up to whole ones, one more than there are `channels`. */
function sizesOf({ imageShape: [height, width], channels }: DcganConfig): [Size, ...Size[]] {
  const halved = (times: number): Size => [
    Math.ceil(height / 2 ** times),
    Math.ceil(width / 2 ** times),
  ];
  const larger = channels.map((_, i) => halved(channels.length - 1 - i));
  return [halved(channels.length), ...larger];
}

/** Named by picture and channels. */
export const DCGAN_PRESETS = {
  "28x28": { imageShape: [28, 28, 1], latentDim: 32, channels: [128, 64, 32] },
  "8x8": { imageShape: [8, 8, 1], latentDim: 16, channels: [64, 32] },
} as const satisfies Readonly<Record<string, DcganConfig>>;
