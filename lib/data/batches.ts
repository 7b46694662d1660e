import { ValueError } from "../core/errors";
import { assertInteger, assertOneOf } from "../core/guard";
import { Rng } from "../core/random";
import type { BatchSource, ExampleBatch, Images, Labels } from "../core/types";
import { tf } from "../engine/tf";
import type { ImageDataset } from "./dataset";

/** What black and white become: "unit" 0 and 1, "signed" −1 and 1. */
export type PixelRange = "unit" | "signed";

/** A batch of images, owned by whoever asked for it. */
export interface ImageBatch extends ExampleBatch {
  /** `[B, H, W, C]` */
  readonly x: Images;
}

export interface ImageBatchSource extends BatchSource {
  at(step: number): ImageBatch;
}

export type PixelOptions = {
  /** Default "unit". */
  readonly range?: PixelRange;
  /**
   * Make every pixel black or white: by the threshold ½, or by chance with the grey level as the
   * probability of white, anew each time an image is seen.
   *
   * @see Burda et al. 2015, arXiv:1509.00519v4, §5.1
   */
  readonly binarize?: "threshold" | "sample";
};

export type ShuffledOptions = PixelOptions & {
  readonly batchSize: number;
  /** Order, and chance where `binarize` asks for it. */
  readonly seed: number;
};

/**
 * Training batches in an order that is new each epoch and depends on (seed, epoch) alone. Every
 * image comes at most once an epoch; what is left over after the last whole batch waits for the next.
 *
 * @throws ValueError if the set is smaller than one batch
 */
export function shuffledBatches(dataset: ImageDataset, options: ShuffledOptions): ImageBatchSource {
  const { batchSize, seed } = options;
  assertPixelOptions("shuffledBatches", options);
  assertInteger("shuffledBatches", "batchSize", batchSize);
  if (batchSize > dataset.count) {
    throw new ValueError(
      `shuffledBatches: batchSize is ${batchSize} but ${dataset.name} has ${dataset.count} images.`,
    );
  }
  const [orders, coins] = [new Rng(seed).fold(0), new Rng(seed).fold(1)];
  const batchesPerEpoch = Math.floor(dataset.count / batchSize);
  let latest: { epoch: number; order: Int32Array } = { epoch: -1, order: new Int32Array() };
  const orderOf = (epoch: number): Int32Array => {
    if (latest.epoch !== epoch)
      latest = { epoch, order: orders.fold(epoch).permutation(dataset.count) };
    return latest.order;
  };
  return {
    batchSize,
    batchesPerEpoch,
    at(step) {
      assertInteger("shuffledBatches", "step", step, 0);
      const start = (step % batchesPerEpoch) * batchSize;
      const ids = orderOf(Math.floor(step / batchesPerEpoch)).slice(start, start + batchSize);
      return examplesAt(dataset, ids, { ...options, rng: coins.fold(step) });
    },
  };
}

export type SequentialOptions = PixelOptions & {
  readonly batchSize: number;
  /** Chance for `binarize: "sample"`: the same image then always gets the same pixels. Default 0. */
  readonly seed?: number;
};

/**
 * The whole set in file order, for evaluation; the last batch of an epoch may be smaller. Each epoch
 * gives the very same batches.
 */
export function sequentialBatches(
  dataset: ImageDataset,
  options: SequentialOptions,
): ImageBatchSource {
  const { batchSize, seed = 0 } = options;
  assertPixelOptions("sequentialBatches", options);
  assertInteger("sequentialBatches", "batchSize", batchSize);
  const coins = new Rng(seed).fold(1);
  const batchesPerEpoch = Math.ceil(dataset.count / batchSize);
  return {
    batchSize,
    batchesPerEpoch,
    at(step) {
      assertInteger("sequentialBatches", "step", step, 0);
      const batch = step % batchesPerEpoch;
      const start = batch * batchSize;
      const size = Math.min(batchSize, dataset.count - start);
      const ids = Int32Array.from({ length: size }, (_, i) => start + i);
      return examplesAt(dataset, ids, { ...options, rng: coins.fold(batch) });
    },
  };
}

/**
 * The images with these indices as one batch; the caller owns its tensors.
 *
 * @param options `rng` is needed for `binarize: "sample"` only
 * @throws ValueError if an index is not in the set
 */
export function examplesAt(
  dataset: ImageDataset,
  ids: Int32Array,
  options: PixelOptions & { readonly rng?: Rng } = {},
): ImageBatch {
  assertPixelOptions("examplesAt", options);
  const chosen = dataset.select(ids);
  const pixels = toPixels(chosen.images, options);
  const x = tf.tensor4d(pixels, [ids.length, ...dataset.imageShape]);
  if (chosen.labels === undefined) return { x, ids };
  return { x, ids, labels: tf.tensor1d(chosen.labels, "int32") as Labels };
}

function assertPixelOptions(where: string, { range = "unit", binarize }: PixelOptions): void {
  assertOneOf(where, "range", range, ["unit", "signed"]);
  if (binarize !== undefined) assertOneOf(where, "binarize", binarize, ["threshold", "sample"]);
}

function toPixels(
  images: Uint8Array | Float32Array,
  { range = "unit", binarize, rng }: PixelOptions & { readonly rng?: Rng },
): Float32Array {
  const white = images instanceof Uint8Array ? 255 : 1;
  const threshold = binarize && thresholds(binarize, images.length, rng);
  const pixels = new Float32Array(images.length);
  for (let i = 0; i < pixels.length; i++) {
    const grey = (images[i] as number) / white;
    const unit = threshold === undefined ? grey : Number(grey > (threshold[i] as number));
    pixels[i] = range === "unit" ? unit : 2 * unit - 1;
  }
  return pixels;
}

/** For each pixel ½, or u ~ U[0, 1), since P(grey > u) = grey. */
function thresholds(kind: "threshold" | "sample", n: number, rng?: Rng): Float32Array {
  if (kind === "threshold") return new Float32Array(n).fill(0.5);
  if (rng === undefined) throw new ValueError('examplesAt: binarize "sample" needs an rng.');
  return rng.uniformArray(n);
}
