import {
  assertFloats,
  assertInRange,
  assertInteger,
  assertSameShape,
  assertSizes,
} from "../../core/guard";
import type { Disposable } from "../../core/memory";
import type { Images } from "../../core/types";
import { tf } from "../../engine/tf";

export type ProganConfig = {
  readonly latentDim: number;
  readonly imageChannels: number;
  /** Height and width of the smallest pictures. */
  readonly startSize: number;
  /** Channels at each size, from the smallest up: as many sizes as there are numbers. */
  readonly channels: readonly number[];
  /** Examples that the discriminator compares with each other; 4 unless told. */
  readonly groupSize?: number;
};

/**
 * How far both networks have grown. The blend α is a variable, so a compiled training step sees it
 * change; another stage is another graph.
 *
 * @example
 * const growth = new Growth(1); // 16 × 16, if pictures start at 8 × 8
 * growth.alpha = 0; // still what the networks of 8 × 8 did
 */
export class Growth implements Disposable {
  private readonly blend: tf.Variable;

  /** @param stage 0 for the smallest pictures. @throws ValueError */
  constructor(
    readonly stage: number,
    alpha = 1,
  ) {
    assertInteger("Growth", "stage", stage, 0);
    assertAlpha(alpha);
    const isTrainable = false;
    this.blend = tf.tidy(() => tf.variable(tf.scalar(alpha), isTrainable));
  }

  /** Between what was before this stage, 0, and what is new, 1. @throws ValueError */
  set alpha(value: number) {
    assertAlpha(value);
    tf.tidy(() => this.blend.assign(tf.scalar(value)));
  }

  get alpha(): number {
    return this.blend.dataSync()[0] as number;
  }

  /** α, `[]`; borrowed. */
  get alphaTensor(): tf.Scalar {
    return this.blend as unknown as tf.Scalar;
  }

  dispose(): void {
    this.blend.dispose();
  }
}

/**
 * From what a network did before it grew to what it does now.
 *
 * @param before what the smaller network gives, `[B, H, W, C]`
 * @param now what the new layers give, `[B, H, W, C]`
 * @param alpha α, `[]`: 0 is the smaller network, 1 the larger
 * @returns (1 − α)·before + α·now; the caller owns it
 * @throws ShapeError
 * @see Karras et al. 2018, arXiv:1710.10196v3, figure 2
 */
export function fadeIn(before: Images, now: Images, alpha: tf.Scalar): Images {
  assertSameShape("fadeIn", ["before", "now"], [before, now]);
  assertFloats("fadeIn", "before", before, ["B", "H", "W", "C"]);
  assertFloats("fadeIn", "now", now, before.shape);
  assertFloats("fadeIn", "alpha", alpha, []);
  return tf.tidy(() => before.mul(tf.sub(1, alpha)).add(now.mul(alpha)));
}

/** @throws ShapeError, ValueError */
export function assertProgan(where: string, config: ProganConfig): void {
  const { channels, latentDim, imageChannels, startSize, groupSize = 4 } = config;
  assertSizes(where, "channels", channels);
  assertInteger(where, "the number of channels", channels.length);
  assertInteger(where, "latentDim", latentDim);
  assertInteger(where, "imageChannels", imageChannels);
  assertInteger(where, "startSize", startSize, 2);
  assertInteger(where, "groupSize", groupSize);
}

/** @throws ValueError if the network has not so many sizes */
export function assertStage(where: string, { channels }: ProganConfig, { stage }: Growth): void {
  assertInRange(where, "stage", stage, [0, channels.length - 1]);
}

function assertAlpha(alpha: number): void {
  assertInRange("Growth", "alpha", alpha, [0, 1]);
}
