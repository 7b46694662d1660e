import { ShapeError } from "../core/errors";
import { assertFloats, assertInteger, assertOneOf } from "../core/guard";
import type { Rng } from "../core/random";
import { tf } from "../engine/tf";
import { leakyRelu } from "../nn/activations";
import { Dense } from "../nn/dense";
import { minibatchStandardDeviation } from "../nn/minibatch-std";
import { Module } from "../nn/module";
import { Mlp } from "../nn/sequential";
import { spectralNorm } from "../nn/weight-map";

export type PointGanConfig = {
  readonly latentDim: number;
  /** Coordinates of a point. */
  readonly size: number;
  /** Width of the hidden layers. */
  readonly width: number;
  /** Hidden layers of each player, two at least. */
  readonly depth: number;
  /** Of the discriminator: none unless told. */
  readonly norm?: "spectral" | "none";
  /** Points that the discriminator judges together; 1 unless told. */
  readonly packing?: number;
  /** Points that it compares by their standard deviation; none unless told. */
  readonly groupSize?: number;
};

/** z → dense layers with ReLU → a point. */
export class PointGenerator extends Module {
  private readonly layers: Mlp;

  /** @throws ValueError */
  constructor(
    readonly config: PointGanConfig,
    rng: Rng,
  ) {
    super();
    const { latentDim, size } = assertPoints("PointGenerator", config);
    this.layers = new Mlp([latentDim, ...hidden(config), size], rng, { activation: tf.relu });
  }

  /**
   * @param z `[B, latentDim]`
   * @returns `[B, size]`; the caller owns it
   * @throws ShapeError
   */
  forward(z: tf.Tensor2D): tf.Tensor2D {
    assertFloats("PointGenerator", "z", z, ["B", this.config.latentDim]);
    return this.layers.forward(z) as tf.Tensor2D;
  }

  /** `count` points of z ~ N(0, I), `[count, size]`; the caller owns them. */
  sample(count: number, rng: Rng): tf.Tensor2D {
    return tf.tidy(() => this.forward(rng.normal([count, this.config.latentDim])));
  }
}

/**
 * Points → dense layers with leaky ReLU → a logit. Three remedies against mode collapse can be
 * built in: spectral norm, packing (several points get one verdict, so that repetition shows), and
 * the minibatch standard deviation before the last hidden layer.
 *
 * @see packing: Lin, Khetan, Fanti & Oh 2018, arXiv:1712.04086v3, §3
 */
export class PointDiscriminator extends Module {
  private readonly layers: Dense[];
  private readonly last: Dense;
  private readonly out: Dense;

  /** @throws ValueError */
  constructor(
    readonly config: PointGanConfig,
    rng: Rng,
  ) {
    super();
    const { size, norm, groupSize, packing = 1 } = assertPoints("PointDiscriminator", config);
    const options = norm === "spectral" ? { weightMap: spectralNorm() } : {};
    const widths = [size * packing, ...hidden(config).slice(1)];
    this.layers = widths
      .slice(1)
      .map((width, i) => new Dense(widths[i] as number, width, rng, options));
    const extra = groupSize === undefined ? 0 : 1;
    this.last = new Dense(config.width + extra, config.width, rng, options);
    this.out = new Dense(config.width, 1, rng, options);
  }

  /**
   * @param x `[B, size]`, B divisible by `packing`
   * @returns logits `[B / packing]`; the caller owns it
   * @throws ShapeError
   */
  forward(x: tf.Tensor2D): tf.Tensor1D {
    const { size, packing = 1, groupSize } = this.config;
    assertFloats("PointDiscriminator", "x", x, ["B", size]);
    if (x.shape[0] % packing !== 0) {
      throw new ShapeError(
        `PointDiscriminator: ${x.shape[0]} points do not divide into packs of ${packing}.`,
      );
    }
    return tf.tidy(() => {
      const packs = x.reshape([-1, size * packing]);
      const features = this.layers.reduce((h, layer) => leakyRelu(layer.forward(h)), packs);
      const compared =
        groupSize === undefined ? features : minibatchStandardDeviation(features, { groupSize });
      const logits = this.out.forward(leakyRelu(this.last.forward(compared)));
      return logits.reshape<tf.Tensor1D>([-1]);
    });
  }
}

function hidden({ width, depth }: PointGanConfig): number[] {
  return Array.from({ length: depth }, () => width);
}

function assertPoints(where: string, config: PointGanConfig): PointGanConfig {
  const { latentDim, size, width, depth, norm = "none", packing = 1, groupSize = 1 } = config;
  for (const [name, value] of Object.entries({ latentDim, size, width, packing, groupSize })) {
    assertInteger(where, name, value);
  }
  assertInteger(where, "depth", depth, 2);
  assertOneOf(where, "norm", norm, ["spectral", "none"]);
  return config;
}

/** For mixtures in the plane. */
export const POINT_GAN_PRESETS = {
  plane: { latentDim: 2, size: 2, width: 128, depth: 3 },
} as const satisfies Readonly<Record<string, PointGanConfig>>;
