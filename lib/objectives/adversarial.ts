import { assertInRange, assertLastAxis } from "../core/guard";
import type { Loss } from "../core/types";
import { tf } from "../engine/tf";

// Discriminators give logits, D = σ(logit), of any shape; losses are means over all of them. They
// are written with softplus, so that they and their gradients are finite at any logit:
// −log D = softplus(−logit) and −log(1 − D) = softplus(logit).

export type DiscriminatorLossOptions = {
  /** What D should say of real pictures; below 1 for one-sided label smoothing. */
  readonly realTarget?: number;
};

/**
 * What the discriminator minimises: the negative of the game's value.
 *
 * @eq R.4  −mean log D(x) − mean log(1 − D(G(z)))
 * @param realLogits logits of real examples, `[B, ...]`
 * @param fakeLogits logits of generated examples, `[B', ...]`
 * @returns a scalar; the caller owns it
 * @throws ShapeError, ValueError
 * @see Goodfellow et al. 2014, arXiv:1406.2661v1, eq. 1; smoothing: Salimans et al. 2016, §3.4
 */
export function discriminatorLoss(
  realLogits: tf.Tensor,
  fakeLogits: tf.Tensor,
  { realTarget = 1 }: DiscriminatorLossOptions = {},
): Loss {
  assertLogits("discriminatorLoss", realLogits, fakeLogits);
  assertInRange("discriminatorLoss", "realTarget", realTarget, [0, 1]);
  return tf.tidy(() => {
    const asReal = tf.softplus(realLogits.neg()).mul(realTarget);
    const asFake = tf.softplus(realLogits).mul(1 - realTarget);
    return asReal.add(asFake).mean<Loss>().add(tf.softplus(fakeLogits).mean<Loss>());
  });
}

/**
 * What the generator minimises in practice. Where D is sure that a sample is a fake, the gradient
 * by its logit is −1; that of `saturatingGeneratorLoss` is 0.
 *
 * @eq R.4  −mean log D(G(z)), the non-saturating form
 * @param fakeLogits `[B, ...]`
 * @returns a scalar; the caller owns it
 * @see Goodfellow et al. 2014, arXiv:1406.2661v1, §3
 */
export function generatorLoss(fakeLogits: tf.Tensor): Loss {
  assertLastAxis("generatorLoss", fakeLogits, "B");
  return tf.tidy(() => tf.softplus(fakeLogits.neg()).mean<Loss>());
}

/**
 * What the generator minimises as the game is written down.
 *
 * @eq R.4  mean log(1 − D(G(z)))
 * @param fakeLogits `[B, ...]`
 * @returns a scalar; the caller owns it
 */
export function saturatingGeneratorLoss(fakeLogits: tf.Tensor): Loss {
  assertLastAxis("saturatingGeneratorLoss", fakeLogits, "B");
  return tf.tidy(() => tf.softplus(fakeLogits).mean<Loss>().neg());
}

/**
 * The hinge loss of a discriminator: only logits on the wrong side of ±1 count.
 *
 * @param realLogits `[B, ...]`
 * @param fakeLogits `[B', ...]`
 * @returns mean max(0, 1 − real) + mean max(0, 1 + fake); the caller owns it
 * @see Miyato et al. 2018, arXiv:1802.05957v1, eq. 16
 */
export function hingeDiscriminatorLoss(realLogits: tf.Tensor, fakeLogits: tf.Tensor): Loss {
  assertLogits("hingeDiscriminatorLoss", realLogits, fakeLogits);
  return tf.tidy(() => {
    const real = tf.relu(tf.sub(1, realLogits)).mean<Loss>();
    return real.add(tf.relu(fakeLogits.add(1)).mean<Loss>());
  });
}

/**
 * What a critic minimises: minus its estimate of the Wasserstein distance, if it is 1-Lipschitz.
 *
 * @param realScores the critic of real examples, `[B, ...]`
 * @param fakeScores the critic of generated examples, `[B', ...]`
 * @returns mean fake − mean real; the caller owns it
 * @see Arjovsky, Chintala & Bottou 2017, arXiv:1701.07875v3, algorithm 1
 */
export function wassersteinCriticLoss(realScores: tf.Tensor, fakeScores: tf.Tensor): Loss {
  assertLogits("wassersteinCriticLoss", realScores, fakeScores);
  return tf.tidy(() => fakeScores.mean<Loss>().sub(realScores.mean<Loss>()));
}

/** −mean score: the generator's loss against a critic, and in the hinge game. */
export function criticGeneratorLoss(fakeScores: tf.Tensor): Loss {
  assertLastAxis("criticGeneratorLoss", fakeScores, "B");
  return tf.tidy(() => fakeScores.mean<Loss>().neg());
}

/** ½ mean (real − 1)² + ½ mean fake². @see Mao et al. 2017, arXiv:1611.04076v3, eq. 2, a = 0, b = 1 */
export function leastSquaresDiscriminatorLoss(real: tf.Tensor, fake: tf.Tensor): Loss {
  assertLogits("leastSquaresDiscriminatorLoss", real, fake);
  return tf.tidy(() => {
    const error = real.sub(1).square().mean<Loss>();
    return error.add(fake.square().mean<Loss>()).div(2);
  });
}

/** ½ mean (fake − 1)². @see Mao et al. 2017, arXiv:1611.04076v3, eq. 2, c = 1 */
export function leastSquaresGeneratorLoss(fake: tf.Tensor): Loss {
  assertLastAxis("leastSquaresGeneratorLoss", fake, "B");
  return tf.tidy(() => fake.sub(1).square().mean<Loss>().div(2));
}

/** The two losses of one game. */
export type AdversarialLoss = {
  readonly discriminator: (realLogits: tf.Tensor, fakeLogits: tf.Tensor) => Loss;
  readonly generator: (fakeLogits: tf.Tensor) => Loss;
};

/** The games by name. */
export const ADVERSARIAL_LOSSES = {
  "non-saturating": { discriminator: discriminatorLoss, generator: generatorLoss },
  saturating: { discriminator: discriminatorLoss, generator: saturatingGeneratorLoss },
  hinge: { discriminator: hingeDiscriminatorLoss, generator: criticGeneratorLoss },
  wasserstein: { discriminator: wassersteinCriticLoss, generator: criticGeneratorLoss },
  "least-squares": {
    discriminator: leastSquaresDiscriminatorLoss,
    generator: leastSquaresGeneratorLoss,
  },
} as const satisfies Readonly<Record<string, AdversarialLoss>>;

export type AdversarialLossName = keyof typeof ADVERSARIAL_LOSSES;

/**
 * A conditional discriminator's loss when it sees real pictures with their own condition, real
 * pictures with another's, and generated pictures. The wrong pairs teach it to look at y.
 *
 * @eq R.5  −mean log D(x, y) − ½ [mean log(1 − D(x, y′)) + mean log(1 − D(G(z, y), y))]
 * @param realLogits `[B, ...]`, of (x, y)
 * @param mismatchedLogits `[B, ...]`, of (x, y′) with the conditions of other pictures
 * @param fakeLogits `[B, ...]`, of (G(z, y), y)
 * @returns a scalar; the caller owns it
 * @see Reed et al. 2016, arXiv:1605.05396v2, algorithm 1
 */
export function matchingAwareLoss(
  realLogits: tf.Tensor,
  mismatchedLogits: tf.Tensor,
  fakeLogits: tf.Tensor,
): Loss {
  assertLogits("matchingAwareLoss", realLogits, fakeLogits);
  assertLastAxis("matchingAwareLoss", mismatchedLogits, "B");
  return tf.tidy(() => {
    const real = tf.softplus(realLogits.neg()).mean<Loss>();
    const wrong = tf.softplus(mismatchedLogits).mean<Loss>();
    const fake = tf.softplus(fakeLogits).mean<Loss>();
    return real.add(wrong.add(fake).div(2));
  });
}

function assertLogits(where: string, real: tf.Tensor, fake: tf.Tensor): void {
  assertLastAxis(where, real, "B");
  assertLastAxis(where, fake, "B");
}
