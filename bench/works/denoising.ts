import { core, models as library, nn, Rng, tf } from "latentlab";

import { batchShape, type Draws, labels, models } from "../numbers";
import { Dit } from "./dit";
import type { Network } from "./training-work";

/** ᾱ_t of t = 0…T−1, `[T]`, float32; the caller owns it. */
export function alphaBars(work: "ddpm_unet" | "dit_tiny"): number[] {
  const { T, beta_start: first, beta_end: last } = models[work];
  let product = 1;
  return Array.from(
    { length: T },
    (_, t) => (product *= 1 - first - ((last - first) * t) / (T - 1)),
  );
}

/** mean (ε̂ − ε)² at x_t = √ᾱ x + √(1 − ᾱ) ε. */
function denoisingLoss(
  predict: (xt: tf.Tensor4D) => tf.Tensor,
  x: tf.Tensor,
  eps: tf.Tensor,
  alphaBar: tf.Tensor,
): tf.Scalar {
  const signal = alphaBar.reshape([-1, 1, 1, 1]);
  const noise = tf.sub(1, signal);
  const xt = x.mul(signal.sqrt()).add<tf.Tensor4D>(eps.mul(noise.sqrt()));
  return predict(xt).sub(eps).square().mean();
}

export const UNET: library.UnetConfig = {
  imageSize: 32,
  imageChannels: 1,
  baseChannels: 32,
  channelMultipliers: [1, 2, 2],
  numResBlocks: 2,
  attentionSizes: [8],
  numGroups: 8,
  timeSize: 128,
};

/** A path of the library's U-Net as works.json names it. */
export function unetName(path: string): string {
  return path
    .replace("convIn", "conv_in")
    .replace(/(res[.\d]*|res\d)\.time\./, "$1.temb.")
    .replace("projection", "proj")
    .replace("down.0.resize", "down.0.down.conv")
    .replace("down.1.resize", "down.1.down.conv")
    .replace("up.0.resize", "up.0.up.conv")
    .replace("up.1.resize", "up.1.up.conv")
    .replace(/(norm\d?)\.weight/, "$1.gain")
    .replace("label.weight", "label.embed")
    .replace("weight", "kernel");
}

function drawNoiseAndTime(work: "ddpm_unet" | "dit_tiny"): (rng: Rng) => Draws {
  const { batch, T } = models[work];
  return (rng) => ({ eps: rng.normal(batchShape(work)), t: rng.integers([batch], 0, T) });
}

export function ddpmUnet(): Network {
  const unet = new library.Unet(UNET, new Rng(0));
  const table = tf.tensor1d(alphaBars("ddpm_unet"));
  return {
    module: unet,
    nameOf: unetName,
    loss: (x, { eps, t }) =>
      denoisingLoss(
        (xt) => unet.forward(xt, t as tf.Tensor1D),
        x,
        eps as tf.Tensor,
        core.gatherRows(table, t as tf.Tensor1D),
      ),
    draw: drawNoiseAndTime("ddpm_unet"),
  };
}

export function ditTiny(): Network {
  const dit = new Dit(new Rng(0));
  const table = tf.tensor1d(alphaBars("dit_tiny"));
  const given = labels("dit_tiny");
  const { batch, label_drop: dropShare, num_classes: nullLabel } = models.dit_tiny;
  const drawBasics = drawNoiseAndTime("dit_tiny");
  return {
    module: dit,
    nameOf: (path) => path.replace("label.weight", "label.embed").replace("weight", "kernel"),
    loss: (x, { eps, t, drop }) => {
      const seen = tf.where(drop as tf.Tensor1D, tf.fill([batch], nullLabel, "int32"), given);
      return denoisingLoss(
        (xt) =>
          core.dataParallel([xt, t as tf.Tensor1D, seen as tf.Tensor1D], (...part) =>
            dit.forward(...part),
          ),
        x,
        eps as tf.Tensor,
        core.gatherRows(table, t as tf.Tensor1D),
      );
    },
    draw: (rng) => ({ ...drawBasics(rng), drop: rng.uniform([batch]).less(dropShare) }),
  };
}

/** A score network on points of the plane, VE SDE. */
class ScoreMlp extends nn.Module {
  readonly x: nn.Dense;
  readonly t: nn.Dense;
  readonly h0: nn.Dense;
  readonly h1: nn.Dense;
  readonly out: nn.Dense;

  constructor(rng: Rng) {
    super();
    this.x = new nn.Dense(2, 128, rng);
    this.t = new nn.Dense(32, 128, rng);
    this.h0 = new nn.Dense(128, 128, rng);
    this.h1 = new nn.Dense(128, 128, rng);
    this.out = new nn.Dense(128, 2, rng);
  }

  forward(x: tf.Tensor, waves: tf.Tensor): tf.Tensor {
    const h = nn.silu(this.x.forward(x).add(this.t.forward(waves)));
    return this.out.forward(nn.silu(this.h1.forward(nn.silu(this.h0.forward(h)))));
  }
}

export function scoreMlp(frequencies: tf.Tensor): Network {
  const network = new ScoreMlp(new Rng(0));
  const { batch, sigma } = models.score_mlp;
  return {
    module: network,
    nameOf: (path) => path.replace("weight", "kernel"),
    loss: (x, draws) => {
      const [eps, t] = [draws["eps"] as tf.Tensor, draws["t"] as tf.Tensor];
      const variance = tf
        .pow(sigma, t.mul(2))
        .sub(1)
        .div(2 * Math.log(sigma));
      const std = variance.sqrt().expandDims(1); // (B, 1)
      const angle = t
        .expandDims(1)
        .mul(2 * Math.PI)
        .mul(frequencies); // (B, 16)
      const waves = tf.concat([angle.sin(), angle.cos()], 1);
      const score = core
        .dataParallel([x.add(std.mul(eps)), waves], (...part) => network.forward(...part))
        .div(std);
      return score.mul(std).add(eps).square().sum(1).mean();
    },
    draw: (rng) => ({ eps: rng.normal([batch, 2]), t: rng.uniform([batch], 1e-5, 1) }),
  };
}
