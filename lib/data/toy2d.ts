import { ValueError } from "../core/errors";
import {
  assertDtype,
  assertFinite,
  assertInRange,
  assertInteger,
  assertShape,
} from "../core/guard";
import { categoryAt } from "../core/math";
import { Rng } from "../core/random";
import type { BatchSource } from "../core/types";
import { tf } from "../engine/tf";

export type Point2d = readonly [x: number, y: number];

/** A distribution in the plane whose truth is known, so that what a network learned can be judged. */
export interface Toy2d {
  readonly name: string;
  /** `n` independent points `[n, 2]`, float32; the caller owns them. */
  sample(rng: Rng, n: number): tf.Tensor2D;
  /** Exact log p, in nats, of points `[n, 2]` → `[n]`; absent where there is no closed form. */
  readonly logDensity?: (points: tf.Tensor2D) => tf.Tensor1D;
  /** Centres of the modes, for mixtures. */
  readonly modes?: readonly Point2d[];
  /** What a mixture is made of: `new oracles.GaussianMixture(toy.mixture)` knows all about it. */
  readonly mixture?: Required<Omit<MixtureOptions, "name">>;
}

export type MixtureOptions = {
  readonly name?: string;
  readonly means: readonly Point2d[];
  /** One standard deviation for all components and directions, > 0. */
  readonly std: number;
  /** Probabilities of the components. Default: all equal. */
  readonly weights?: readonly number[];
};

/**
 * p(x) = Σ_k w_k N(x; μ_k, σ² I).
 *
 * @throws ValueError if σ ≤ 0, there is no component, or the weights are no probabilities
 */
export function gaussianMixture(options: MixtureOptions): Toy2d {
  const { name = "gaussian mixture", means, std } = options;
  const weights = options.weights ?? means.map(() => 1 / means.length);
  assertMixture(means, std, weights);
  return {
    name,
    modes: means,
    mixture: { means, std, weights },
    sample: (rng, n) => scatter(rng, n, std, (u) => means[categoryAt(weights, u)] as Point2d),
    logDensity(points) {
      assertPoints(name, points);
      return tf.tidy(() => {
        const centres = tf.tensor2d(means.map(([x, y]) => [x, y])); // (K, 2)
        const away = points.expandDims(1).sub(centres); // (n, K, 2)
        const exponent = away
          .square()
          .sum(2)
          .div(-2 * std * std); // (n, K)
        const logWeights = tf.tensor1d(weights.map(Math.log)); // (K)
        const logNormaliser = Math.log(2 * Math.PI * std * std);
        return exponent.add(logWeights).logSumExp(1).sub(logNormaliser) as tf.Tensor1D;
      });
    },
  };
}

/** Eight equal Gaussians on a circle. @see Metz et al. 2016, arXiv:1611.02163v4, §3.1 */
export function ring8({ radius = 2, std = 0.02 } = {}): Toy2d {
  assertInRange("ring8", "radius", radius, [0, Number.MAX_VALUE]);
  const angles = Array.from({ length: 8 }, (_, k) => (2 * Math.PI * k) / 8);
  const means = angles.map((a): Point2d => [radius * Math.cos(a), radius * Math.sin(a)]);
  return gaussianMixture({ name: "ring of 8", means, std });
}

/** Twenty-five equal Gaussians on {−4, −2, 0, 2, 4}². @see Srivastava et al. 2017, arXiv:1705.07761v3, §4.1 */
export function grid25({ spacing = 2, std = 0.05 } = {}): Toy2d {
  assertInRange("grid25", "spacing", spacing, [0, Number.MAX_VALUE]);
  const axis = [-2, -1, 0, 1, 2].map((step) => step * spacing);
  const means = axis.flatMap((x) => axis.map((y): Point2d => [x, y]));
  return gaussianMixture({ name: "grid of 25", means, std });
}

/**
 * Two interleaving half circles of radius 1, around (0, 0) and (1, ½), with N(0, std²) noise. Mean
 * (½, ¼). There is no closed form of its density.
 */
export function moons({ std = 0.1 } = {}): Toy2d {
  assertInRange("moons", "std", std, [0, Number.MAX_VALUE]);
  return {
    name: "two moons",
    sample: (rng, n) =>
      scatter(rng, n, std, (u, v) => {
        const t = Math.PI * v;
        return u < 0.5 ? [Math.cos(t), Math.sin(t)] : [1 - Math.cos(t), 0.5 - Math.sin(t)];
      }),
  };
}

/**
 * A spiral: angle t ~ U[1.5π, 4.5π], radius 2t / 4.5π, with N(0, std²) noise. There is no closed form
 * of its density.
 */
export function swissRoll({ std = 0.03 } = {}): Toy2d {
  assertInRange("swissRoll", "std", std, [0, Number.MAX_VALUE]);
  return {
    name: "swiss roll",
    sample: (rng, n) =>
      scatter(rng, n, std, (u) => {
        const t = 1.5 * Math.PI * (1 + 2 * u);
        const radius = (2 * t) / (4.5 * Math.PI);
        return [radius * Math.cos(t), radius * Math.sin(t)];
      }),
  };
}

/** Uniform on the 8 dark squares of a 4 × 4 board over [−2, 2)²: p = 1/8 there, 0 elsewhere. */
export function checkerboard(): Toy2d {
  return {
    name: "checkerboard",
    sample: (rng, n) =>
      scatter(rng, n, 0, (u, v) => {
        const [x, rise] = [4 * u - 2, 4 * v];
        const isOddColumn = Math.abs(Math.floor(x)) % 2;
        const row = 2 * Math.floor(rise / 2) - 2 + isOddColumn; // −2, 0 or −1, 1
        return [x, row + ((rise / 2) % 1)];
      }),
    logDensity(points) {
      assertPoints("checkerboard", points);
      return tf.tidy(() => {
        const onBoard = points.greaterEqual(-2).logicalAnd(points.less(2)).all(1); // (n)
        const isDark = points.floor().sum(1).mod(2).equal(0); // (n)
        const [inside, outside] = [tf.scalar(-Math.log(8)), tf.scalar(-Infinity)];
        return tf.where<tf.Tensor>(onBoard.logicalAnd(isDark), inside, outside) as tf.Tensor1D;
      });
    },
  };
}

/** Points of a toy, fresh ones at each step; there is no end of them, so an epoch is a mere count. */
export function toyBatches(
  toy: Toy2d,
  options: { readonly batchSize: number; readonly seed: number; readonly batchesPerEpoch?: number },
): BatchSource {
  const { batchSize, seed, batchesPerEpoch = 100 } = options;
  assertInteger("toyBatches", "batchSize", batchSize);
  assertInteger("toyBatches", "batchesPerEpoch", batchesPerEpoch);
  const rng = new Rng(seed);
  return {
    batchSize,
    batchesPerEpoch,
    at(step) {
      const x = toy.sample(rng.fold(step), batchSize);
      return { x, ids: Int32Array.from({ length: batchSize }, (_, i) => step * batchSize + i) };
    },
  };
}

/** `n` points: each at a place found from two uniform numbers, plus N(0, std² I). */
function scatter(
  rng: Rng,
  n: number,
  std: number,
  place: (u: number, v: number) => Point2d,
): tf.Tensor2D {
  assertInteger("Toy2d.sample", "n", n);
  const [uniform, noise] = [rng.uniformArray(2 * n), rng.normalArray(2 * n)];
  const points = new Float32Array(2 * n);
  for (let i = 0; i < 2 * n; i += 2) {
    const [x, y] = place(uniform[i] as number, uniform[i + 1] as number);
    points[i] = x + std * (noise[i] as number);
    points[i + 1] = y + std * (noise[i + 1] as number);
  }
  return tf.tensor2d(points, [n, 2]);
}

function assertPoints(toy: string, points: tf.Tensor2D): void {
  assertShape(`${toy}.logDensity`, "points", points, ["n", 2]);
  assertDtype(`${toy}.logDensity`, "points", points, "float32");
}

function assertMixture(means: readonly Point2d[], std: number, weights: readonly number[]): void {
  assertInteger("gaussianMixture", "the number of means", means.length);
  means.forEach((mean, k) => {
    assertFinite("gaussianMixture", `means[${k}]`, mean);
    assertInRange("gaussianMixture", `the length of means[${k}]`, mean.length, [2, 2]);
  });
  assertInRange("gaussianMixture", "std", std, [Number.MIN_VALUE, Number.MAX_VALUE]);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const areProbabilities = weights.every((w) => w > 0) && Math.abs(total - 1) < 1e-6;
  if (areProbabilities && weights.length === means.length) return;
  throw new ValueError(
    `gaussianMixture: weights must be ${means.length} positive numbers of sum 1, ` +
      `got ${weights.length} of sum ${total}.`,
  );
}
