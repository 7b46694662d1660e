import { core, models as library, nn, objectives, Rng, tf } from "latentlab";

import { type Draws, models } from "../numbers";
import type { Network } from "./training-work";

type Encoded = { readonly mean: tf.Tensor2D; readonly logVar: tf.Tensor2D };

/** An encoder and a decoder to logits. */
interface AutoEncoder {
  encode(x: tf.Tensor): Encoded;
  decode(z: tf.Tensor2D): tf.Tensor;
}

/** (sum of cross-entropies + sum of KL) / batch. */
function negativeElbo(vae: AutoEncoder, x: tf.Tensor, eps: tf.Tensor): tf.Scalar {
  return core.dataParallel([x, eps], (...part) => negativeElbos(vae, ...part)).mean();
}

/** Of each example, (B). */
function negativeElbos(vae: AutoEncoder, x: tf.Tensor, eps: tf.Tensor): tf.Tensor {
  const { mean, logVar } = vae.encode(x);
  const z = mean.add<tf.Tensor2D>(logVar.mul(0.5).exp().mul(eps));
  const reconstruction = objectives.bernoulliLogLikelihood(vae.decode(z), x); // (B)
  return objectives.klToStandardNormal({ mean, logVar }).sub(reconstruction);
}

function draw(work: "vae_mlp" | "vae_conv"): (rng: Rng) => Draws {
  const { batch, latent } = models[work];
  return (rng) => ({ eps: rng.normal([batch, latent]) });
}

/** The library's VAE 784-400-20. */
export function vaeMlp(): Network {
  const vae = new library.Vae(library.VAE_PRESETS["784-400-20"], new Rng(0));
  const { batch } = models.vae_mlp;
  return {
    module: vae,
    nameOf: (path) =>
      path
        .replace("encoder.0", "enc.hidden")
        .replace("encoderMean", "enc.mu")
        .replace("encoderLogVar", "enc.logvar")
        .replace("decoder.0", "dec.hidden")
        .replace("decoderLogits", "dec.out")
        .replace("weight", "kernel"),
    loss: (x, { eps }) =>
      negativeElbo(vae, x.reshape([batch, ...vae.config.imageShape]), eps as tf.Tensor),
    draw: draw("vae_mlp"),
  };
}

/** Strided convolutions down to 4 × 4, and back. */
class ConvVae extends nn.Module implements AutoEncoder {
  readonly enc: Record<string, nn.Conv2d | nn.Dense>;
  readonly dec: Record<string, nn.ConvTranspose2d | nn.Dense>;

  constructor(rng: Rng) {
    super();
    const down = { kernelSize: 4, stride: 2 };
    const { latent } = models.vae_conv;
    this.enc = {
      c0: new nn.Conv2d(1, 32, rng, down),
      c1: new nn.Conv2d(32, 64, rng, down),
      c2: new nn.Conv2d(64, 128, rng, down),
      mu: new nn.Dense(2048, latent, rng),
      logvar: new nn.Dense(2048, latent, rng),
    };
    this.dec = {
      fc: new nn.Dense(latent, 2048, rng),
      t0: new nn.ConvTranspose2d(128, 64, rng, down),
      t1: new nn.ConvTranspose2d(64, 32, rng, down),
      t2: new nn.ConvTranspose2d(32, 1, rng, down),
    };
  }

  encode(x: tf.Tensor): Encoded {
    const { c0, c1, c2, mu, logvar } = this.enc as Record<string, nn.Conv2d> & {
      readonly mu: nn.Dense;
      readonly logvar: nn.Dense;
    };
    const pixels = [c0, c1, c2].reduce(
      (h, layer) => tf.relu((layer as nn.Conv2d).forward(h)),
      x as tf.Tensor4D,
    );
    const features = pixels.reshape([x.shape[0] as number, -1]);
    return {
      mean: mu.forward(features) as tf.Tensor2D,
      logVar: logvar.forward(features) as tf.Tensor2D,
    };
  }

  decode(z: tf.Tensor2D): tf.Tensor {
    const { fc, t0, t1, t2 } = this.dec as { fc: nn.Dense } & Record<string, nn.ConvTranspose2d>;
    const h = tf.relu(fc.forward(z)).reshape<tf.Tensor4D>([-1, 4, 4, 128]);
    const up = [t0, t1].reduce((g, layer) => tf.relu((layer as nn.ConvTranspose2d).forward(g)), h);
    return (t2 as nn.ConvTranspose2d).forward(up);
  }
}

export function vaeConv(): Network {
  const vae = new ConvVae(new Rng(0));
  return {
    module: vae,
    nameOf: (path) => path.replace("weight", "kernel"),
    loss: (x, { eps }) => negativeElbo(vae, x, eps as tf.Tensor),
    draw: draw("vae_conv"),
  };
}
