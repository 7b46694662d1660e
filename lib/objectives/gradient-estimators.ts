import type { DiagonalGaussian, Latents } from "../core/types";
import { assertDtype, assertFloats, assertReal } from "../core/guard";
import { tf } from "../engine/tf";
import { gaussianLogDensity, reparametrise } from "./gaussian";
import { assertGaussian, assertMeets } from "./guard";

/** A function of z that has a value per sample: `[N, D]` → `[N]`. */
export type PerSample = (z: Latents) => tf.Tensor1D;

/**
 * One estimate per row of ∇ E_{q(z)}[f(z)] by the path through the sample, z = μ + σ ε:
 * ∇f(z) · ∂z/∂(μ, log σ²). Their mean estimates the gradient; their spread is what training feels.
 *
 * @param f differentiable
 * @param q `[N, D]`: the same distribution on every row, or one for each
 * @param noise ε ~ N(0, I), `[N, D]`
 * @returns gradients with respect to mean and logVar, `[N, D]` each; the caller owns them
 * @see Kingma & Welling 2014, arXiv:1312.6114v11, §2.4
 */
export function reparametrisedGradient(
  f: PerSample,
  q: DiagonalGaussian,
  noise: Latents,
): DiagonalGaussian {
  assertGaussian("reparametrisedGradient", q);
  assertMeets("reparametrisedGradient", ["noise", noise], q);
  return gradientByRow(q, (parameters) => f(reparametrise(parameters, noise)));
}

/**
 * The same gradient by the score function (REINFORCE): f(z) ∇ log q(z). It needs no gradient of f,
 * and pays with variance; a baseline close to E f lowers it without bias.
 *
 * @param f need not be differentiable
 * @param q `[N, D]`
 * @param noise ε ~ N(0, I), `[N, D]`
 * @returns gradients with respect to mean and logVar, `[N, D]` each; the caller owns them
 * @see Williams 1992, Machine Learning 8, eq. 4
 */
export function scoreFunctionGradient(
  f: PerSample,
  q: DiagonalGaussian,
  noise: Latents,
  { baseline = 0 }: { readonly baseline?: number } = {},
): DiagonalGaussian {
  assertReal("scoreFunctionGradient", "baseline", baseline);
  return tf.tidy(() => {
    const z = reparametrise(q, noise); // fixed from here on: no path through the sample
    const advantage = f(z).sub(baseline); // (N)
    return gradientByRow(q, (parameters) => advantage.mul(gaussianLogDensity(z, parameters)));
  });
}

/**
 * ∇θ log p(x) as the mean of ∇θ log p(x, z) over samples z of the posterior (Fisher's identity).
 *
 * @eq R.1  ∇θ log p(x) = E_{p(z|x)}[∇θ log p(x, z)]
 * @param logJoint (θ, z `[N, D]`) → log p(x, z) of each sample, `[N]`
 * @param theta the parameters, any shape
 * @param z samples of the *posterior* p(z|x), `[N, D]`; samples of anything else give another number
 * @returns the gradient, shaped like theta; the caller owns it
 */
export function fisherGradient(
  logJoint: (theta: tf.Tensor, z: Latents) => tf.Tensor,
  theta: tf.Tensor,
  z: Latents,
): tf.Tensor {
  assertDtype("fisherGradient", "theta", theta, "float32");
  assertFloats("fisherGradient", "z", z, ["N", "D"]);
  return tf.tidy(() => tf.grad((parameters) => logJoint(parameters, z).mean())(theta));
}

/** Row n of the result is the gradient of value n with respect to row n of the parameters. */
function gradientByRow(
  q: DiagonalGaussian,
  value: (parameters: DiagonalGaussian) => tf.Tensor,
): DiagonalGaussian {
  return tf.tidy(() => {
    const gradients = tf.grads((mean, logVar) =>
      value({ mean: mean as Latents, logVar: logVar as Latents }).sum(),
    );
    const [mean, logVar] = gradients([q.mean, q.logVar]) as [Latents, Latents];
    return { mean, logVar };
  });
}
