import { assertFloats, assertInRange, assertTensor } from "../core/guard";
import type { DiagonalGaussian, Latents, Loss } from "../core/types";
import { tf } from "../engine/tf";
import {
  gaussianLogDensity,
  klToStandardNormal,
  reparametrise,
  standardNormalLogDensity,
} from "./gaussian";
import { bernoulliLogLikelihood, type LogLikelihood } from "./likelihood";

/** What the bound needs of a model: an encoder q(z|x) and a decoder whose prior is N(0, I). */
export interface Autoencoder {
  encode(x: tf.Tensor): DiagonalGaussian;
  /** z `[B, D]` → the parameters of p(x|z), shaped like x. */
  decode(z: Latents): tf.Tensor;
}

export type ElboOptions = {
  /** log p(x|z) from what the decoder returned; Bernoulli on logits by default. */
  readonly likelihood?: LogLikelihood;
  /** Weight of the KL term. Only beta = 1 bounds log p(x). */
  readonly beta?: number;
};

/** The bound and its two parts, nats per example, `[B]` each. */
export type ElboParts = {
  readonly elbo: tf.Tensor1D;
  /** E_q log p(x|z), estimated with one sample. */
  readonly reconstruction: tf.Tensor1D;
  /** KL(q(z|x) ‖ p(z)), exact. */
  readonly kl: tf.Tensor1D;
};

/**
 * The evidence lower bound of each example, in nats: a number to *maximise*. One sample of q
 * estimates the reconstruction term without bias; the KL term is exact.
 *
 * @eq R.3  ELBO(x) = E_{q(z|x)}[log p(x|z)] − KL(q(z|x) ‖ p(z)) ≤ log p(x)
 * @param model encoder and decoder
 * @param x `[B, ...]`
 * @param noise ε ~ N(0, I), `[B, D]`
 * @returns three tensors `[B]`; the caller owns them
 * @see Kingma & Welling 2014, arXiv:1312.6114v11, eq. 3; β: Higgins et al. 2017
 */
export function elbo(
  model: Autoencoder,
  x: tf.Tensor,
  noise: Latents,
  { likelihood = bernoulliLogLikelihood, beta = 1 }: ElboOptions = {},
): ElboParts {
  assertInRange("elbo", "beta", beta, [0, Number.MAX_VALUE]);
  assertTensor("elbo", "x", x);
  assertFloats("elbo", "noise", noise, [x.shape[0] ?? "B", "D"]);
  return tf.tidy(() => {
    const q = model.encode(x); // mean and logVar, (B, D)
    const z = reparametrise(q, noise); // (B, D)
    const reconstruction = likelihood(model.decode(z), x); // (B)
    const kl = klToStandardNormal(q); // (B)
    return { elbo: reconstruction.sub(kl.mul(beta)), reconstruction, kl };
  });
}

/** −ELBO and what it is made of, means over the batch in nats: loss = reconstruction + β·kl. */
export type ElboLoss = {
  readonly loss: Loss;
  /** −E_q log p(x|z): here a cost. */
  readonly reconstruction: Loss;
  readonly kl: Loss;
};

/**
 * What training minimises: the mean of −ELBO over the batch, with its parts for the curves.
 *
 * @eq R.3  loss = −mean ELBO
 * @returns three scalars; the caller owns them
 */
export function elboLoss(
  model: Autoencoder,
  x: tf.Tensor,
  noise: Latents,
  options: ElboOptions = {},
): ElboLoss {
  return tf.tidy(() => {
    const parts = elbo(model, x, noise, options);
    return {
      loss: parts.elbo.mean<Loss>().neg(),
      reconstruction: parts.reconstruction.mean<Loss>().neg(),
      kl: parts.kl.mean<Loss>(),
    };
  });
}

/**
 * The importance-weighted bound: k samples of q make a tighter bound than one. Its value rises with
 * k, in expectation, up to log p(x); with k = 1 it is the ELBO with a sampled KL term.
 *
 * @eq R.3  log (1/K) Σ_k p(x|z_k) p(z_k) / q(z_k|x) ≤ log p(x) in expectation
 * @param noise ε ~ N(0, I), `[K, B, D]`
 * @returns `[B]`, nats; the caller owns it
 * @see Burda, Grosse & Salakhutdinov 2016, arXiv:1509.00519v4, eq. 8
 */
export function iwaeBound(
  model: Autoencoder,
  x: tf.Tensor,
  noise: tf.Tensor3D,
  { likelihood = bernoulliLogLikelihood }: Pick<ElboOptions, "likelihood"> = {},
): tf.Tensor1D {
  assertTensor("iwaeBound", "x", x);
  assertFloats("iwaeBound", "noise", noise, ["K", x.shape[0] ?? "B", "D"]);
  return tf.tidy(() => {
    const q = model.encode(x); // (B, D)
    const z = reparametrise(q, noise); // (K, B, D)
    const logWeights = tf.stack(
      (tf.unstack(z) as Latents[]).map((zk) => {
        const logJoint = likelihood(model.decode(zk), x).add(standardNormalLogDensity(zk));
        return logJoint.sub(gaussianLogDensity(zk, q)); // (B)
      }),
    ); // (K, B)
    return tf.logSumExp<tf.Tensor1D>(logWeights, 0).sub(Math.log(noise.shape[0]));
  });
}
