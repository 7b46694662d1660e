import { ShapeError, ValueError } from "../core/errors";
import { assertInteger } from "../core/guard";
import { Rng } from "../core/random";
import type {
  BatchSource,
  DiagonalGaussian,
  ExampleBatch,
  Images,
  Labels,
  Tokens,
} from "../core/types";
import { tf } from "../engine/tf";

/**
 * The codes of a whole data set, on the host: a first stage is run once, and a latent model then
 * trains on what it said.
 */
export interface CachedLatents {
  readonly count: number;
  /** `[h, w, C]` */
  readonly shape: readonly [number, number, number];
  /** Means of q(z|x), one after another. */
  readonly mean: Float32Array;
  /** Standard deviations of q(z|x). */
  readonly std: Float32Array;
  /**
   * 1 over the standard deviation of all samples of q: what latents are multiplied by, so that noise
   * schedules made for unit variance fit them.
   */
  readonly scale: number;
}

/**
 * Encode pictures batch by batch.
 *
 * @eq R.23 z_0 = E(x): only clean pictures are ever encoded
 * @param encode q(z|x) of pictures, as `models.Autoencoder.encode`
 * @param pictures batches in order; each is freed
 * @throws ValueError if there is no picture
 * @see Rombach et al. 2022, arXiv:2112.10752v2, appendix G, for the scale
 */
export function cacheLatents(
  encode: (x: Images) => DiagonalGaussian<Images>,
  pictures: Iterable<Images>,
): CachedLatents {
  const [means, stds]: Float32Array[][] = [[], []];
  let shape: readonly number[] | undefined;
  for (const x of pictures) {
    const { mean, std } = tf.tidy(() => {
      const q = encode(x);
      return { mean: q.mean.clone(), std: q.logVar.mul(0.5).exp() };
    });
    shape = mean.shape.slice(1);
    means?.push(mean.dataSync<"float32">());
    stds?.push(std.dataSync<"float32">());
    tf.dispose([x, mean, std]);
  }
  if (shape === undefined) throw new ValueError("cacheLatents: there is no picture to encode.");
  const [mean, std] = [joined(means as Float32Array[]), joined(stds as Float32Array[])];
  const size = shape.reduce((product, length) => product * length, 1);
  return {
    count: mean.length / size,
    shape: shape as [number, number, number],
    mean,
    std,
    scale: latentScale({ mean, std }),
  };
}

/**
 * What latents are multiplied by so that samples of all q together have standard deviation 1: the
 * variance of the means and the mean of the variances add up.
 *
 * @eq R.23 the scale factor, 1 / √(Var μ + E σ²)
 * @param q means and standard deviations, one number for each latent of each picture
 * @throws ShapeError if their numbers differ; ValueError if there are none
 * @see Rombach et al. 2022, arXiv:2112.10752v2, appendix G
 */
export function latentScale(q: Readonly<Record<"mean" | "std", Float32Array>>): number {
  const { mean, std } = q;
  assertInteger("latentScale", "the number of latents", mean.length);
  if (std.length !== mean.length) {
    throw new ShapeError(`latentScale: ${mean.length} means, but ${std.length} deviations.`);
  }
  const average = mean.reduce((sum, value) => sum + value, 0) / mean.length;
  const squares = mean.reduce(
    (sum, value, i) => sum + (value - average) ** 2 + (std[i] as number) ** 2,
    0,
  );
  return Math.sqrt(mean.length / squares);
}

export type LatentBatchOptions = {
  readonly batchSize: number;
  /** Order, and which latent of each q is drawn. */
  readonly seed: number;
  /** What else belongs to the pictures with these indices: captions, classes. */
  readonly conditionsAt?: (ids: Int32Array) => {
    readonly labels?: Labels;
    readonly tokens?: Tokens;
  };
};

/**
 * Training batches of scaled latents, `scale · (mean + std · ε)`, in an order that is new each epoch;
 * a pure function of the step.
 *
 * @throws ValueError if there are fewer latents than a batch holds
 */
export function latentBatches(latents: CachedLatents, options: LatentBatchOptions): BatchSource {
  const { batchSize, seed, conditionsAt } = options;
  assertInteger("latentBatches", "batchSize", batchSize);
  assertInteger("latentBatches", "latents − batchSize", latents.count - batchSize, 0);
  const batchesPerEpoch = Math.floor(latents.count / batchSize);
  const [orders, draws] = [new Rng(seed).fold(0), new Rng(seed).fold(1)];
  return {
    batchSize,
    batchesPerEpoch,
    at(step): ExampleBatch {
      assertInteger("latentBatches", "step", step, 0);
      const order = orders.fold(Math.floor(step / batchesPerEpoch)).permutation(latents.count);
      const start = (step % batchesPerEpoch) * batchSize;
      const ids = order.slice(start, start + batchSize);
      return { x: drawLatents(latents, ids, draws.fold(step)), ids, ...conditionsAt?.(ids) };
    },
  };
}

function drawLatents(latents: CachedLatents, ids: Int32Array, rng: Rng): Images {
  const { shape, mean, std, scale } = latents;
  const size = shape.reduce((product, length) => product * length, 1);
  const noise = rng.normalArray(ids.length * size);
  const z = noise.map((draw, i) => {
    const at = (ids[Math.floor(i / size)] as number) * size + (i % size);
    return scale * ((mean[at] as number) + (std[at] as number) * draw);
  });
  return tf.tensor4d(Float32Array.from(z), [ids.length, ...shape]);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
