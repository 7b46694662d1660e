import { assertFloats, assertInRange, assertShape } from "../core/guard";
import type { Batch, Denoiser, SigmaDenoiser } from "../core/types";
import { tf } from "../engine/tf";
import type { NoiseSchedule } from "./schedule";
import { sigmaOfTimestep } from "./schedule-sigmas";
import { perExample } from "./sde/noise";

/**
 * A denoiser on a schedule, for samplers that go by noise levels: asked at the timestep whose level
 * is nearest, with x scaled to what it was trained on.
 *
 * @param denoise predicts the noise
 * @returns predicts the clean x in x + σ·ε
 * @see Karras et al. 2022, arXiv:2206.00364v2, table 1, column "VP"
 */
export function sigmaDenoiser<X extends Batch, C>(
  denoise: Denoiser<X, C>,
  schedule: NoiseSchedule,
): SigmaDenoiser<X, C> {
  const logSigmas = Float32Array.from({ length: schedule.numTimesteps }, (_, i) =>
    Math.log(Math.min(sigmaOfTimestep(schedule, i + 1), LARGEST)),
  );
  return (x, sigma, condition) =>
    tf.tidy(() => {
      assertShape("sigmaDenoiser", "sigma", sigma, [x.shape[0] as number]);
      const level = perExample(sigma, x);
      const distance = sigma
        .log()
        .reshape([-1, 1])
        .sub(tf.tensor2d(logSigmas, [1, logSigmas.length]))
        .abs();
      const t = distance.argMin(1).add<tf.Tensor1D>(tf.scalar(1, "int32"));
      const scaled = x.div<X>(level.square().add(1).sqrt());
      return x.sub<X>(denoise(scaled, t, condition).mul(level));
    });
}

/** Stands for σ = ∞, the level of a timestep without signal. */
const LARGEST = 1e30;

/** The four functions of σ that keep a network's input, output and target of unit variance. */
export type EdmPreconditioning = Record<"cSkip" | "cOut" | "cIn" | "cNoise", tf.Tensor1D>;

/**
 * How EDM wraps a network F: D(x; σ) = c_skip x + c_out F(c_in x, c_noise).
 *
 * @eq EDM.7 D(x; σ)
 * @param sigma `[B]`, float32, above 0
 * @param sigmaData standard deviation of the data, above 0
 * @returns each `[B]`; the caller owns them
 * @throws ShapeError, ValueError
 * @see Karras et al. 2022, arXiv:2206.00364v2, table 1
 */
export function edmPreconditioning(sigma: tf.Tensor1D, sigmaData = 0.5): EdmPreconditioning {
  assertFloats("edmPreconditioning", "sigma", sigma, ["B"]);
  assertInRange("edmPreconditioning", "sigmaData", sigmaData, [Number.MIN_VALUE, Number.MAX_VALUE]);
  return tf.tidy(() => {
    const variance = sigma.square().add<tf.Tensor1D>(sigmaData ** 2);
    return {
      cSkip: tf.div(sigmaData ** 2, variance),
      cOut: sigma.mul(sigmaData).div(variance.sqrt()),
      cIn: variance.rsqrt(),
      cNoise: sigma.log().div(4),
    };
  });
}

/**
 * The denoiser of a network under `edmPreconditioning`.
 *
 * @eq EDM.7
 * @param network (c_in x, c_noise `[B]`, condition) → output of the shape of x
 * @throws ValueError
 */
export function edmDenoiser<X extends Batch, C>(
  network: (x: X, cNoise: tf.Tensor1D, condition?: C) => X,
  sigmaData = 0.5,
): SigmaDenoiser<X, C> {
  assertInRange("edmDenoiser", "sigmaData", sigmaData, [Number.MIN_VALUE, Number.MAX_VALUE]);
  return (x, sigma, condition) =>
    tf.tidy(() => {
      assertShape("edmDenoiser", "sigma", sigma, [x.shape[0] as number]);
      const { cSkip, cOut, cIn, cNoise } = edmPreconditioning(sigma, sigmaData);
      const output = network(x.mul(perExample(cIn, x)), cNoise, condition);
      return x.mul(perExample(cSkip, x)).add<X>(output.mul(perExample(cOut, x)));
    });
}
