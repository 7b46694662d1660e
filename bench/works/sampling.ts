import { diffusion, models as library, Rng, samplers, tf } from "latentlab";

import { models, noise } from "../numbers";
import { UNET, unetName } from "./denoising";
import { loadParameters, type Runnable, type RunOptions, sumOfMagnitudes } from "./training-work";

/** DDIM with the U-Net of ddpm_unet; one timed step, or five checked ones. */
export class Sampling implements Runnable {
  readonly checkSteps = 1;
  private readonly unet: library.Unet;
  private readonly x = noise("xT", [models.ddim.images, 32, 32, 1]) as tf.Tensor4D;
  private readonly labels: tf.Tensor1D;
  private readonly sampler: samplers.Sampler<tf.Tensor4D, never>;

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
    const { T, beta_start: betaStart, beta_end: betaEnd } = models.ddpm_unet;
    const schedule = diffusion.linearSchedule(T, { betaStart, betaEnd });
    const sampler = samplers.ddim<tf.Tensor4D, never>((x, t) => this.predict(x, t), schedule, {
      limitX0: samplers.clipTo(-1, 1),
    });
    this.sampler = options.isCompiled ? samplers.compileSampler(sampler) : sampler;
  }

  step(): number {
    const times = this.times().slice(0, this.options.isChecking ? 6 : 2);
    const rng = new Rng(0);
    let x: tf.Tensor4D = this.x.clone();
    for (const { numbers } of this.sampler.moves(times)) {
      const next = tf.tidy(() => {
        const scalars = Object.entries(numbers).map(([name, value]) => [name, tf.scalar(value)]);
        const input = { x, memory: [], condition: undefined, rng };
        return this.sampler.step(input, Object.fromEntries(scalars) as Record<string, tf.Scalar>).x;
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

  /** The works count timesteps from 0. */
  private predict(x: tf.Tensor4D, t: tf.Tensor1D): tf.Tensor4D {
    const index = t.sub<tf.Tensor1D>(tf.scalar(1, "int32"));
    if (!this.isGuided) return this.unet.forward(x, index);
    const both = this.unet.forward(tf.concat([x, x], 0), tf.tile(index, [2]), this.labels);
    const [conditional, unconditional] = tf.split(both, 2, 0) as [tf.Tensor, tf.Tensor];
    const { cfg_scale: scale } = models.ddim;
    return unconditional.add<tf.Tensor4D>(conditional.sub(unconditional).mul(scale));
  }

  /** The first timesteps, descending, counted from 1. */
  private times(): number[] {
    const { steps } = models.ddim;
    const last = models.ddpm_unet.T - 1;
    return Array.from(
      { length: 6 },
      (_, i) => 1 + Math.round((last * (steps - 1 - i)) / (steps - 1)),
    );
  }
}
