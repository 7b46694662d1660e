import { ValueError } from "../core/errors";
import { assertDtype, assertInRange, assertInteger, assertOneOf, assertShape } from "../core/guard";
import type { Rng } from "../core/random";
import type { Labels } from "../core/types";
import { gatherRows } from "../core/ops";
import { tf } from "../engine/tf";
import { type Initializer, normal, parameter } from "./init";
import { Module } from "./module";

export type SinusoidalOptions = {
  /** The longest wave is 2π·maxPeriod. */
  readonly maxPeriod?: number;
  /** "cos-sin" as OpenAI's and DiT's code, "sin-cos" as DDPM's. */
  readonly order?: "cos-sin" | "sin-cos";
  /** Frequencies maxPeriod^(−i / (n − shift)), n of them: 0 as OpenAI and DiT, 1 as DDPM. */
  readonly frequencyShift?: 0 | 1;
};

/**
 * Waves of geometrically spaced frequencies, from 1 down, taken at t; an odd size ends in a 0.
 *
 * @param t `[B]`, int32 or float32
 * @returns `[B, size]`; the caller owns it
 * @throws ShapeError, ValueError
 * @see Vaswani et al. 2017, arXiv:1706.03762v7, §3.5
 */
export function sinusoidalEmbedding(
  t: tf.Tensor1D,
  size: number,
  { maxPeriod = 10_000, order = "cos-sin", frequencyShift = 0 }: SinusoidalOptions = {},
): tf.Tensor2D {
  assertOneOf("sinusoidalEmbedding", "order", order, ["cos-sin", "sin-cos"]);
  assertInteger("sinusoidalEmbedding", "frequencyShift", frequencyShift, 0);
  assertInRange("sinusoidalEmbedding", "frequencyShift", frequencyShift, [0, 1]);
  assertInteger("sinusoidalEmbedding", "size", size, 2 + 2 * frequencyShift);
  assertInRange("sinusoidalEmbedding", "maxPeriod", maxPeriod, [1, Number.MAX_VALUE]);
  assertShape("sinusoidalEmbedding", "t", t, ["B"]);
  if (t.dtype !== "int32") assertDtype("sinusoidalEmbedding", "t", t, "float32");
  const waves = Math.floor(size / 2);
  const frequencies = Array.from(
    { length: waves },
    (_, i) => maxPeriod ** (-i / (waves - frequencyShift)),
  );
  return tf.tidy(() => {
    const phase = t
      .cast("float32")
      .expandDims(1)
      .mul(tf.tensor2d([frequencies])); // (B, n)
    const [cos, sin] = [phase.cos(), phase.sin()];
    const both = tf.concat(order === "cos-sin" ? [cos, sin] : [sin, cos], 1); // (B, 2n)
    return (
      size % 2 === 0
        ? both
        : both.pad([
            [0, 0],
            [0, 1],
          ])
    ) as tf.Tensor2D;
  });
}

/**
 * Sine-cosine position embedding of a grid of patches, row by row. The first half of the features
 * holds the *column* (width), the second the row, as in MAE's and DiT's code; each half is the
 * sines, then the cosines.
 *
 * @returns `[height·width, size]`; the caller owns it
 * @throws ValueError if `size` is not a multiple of 4
 * @see He et al. 2021, arXiv:2111.06377v3, whose code has this order
 */
export function gridEmbedding(height: number, width: number, size: number): tf.Tensor2D {
  assertInteger("gridEmbedding", "height", height);
  assertInteger("gridEmbedding", "width", width);
  assertInteger("gridEmbedding", "size", size);
  if (size % 4 !== 0) {
    throw new ValueError(`gridEmbedding: size must be a multiple of 4, got ${size}.`);
  }
  const rows = Array.from({ length: height * width }, (_, cell) => {
    const [row, column] = [Math.floor(cell / width), cell % width];
    return [...waves(column, size / 2), ...waves(row, size / 2)];
  });
  return tf.tensor2d(rows);
}

/** Sines, then cosines of `position`, with frequencies 10000^(−2i / size), i < size / 2. */
function waves(position: number, size: number): number[] {
  const phases = Array.from({ length: size / 2 }, (_, i) => position / 10_000 ** ((2 * i) / size));
  return [...phases.map(Math.sin), ...phases.map(Math.cos)];
}

/**
 * A learnt vector per class, and one more for "no class": what classifier-free guidance is trained
 * with (R.17).
 */
export class LabelEmbedding extends Module {
  /** `[K + 1, size]`; the last row is "no class". */
  readonly weight: tf.Variable;

  /** @throws ValueError if a size is not a whole number of at least 1 */
  constructor(
    readonly numClasses: number,
    readonly size: number,
    rng: Rng,
    { weightInit = normal(0.02) }: { readonly weightInit?: Initializer } = {},
  ) {
    super();
    assertInteger("LabelEmbedding", "numClasses", numClasses);
    assertInteger("LabelEmbedding", "size", size);
    this.weight = parameter([numClasses + 1, size], weightInit, rng);
  }

  /** The label that means "no class". */
  get nullLabel(): number {
    return this.numClasses;
  }

  /**
   * @param labels `[B]`, int32, 0…K−1 or `nullLabel`; TensorFlow refuses others on a CPU only
   * @returns `[B, size]`; the caller owns it
   * @throws ShapeError if the labels are not an int32 vector
   */
  forward(labels: Labels): tf.Tensor2D {
    assertShape("LabelEmbedding", "labels", labels, ["B"]);
    assertDtype("LabelEmbedding", "labels", labels, "int32");
    return gatherRows(this.weight, labels) as tf.Tensor2D;
  }
}
