import { Rng } from "../core/random";
import type { Images, Loss, ScoreFunction, SigmaDenoiser } from "../core/types";
import { shuffledBatches } from "../data/batches";
import { addNoise, perExample } from "../diffusion/sde/noise";
import { edmDenoiser } from "../diffusion/sigma-denoiser";
import { tf } from "../engine/tf";
import { Unet } from "../models/unet";
import { squaredLength } from "../objectives/score-matching";
import { loadWeights } from "../training/checkpoint/weights";
import { Ema } from "../training/ema";
import { adam } from "../training/rules";
import type { TrainProgress } from "../training/progress";
import { cosineDecay, withWarmUp } from "../training/schedule";
import { type LossFunction, train } from "../training/train";
import { checkpointPath } from "./checkpoint";
import { CLASSLESS_DIGIT_UNET, digitParts } from "./digits";

/**
 * Noise scales for digits in [−1, 1]: at the largest, any two digits are less than 2 σ apart; the
 * smallest is a few grey levels.
 */
export const DIGIT_SIGMAS = { sigmaMin: 0.05, sigmaMax: 20 } as const;

/** An untrained network of the scores of 28×28 digits: see `digitScore`. */
export function newDigitScoreNet(rng: Rng): Unet {
  return new Unet(CLASSLESS_DIGIT_UNET, rng);
}

/**
 * What the network says ∇ log p_σ is, at any noise scale σ: (D(x; σ) − x) / σ².
 *
 * @param network from `newDigitScoreNet` or `loadDigitScoreNet`; borrowed
 * @returns a function of digits `[B, 28, 28, 1]` and σ `[B]`
 * @see Karras et al. 2022, arXiv:2206.00364v2, eq. 3
 */
export function digitScore(network: Unet): ScoreFunction<Images> {
  const denoise = denoiserOf(network);
  return (x, sigma) =>
    tf.tidy(() => denoise(x, sigma).sub(x).div<Images>(perExample(sigma.square(), x)));
}

/**
 * Pixels in [−1, 1] have a mean square near 1. Where nearly all is noise, the noise is known, and what
 * the network puts out is about the digit.
 */
function denoiserOf(network: Unet): SigmaDenoiser {
  return edmDenoiser((x: Images, cNoise) => network.forward(x, cNoise.mul(1000)), 1);
}

/**
 * Train a network of the scores of digits on all scales at once, each σ as likely as any other on a
 * logarithmic axis. λ(σ) = σ² (1 + σ²), so that what the network puts out counts alike at every σ:
 * with σ² alone the large scales, which decide what digit it will be, hardly count. At the end, and
 * whenever the loop is left, it holds the average of its weights.
 *
 * @eq R.20  ½ Σ λ(σ) E ‖s_θ(x̃, σ) + (x̃ − x)/σ²‖² = ½ Σ (1 + σ⁻²) E ‖D(x̃; σ) − x‖²
 * @param options `steps` of 32 digits each; `seed`
 * @see Karras et al. 2022, arXiv:2206.00364v2, table 1
 */
export async function* trainDigitScores(
  network: Unet,
  { steps, seed = 1 }: { readonly steps: number; readonly seed?: number },
): AsyncGenerator<TrainProgress, void, void> {
  const denoise = denoiserOf(network);
  const { sigmaMin, sigmaMax } = DIGIT_SIGMAS;
  const loss: LossFunction = ({ x }, rng) => {
    const x0 = x as Images;
    const range = [Math.log(sigmaMin), Math.log(sigmaMax)] as const;
    const sigma = rng.uniform<tf.Tensor1D>([x0.shape[0]], ...range).exp();
    const noisy = addNoise({ scale: 1, sigma }, { x0, noise: rng.normal<Images>(x0.shape) });
    const error = squaredLength(denoise(noisy, sigma).sub<Images>(x0));
    return error.mul(sigma.pow(-2).add(1)).mean<Loss>().mul<Loss>(0.5);
  };
  const optimizer = adam(network.namedParameters());
  const ema = new Ema(network, { decay: 0.995, warmUp: true });
  try {
    yield* train(network, loss, {
      batches: shuffledBatches(digitParts().train, { batchSize: 32, seed, range: "signed" }),
      steps,
      optimizer,
      learningRate: withWarmUp(50, cosineDecay(2e-3, steps)),
      maxGradNorm: 392, // half a sum over 784 pixels: 1 for a mean
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
