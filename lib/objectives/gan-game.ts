import { assertInRange, assertInteger, assertOneOf } from "../core/guard";
import type { Rng } from "../core/random";
import type { Labels, Loss } from "../core/types";
import { addNoise } from "../diffusion/sde/noise";
import { tf } from "../engine/tf";
import { ADVERSARIAL_LOSSES, type AdversarialLossName } from "./adversarial";
import { gradientPenalty, r1Penalty } from "./gradient-penalty";

/** Two players, as functions. With labels they are conditional: D(x, y) and G(z, y). */
export type GanGame = {
  readonly latentDim: number;
  /** z `[B, latentDim]` → examples. */
  readonly generate: (z: tf.Tensor2D, labels?: Labels) => tf.Tensor;
  /** Examples → logits or scores, one each. */
  readonly discriminate: (x: tf.Tensor, labels?: Labels) => tf.Tensor;
};

export type GanGameOptions = {
  /** "non-saturating" unless told. */
  readonly loss?: AdversarialLossName;
  /** λ of the gradient penalty between real and generated examples; none unless told. */
  readonly gradientPenalty?: number;
  /** γ of the R1 penalty at real examples; none unless told. */
  readonly r1?: number;
  /**
   * Largest σ of the noise on all that the discriminator sees, its penalties included; each example has
   * a σ of its own, evenly drawn from 0 to this. None unless told.
   */
  readonly instanceNoise?: number;
};

type Examples = { readonly x: tf.Tensor; readonly labels?: Labels };

/** What each player minimises on a batch; `training.trainGan` takes both. */
export type GanGameLosses = {
  readonly discriminator: (batch: Examples, rng: Rng) => { readonly loss: Loss } & Scalars;
  readonly generator: (batch: Examples, rng: Rng) => Loss;
};

type Scalars = Readonly<Record<string, Loss>>;

/**
 * The losses of the two players. Real and generated examples go through the discriminator as two
 * batches, each with batch statistics of its own. A conditional generator is asked for the labels
 * of the batch.
 *
 * @eq R.4  min_G max_D E log D(x) + E log(1 − D(G(z)))
 * @eq R.5  min_G max_D E log D(x, y) + E log(1 − D(G(z, y), y))
 * @throws ValueError
 * @see instance noise: Arjovsky & Bottou 2017, arXiv:1701.04862v1, §3; of many strengths at once: Wang
 *   et al. 2023, arXiv:2206.02262v4
 */
export function ganLosses(game: GanGame, options: GanGameOptions = {}): GanGameLosses {
  const { loss = "non-saturating", gradientPenalty: lambda = 0, r1: gamma = 0 } = options;
  const { instanceNoise: maxSigma = 0 } = options;
  assertOneOf("ganLosses", "loss", loss, Object.keys(ADVERSARIAL_LOSSES));
  assertInRange("ganLosses", "gradientPenalty", lambda, [0, Number.MAX_VALUE]);
  assertInRange("ganLosses", "r1", gamma, [0, Number.MAX_VALUE]);
  assertInRange("ganLosses", "instanceNoise", maxSigma, [0, Number.MAX_VALUE]);
  assertInteger("ganLosses", "latentDim", game.latentDim);
  const adversarial = ADVERSARIAL_LOSSES[loss];
  const fakes = ({ x, labels }: Examples, rng: Rng): tf.Tensor =>
    game.generate(rng.normal<tf.Tensor2D>([x.shape[0] as number, game.latentDim]), labels);
  const seen = (x: tf.Tensor, rng: Rng): tf.Tensor => (maxSigma > 0 ? noisy(x, maxSigma, rng) : x);
  return {
    discriminator: (batch, rng) => {
      const { labels } = batch;
      const fake = seen(fakes(batch, rng), rng);
      const real = seen(batch.x, rng);
      const critic = (x: tf.Tensor): tf.Tensor => game.discriminate(x, labels);
      const adversary = adversarial.discriminator(critic(real), critic(fake));
      const parts: Record<string, Loss> = {};
      if (lambda > 0) {
        const u = rng.uniform<tf.Tensor1D>([real.shape[0] as number]);
        parts["gradientPenalty"] = gradientPenalty(critic, { real, fake, u }, { weight: lambda });
      }
      if (gamma > 0) parts["r1"] = r1Penalty(critic, real, { gamma });
      const penalties = Object.values(parts);
      return {
        loss: penalties.reduce((sum, part) => sum.add(part), adversary),
        adversary,
        ...parts,
      };
    },
    generator: (batch, rng) =>
      adversarial.generator(game.discriminate(seen(fakes(batch, rng), rng), batch.labels)),
  };
}

/** Examples with noise of their own strength each, σ ~ U[0, maxSigma]. */
function noisy(x: tf.Tensor, maxSigma: number, rng: Rng): tf.Tensor {
  const sigma = rng.uniform<tf.Tensor1D>([x.shape[0] as number], 0, maxSigma);
  return addNoise({ scale: 1, sigma }, { x0: x, noise: rng.normal(x.shape) });
}
