import { compile, models as library, Rng, tf } from "latentlab";

import { models, noise } from "../numbers";
import { alphaBars, UNET, unetName } from "./denoising";
import { loadParameters, type Runnable, type RunOptions, sumOfMagnitudes } from "./training-work";

/** DDIM with the U-Net of ddpm_unet; one timed step, or five checked ones. */
export class Sampling implements Runnable {
  readonly checkSteps = 1;
  private readonly unet: library.Unet;
  private readonly alphaBar = alphaBars("ddpm_unet");
  private readonly x = noise("xT", [models.ddim.images, 32, 32, 1]) as tf.Tensor4D;
  private readonly labels: tf.Tensor1D;
  private readonly move: (x: tf.Tensor4D, t: tf.Tensor1D, numbers: tf.Tensor1D) => tf.Tensor4D;

  constructor(
    private readonly isGuided: boolean,
    private readonly options: RunOptions,
  ) {
    const config = isGuided ? { ...UNET, numClasses: 10 } : UNET;
    this.unet = new library.Unet(config, new Rng(0));
    const extra = isGuided ? models.ddim.params_cfg_extra : [];
    loadParameters(this.unet, [...models.ddpm_unet.params, ...extra], unetName);
    const { images } = models.ddim;
    const classes = Array.from({ length: images }, (_, i) => i % 10);
    this.labels = tf.tensor1d([...classes, ...classes.map(() => 10)], "int32");
    this.move = compile((x, t, numbers) => this.compute(x, t, numbers), {
      compile: options.isCompiled,
    });
  }

  step(): number {
    const times = this.times();
    const count = this.options.isChecking ? 5 : 1;
    let x: tf.Tensor4D = this.x.clone();
    for (let i = 0; i < count; i++) {
      const next = tf.tidy(() => {
        const [t, tNext] = [times[i] as number, times[i + 1] as number];
        const batch = this.isGuided ? 2 * models.ddim.images : models.ddim.images;
        const numbers = [this.alphaBar[t] as number, this.alphaBar[tNext] as number];
        return this.move(x, tf.fill([batch], t, "int32"), tf.tensor1d(numbers));
      });
      x.dispose();
      x = next;
    }
    const mean = tf.tidy(() => x.abs().mean().dataSync());
    x.dispose();
    return mean[0] as number;
  }

  sums(): { weights: number; ema: null } {
    return { weights: sumOfMagnitudes(this.unet.parameters()), ema: null };
  }

  private compute(x: tf.Tensor4D, t: tf.Tensor1D, numbers: tf.Tensor1D): tf.Tensor4D {
    return tf.tidy(() => {
      const [a, b] = tf.unstack(numbers) as [tf.Tensor, tf.Tensor];
      const eps = this.predict(x, t);
      const x0 = x
        .sub(eps.mul(tf.sub(1, a).sqrt()))
        .div(a.sqrt())
        .clipByValue(-1, 1);
      return x0.mul(b.sqrt()).add<tf.Tensor4D>(eps.mul(tf.sub(1, b).sqrt()));
    });
  }

  private predict(x: tf.Tensor4D, t: tf.Tensor1D): tf.Tensor {
    if (!this.isGuided) return this.unet.forward(x, t);
    const both = this.unet.forward(tf.concat([x, x], 0), t, this.labels);
    const [conditional, unconditional] = tf.split(both, 2, 0) as [tf.Tensor, tf.Tensor];
    const { cfg_scale: scale } = models.ddim;
    return unconditional.add(conditional.sub(unconditional).mul(scale));
  }

  /** The first timesteps, descending. */
  private times(): number[] {
    const { steps } = models.ddim;
    const last = models.ddpm_unet.T - 1;
    return Array.from({ length: 6 }, (_, i) => Math.round((last * (steps - 1 - i)) / (steps - 1)));
  }
}
