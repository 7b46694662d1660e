import { Rng } from "../core/random";
import type { Denoiser, Images, Labels } from "../core/types";
import { shuffledBatches } from "../data/batches";
import { dropLabels } from "../diffusion/guided";
import type { Unet } from "../models/unet";
import { denoisingLoss } from "../objectives/denoising";
import type { Ema } from "../training/ema";
import { adam } from "../training/rules";
import type { TrainProgress } from "../training/progress";
import { cosineDecay, withWarmUp } from "../training/schedule";
import { type LossFunction, train } from "../training/train";
import { DIGIT_UNET, digitParts } from "./digits";
import type { DiffusionPipeline } from "./pipeline";

export type DigitTraining = {
  readonly steps: number;
  /** Of the sampler's denoiser. */
  readonly ema: Ema;
  readonly seed?: number;
  readonly batchSize?: number;
  readonly reportEvery?: number;
};

/**
 * Train a sampler of digits with classes and without, one network for both.
 *
 * @eq R.13
 * @param sampler from `newDigitSampler`; borrowed
 * @param options batches of 32 unless told
 */
export async function* trainDigitSampler(
  { parts }: DiffusionPipeline,
  { steps, ema, seed = 1, batchSize = 32, reportEvery = 5 }: DigitTraining,
): AsyncGenerator<TrainProgress, void, void> {
  const { schedule, predicts: target = "noise" } = parts;
  const unet = parts.denoiser as Unet;
  const network: Denoiser = (x, t, labels) => unet.forward(x, t, labels);
  const loss: LossFunction = ({ x, labels }, rng) => {
    const condition = dropLabels(labels as Labels, rng, { nullLabel: DIGIT_UNET.numClasses });
    return denoisingLoss(network, x as Images, { schedule, rng, target, condition });
  };
  const optimizer = adam(unet.namedParameters());
  try {
    yield* train(unet, loss, {
      batches: shuffledBatches(digitParts().train, { batchSize, seed, range: "signed" }),
      steps,
      optimizer,
      learningRate: withWarmUp(50, cosineDecay(2e-3, steps)),
      maxGradNorm: 1,
      ema,
      rng: new Rng(seed).fold(1),
      reportEvery,
    });
  } finally {
    optimizer.dispose();
  }
}
