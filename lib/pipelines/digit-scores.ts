import { Rng } from "../core/random";
import type { Denoiser, Images, ScoreFunction } from "../core/types";
import { shuffledBatches } from "../data/batches";
import { noiseScaleScore } from "../diffusion/sde/score";
import { tf } from "../engine/tf";
import { Unet, type UnetConfig } from "../models/unet";
import { patchify, unpatchify } from "../nn/patches";
import { ncsnLoss } from "../objectives/score-matching";
import { loadWeights } from "../training/checkpoint/weights";
import { Ema } from "../training/ema";
import { adam } from "../training/rules";
import type { TrainProgress } from "../training/progress";
import { cosineDecay, withWarmUp } from "../training/schedule";
import { type LossFunction, train } from "../training/train";
import { checkpointPath } from "./checkpoint";
import { digitParts } from "./digits";

/** Pixels of 28×28 digits, 2×2 at a time as channels: a quarter of the work of single pixels. */
const CELL = 2;
const CELLS = 14;

const DIGIT_SCORE_UNET = {
  imageSize: CELLS,
  imageChannels: CELL * CELL,
  baseChannels: 16,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  attentionSizes: [],
  timeSize: 64,
} as const satisfies UnetConfig;

/**
 * Noise scales for digits in [−1, 1]: at the largest, any two digits are less than 2 σ apart; the
 * smallest is a few grey levels.
 */
export const DIGIT_SIGMAS = { sigmaMin: 0.05, sigmaMax: 20 } as const;

/** An untrained network of the scores of 28×28 digits: see `digitScore`. */
export function newDigitScoreNet(rng: Rng): Unet {
  return new Unet(DIGIT_SCORE_UNET, rng);
}

/**
 * What the network says ∇ log p_σ is, at any noise scale σ.
 *
 * @param network from `newDigitScoreNet` or `loadDigitScoreNet`; borrowed
 * @returns a function of digits `[B, 28, 28, 1]` and σ `[B]`
 */
export function digitScore(network: Unet): ScoreFunction<Images> {
  const denoise: Denoiser = (x, clock) =>
    tf.tidy(() => {
      const [count] = x.shape;
      const cells = patchify(x, CELL).reshape<Images>([count, CELLS, CELLS, -1]);
      const noise = network.forward(cells, clock).reshape<tf.Tensor3D>([count, CELLS ** 2, -1]);
      return unpatchify(noise, CELL, [CELLS, CELLS]);
    });
  return noiseScaleScore(denoise);
}

/**
 * Train a network of the scores of digits on all scales at once, each σ as likely as any other on a
 * logarithmic axis. At the end, and whenever the loop is left, it holds the average of its weights.
 *
 * @eq R.20
 * @param options `steps` of 32 digits each; `seed`
 */
export async function* trainDigitScores(
  network: Unet,
  { steps, seed = 1 }: { readonly steps: number; readonly seed?: number },
): AsyncGenerator<TrainProgress, void, void> {
  const score = digitScore(network);
  const { sigmaMin, sigmaMax } = DIGIT_SIGMAS;
  const loss: LossFunction = ({ x }, rng) => {
    const [count] = x.shape as [number];
    const sigma = rng.uniform<tf.Tensor1D>([count], Math.log(sigmaMin), Math.log(sigmaMax)).exp();
    return ncsnLoss(score, x as Images, { sigma, noise: rng.normal<Images>(x.shape) });
  };
  const optimizer = adam(network.namedParameters());
  const ema = new Ema(network, { decay: 0.995, warmUp: true });
  try {
    yield* train(network, loss, {
      batches: shuffledBatches(digitParts().train, { batchSize: 32, seed, range: "signed" }),
      steps,
      optimizer,
      learningRate: withWarmUp(50, cosineDecay(2e-3, steps)),
      maxGradNorm: 100,
      ema,
      rng: new Rng(seed).fold(1),
      reportEvery: 5,
    });
  } finally {
    ema.copyTo(network);
    ema.dispose();
    optimizer.dispose();
  }
}

/**
 * The course's noise-conditional score network of digits; made by `npm run train:digit-scores`.
 *
 * @returns the caller owns it
 * @throws CheckpointError if the file is missing or damaged
 */
export function loadDigitScoreNet(): Unet {
  const network = newDigitScoreNet(new Rng(0));
  try {
    loadWeights(`${checkpointPath("digits-ncsn")}.safetensors`, network);
    return network;
  } catch (error) {
    network.dispose();
    throw error;
  }
}
