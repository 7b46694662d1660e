import type { tf } from "../engine/tf";

/** Images `[B, H, W, C]`, NHWC. Networks see [−1, 1], except Bernoulli likelihoods: [0, 1]. */
export type Images = tf.Tensor4D;
/** Latent codes `[B, D]`. */
export type Latents = tf.Tensor2D;
/**
 * Independent Gaussians over the latents of each example: N(mean, diag(exp(logVar))); `[B, D]`, or
 * maps `[B, h, w, C]`.
 */
export type DiagonalGaussian<X extends tf.Tensor = Latents> = {
  readonly mean: X;
  /** log σ²: the variance's logarithm, not the standard deviation's. */
  readonly logVar: X;
};
/** Any batch whose first axis is the example, `[B, ...]`. */
export type Batch = tf.Tensor;
/** Integer timesteps `[B]`, int32, 1…T: the paper's index. */
export type Timesteps = tf.Tensor1D;
/** Class labels `[B]`, int32, 0…K−1. */
export type Labels = tf.Tensor1D;
/** Token ids of texts `[B, L]`, int32; 0 is padding. */
export type Tokens = tf.Tensor2D;
/** Encoded captions, one an example: what text-to-image networks are conditioned on. */
export type TextContext = {
  /** One vector per token, `[B, L, D]`. */
  readonly tokens: tf.Tensor3D;
  /** True where a token is no padding, `[B, L]`, bool. */
  readonly mask: tf.Tensor2D;
  /** The whole caption in one vector, `[B, D]`. */
  readonly pooled: tf.Tensor2D;
};
/** A loss: float32, shape `[]`. */
export type Loss = tf.Scalar;

/**
 * Predicts the noise ε in `xt`. Samplers and training meet networks only through this type.
 *
 * @typeParam X what is noisy: images, latents, points
 * @typeParam C what it is conditioned on: labels, or the encoded text of a caption
 */
export type Denoiser<X extends Batch = Images, C = Labels> = (
  xt: X,
  t: Timesteps,
  condition?: C,
) => X;
/**
 * Predicts the clean x in x + σ·ε, where noise is added and nothing is scaled down.
 *
 * @param sigma `[B]`, float32, above 0
 */
export type SigmaDenoiser<X extends Batch = Images, C = Labels> = (
  x: X,
  sigma: tf.Tensor1D,
  condition?: C,
) => X;
/**
 * The gradient of log p_t at `xt`.
 *
 * @param t `[B]`, float32: the time of an SDE in [0, 1], or the noise level σ; its maker says which
 */
export type ScoreFunction<X extends Batch = Images> = (xt: X, t: tf.Tensor1D) => X;
/**
 * How far data are on their way to noise: x_t = `scale`·x_0 + `sigma`·ε. One number for a whole
 * batch, or one per example, `[B]`. DDPM has scale² + sigma² = 1, NCSN has scale = 1.
 */
export type NoiseLevel<N extends number | tf.Tensor1D = number | tf.Tensor1D> = {
  readonly scale: N;
  readonly sigma: N;
};

/** One batch, owned by whoever asked for it. */
export interface ExampleBatch {
  readonly x: tf.Tensor;
  readonly labels?: Labels;
  readonly tokens?: Tokens;
  /** Which examples of the data set these are, so that an error can name them. */
  readonly ids: Int32Array;
}

/**
 * Batches as a pure function of the step, 0, 1, 2, …: the order of epoch e depends on (seed, e)
 * alone. A resumed run therefore continues with exactly the batches it would have seen.
 */
export interface BatchSource {
  readonly batchSize: number;
  readonly batchesPerEpoch: number;
  at(step: number): ExampleBatch;
}
