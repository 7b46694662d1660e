import type { Rng } from "../../core/random";
import type { BatchSource, ExampleBatch, Images } from "../../core/types";
import { tf } from "../../engine/tf";
import { ProganDiscriminator } from "../../models/progan/discriminator";
import { ProganGenerator } from "../../models/progan/generator";
import { Growth, type ProganConfig } from "../../models/progan/growth";
import { averagePool } from "../../nn/resample";
import { ganLosses } from "../../objectives/gan-game";
import { Ema } from "../../training/ema";
import { type GanProgress, trainGan } from "../../training/gan";
import { adam } from "../../training/rules";

export type ProganTraining = {
  /** Pictures of the largest size. */
  readonly batches: BatchSource;
  /** Rounds at each size, from the smallest up; 0 leaves a size out. */
  readonly rounds: readonly number[];
  /** Share of a size's rounds in which it is faded in; ½ unless told. */
  readonly fadeShare?: number;
  readonly learningRate?: number;
  readonly rng: Rng;
  readonly reportEvery?: number;
  /** Ends a size early, as if its rounds were played. */
  readonly signal?: AbortSignal;
  /** As in `trainGan`. */
  readonly compile?: boolean;
};

export type ProganProgress = GanProgress & { readonly stage: number; readonly alpha: number };

/**
 * Train a generator from small pictures to large ones; what it leaves in `generator` is the average
 * over the last rounds. `rounds` of [0, 0, n] trains the same network at full size at once.
 *
 * @see Karras et al. 2018, arXiv:1710.10196v3, §2
 */
export async function* growProgan(
  generator: ProganGenerator,
  options: ProganTraining,
): AsyncGenerator<ProganProgress, void, void> {
  const { rounds, rng, fadeShare = 0.5, learningRate = 2e-3, reportEvery = 1 } = options;
  const discriminator = new ProganDiscriminator(generator.config, rng);
  try {
    let isFirst = true;
    for (const [stage, steps] of rounds.entries()) {
      if (steps === 0) continue;
      const growth = new Growth(stage, isFirst ? 1 : 0);
      const ema = new Ema(generator, { decay: 0.99, warmUp: true });
      const rules = { learningRate, beta1: 0, beta2: 0.99 };
      const optimizers = {
        generator: adam(generator.namedParameters(), rules),
        discriminator: adam(discriminator.namedParameters(), rules),
      };
      const losses = ganLosses(
        {
          latentDim: generator.config.latentDim,
          generate: (z) => generator.forward(z, growth),
          discriminate: (x) => discriminator.forward(x as Images, growth),
        },
        { r1: 1 },
      );
      const batches = shrunk(options.batches, rounds.length - 1 - stage);
      try {
        const { signal, compile } = options;
        const game = { batches, steps, optimizers, ema, rng, signal, compile };
        for await (const progress of trainGan({ generator, discriminator }, losses, game)) {
          const fade = Math.min(1, progress.step / Math.max(1, fadeShare * steps));
          if (!isFirst) growth.alpha = fade;
          const isReported = progress.step % reportEvery === 0 || progress.step === steps;
          if (isReported) yield { ...progress, stage, alpha: isFirst ? 1 : fade };
        }
        ema.copyTo(generator);
      } finally {
        for (const owner of [growth, ema, ...Object.values(optimizers)]) owner.dispose();
      }
      isFirst = false;
    }
  } finally {
    discriminator.dispose();
  }
}

/** Batches of pictures halved so many times. */
function shrunk(source: BatchSource, times: number): BatchSource {
  const at = (step: number): ExampleBatch => {
    const { x, ids } = source.at(step);
    const small = tf.tidy(() => {
      let images = x as Images;
      for (let i = 0; i < times; i++) images = averagePool(images);
      return images.clone();
    });
    x.dispose();
    return { x: small, ids };
  };
  return { ...source, at };
}

/** 8×8, 16×16 and 32×32 RGB. */
export const PROGAN_SHAPES: ProganConfig = {
  latentDim: 24,
  imageChannels: 3,
  startSize: 8,
  channels: [32, 24, 16],
};
