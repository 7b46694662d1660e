import { ShapeError, ValueError } from "../core/errors";
import {
  assertDtype,
  assertFloats,
  assertInRange,
  assertInteger,
  assertShape,
  assertTensor,
} from "../core/guard";
import { categoryAt } from "../core/math";
import { gatherRows, logSoftmax, logSumExp, softmax } from "../core/ops";
import type { Rng } from "../core/random";
import type { Batch, Denoiser, Labels, NoiseLevel, Timesteps } from "../core/types";
import { tf } from "../engine/tf";
import { decompose, type Mixture, type MixtureParameters } from "./mixture-parameters";
import { fromAxes, means, overBatch, termsAt, variances } from "./mixture-terms";

const CLEAN: NoiseLevel = { scale: 1, sigma: 0 };

/** The level at which a chain with this ᾱ is: √ᾱ x_0 + √(1−ᾱ) ε. @param alphaBar in [0, 1] */
export function levelOfAlphaBar(alphaBar: number): NoiseLevel<number> {
  assertInRange("levelOfAlphaBar", "alphaBar", alphaBar, [0, 1]);
  return { scale: Math.sqrt(alphaBar), sigma: Math.sqrt(1 - alphaBar) };
}

/**
 * A Gaussian mixture that stays known as noise is added to it: at any noise level it is a mixture
 * again, with means scale·μ_k and covariances scale²·Σ_k + sigma²·I. So density, score, the best
 * denoiser and the posterior of classes are exact: what every network of this course can be judged
 * by before it is trained.
 *
 * All methods take points `[B, D]`, or pictures of D numbers each, and a level of noise, without
 * which the data are clean. They compute in tensors, and can be compiled and differentiated; the
 * caller owns what they return. They throw ShapeError if points, labels and level do not meet.
 */
export class GaussianMixture {
  readonly dim: number;
  readonly numComponents: number;
  readonly numClasses: number;
  private readonly mixture: Mixture;

  /** @throws ShapeError, ValueError if these are not the parameters of a mixture */
  constructor(parameters: MixtureParameters) {
    this.mixture = decompose("GaussianMixture", parameters);
    this.numComponents = this.mixture.components.length;
    this.dim = (parameters.means[0] as readonly number[]).length;
    this.numClasses = Math.max(...this.mixture.labels) + 1;
  }

  /** The label that stands for "any class", as in `nn.LabelEmbedding`. */
  get nullLabel(): number {
    return this.numClasses;
  }

  /** log p_t(x), or log p_t(x | y), nats, `[B]`. */
  logDensity(x: Batch, level = CLEAN, labels?: Labels): tf.Tensor1D {
    this.assertPoints("logDensity", x, { level, labels });
    return tf.tidy(() => logSumExp(termsAt(this.mixture, x, level, labels).logits) as tf.Tensor1D);
  }

  /** p(k | x_t), `[B, K]`: which component a noisy point is from. */
  responsibilities(x: Batch, level = CLEAN, labels?: Labels): tf.Tensor2D {
    this.assertPoints("responsibilities", x, { level, labels });
    return tf.tidy(() => softmax(termsAt(this.mixture, x, level, labels).logits));
  }

  /**
   * ∇ log p_t(x), or ∇ log p_t(x | y), shaped like x.
   *
   * @eq R.20  Σ_k p(k | x) (scale²·Σ_k + sigma²·I)⁻¹ (scale·μ_k − x)
   */
  score<X extends Batch>(x: X, level = CLEAN, labels?: Labels): X {
    this.assertPoints("score", x, { level, labels });
    return tf.tidy(() => {
      const { logits, along, variance } = termsAt(this.mixture, x, level, labels);
      const pull = fromAxes(this.mixture, along.div(variance).neg()); // (K, B, D)
      return average(pull, softmax(logits)).reshape(x.shape) as X;
    });
  }

  /** What an ideal network of any size predicts: E[ε | x_t] = −sigma·score, shaped like x. */
  noise<X extends Batch>(x: X, level: NoiseLevel, labels?: Labels): X {
    this.assertPoints("noise", x, { level, labels });
    return tf.tidy(() => {
      const score = this.score(x, level, labels).reshape([1, -1, this.dim]);
      return score.mul(overBatch(level.sigma)).neg().reshape(x.shape) as X;
    });
  }

  /** E[x_0 | x_t], from the posterior of every component, so for any sigma; shaped like x. */
  denoise<X extends Batch>(x: X, level: NoiseLevel, labels?: Labels): X {
    this.assertPoints("denoise", x, { level, labels });
    return tf.tidy(() => {
      const { logits, along, variance } = termsAt(this.mixture, x, level, labels);
      const gain = variances(this.mixture).mul(overBatch(level.scale)).div(variance);
      const ofEach = means(this.mixture).add(fromAxes(this.mixture, along.mul(gain))); // (K, B, D)
      return average(ofEach, softmax(logits)).reshape(x.shape) as X;
    });
  }

  /** log p(y | x_t) of every class, `[B, classes]`: the ideal classifier of noisy points. */
  classLogPosterior(x: Batch, level = CLEAN): tf.Tensor2D {
    this.assertPoints("classLogPosterior", x, { level });
    return tf.tidy(() => {
      const { logits } = termsAt(this.mixture, x, level); // (B, K)
      const members = Array.from({ length: this.numClasses }, (_, y) =>
        this.mixture.labels.map((label) => (label === y ? 0 : -Infinity)),
      );
      const joint = logSumExp(logits.expandDims(1).add(members)); // (B, classes)
      return logSoftmax(joint as tf.Tensor2D);
    });
  }

  /** ∇ log p(y | x_t), shaped like x: the gradient that guides. */
  classifierScore<X extends Batch>(x: X, labels: Labels, level = CLEAN): X {
    return tf.tidy(() => this.score(x, level, labels).sub(this.score(x, level)) as X);
  }

  /**
   * The score tilted towards a class. It is that of p(x_t | y) only for guidanceScale = 1.
   *
   * @eq R.15  ∇ log p_t(x) + s ∇ log p_t(y | x)
   */
  guidedScore<X extends Batch>(
    x: X,
    labels: Labels,
    { guidanceScale, ...level }: NoiseLevel & { readonly guidanceScale: number },
  ): X {
    return tf.tidy(() => {
      const towards = this.classifierScore(x, labels, level).mul(guidanceScale);
      return this.score(x, level).add(towards) as X;
    });
  }

  /**
   * The ideal ε-network of a noise chain; labels, if given, may hold `nullLabel`.
   *
   * @param schedule with `alphaBar[t]`, t = 0…T
   */
  denoiser<X extends Batch>(schedule: { readonly alphaBar: ArrayLike<number> }): Denoiser<X> {
    const levels = levelsOf(schedule);
    return (xt, t, labels) => tf.tidy(() => this.noise(xt, levels(t), labels));
  }

  /**
   * The ideal classifier that guides a noise chain: log p(y | x_t) of each point's own label, `[B]`.
   *
   * @param schedule with `alphaBar[t]`, t = 0…T
   */
  classifier(schedule: {
    readonly alphaBar: ArrayLike<number>;
  }): (xt: Batch, t: Timesteps, labels?: Labels) => tf.Tensor1D {
    const levels = levelsOf(schedule);
    return (xt, t, labels) => {
      if (labels === undefined) throw new ValueError("GaussianMixture.classifier: no labels.");
      return tf.tidy(() => {
        const isOwn = tf.oneHot(labels, this.numClasses).cast("float32"); // (B, classes)
        return this.classLogPosterior(xt, levels(t)).mul(isOwn).sum<tf.Tensor1D>(1);
      });
    };
  }

  /** `n` clean points and the classes they are from; the caller owns both. */
  sample(rng: Rng, n: number): { readonly x: tf.Tensor2D; readonly labels: Labels } {
    assertInteger("GaussianMixture.sample", "n", n);
    const { components, weights, labels } = this.mixture;
    const picked = Array.from(rng.uniformArray(n), (u) => categoryAt(weights, u));
    const noise = rng.normalArray(n * this.dim);
    const x = new Float32Array(n * this.dim);
    picked.forEach((k, i) => {
      const { mean, variance, axes } = components[k] as Mixture["components"][number];
      const along = variance.map((v, d) => Math.sqrt(v) * (noise[i * this.dim + d] as number));
      mean.forEach((m, d) => {
        const row = axes?.[d];
        const away = row === undefined ? (along[d] as number) : dot(row, along);
        x[i * this.dim + d] = m + away;
      });
    });
    const classes = picked.map((k) => labels[k] as number);
    return { x: tf.tensor2d(x, [n, this.dim]), labels: tf.tensor1d(classes, "int32") };
  }

  private assertPoints(method: string, x: Batch, { level, labels }: Given): void {
    const where = `GaussianMixture.${method}`;
    assertTensor(where, "x", x);
    assertDtype(where, "x", x, "float32");
    const [count = 0, ...sizes] = x.shape;
    const size = sizes.reduce((product, n) => product * n, 1);
    if (count === 0 || size !== this.dim || x.rank < 2) {
      throw new ShapeError(
        `${where}: x must hold ${this.dim} numbers per example, got [${x.shape.join(", ")}].`,
      );
    }
    for (const [name, value] of Object.entries({ scale: level.scale, sigma: level.sigma })) {
      if (typeof value === "number") assertInRange(where, name, value, [0, Number.MAX_VALUE]);
      else assertFloats(where, name, value, [count]);
    }
    if (labels === undefined) return;
    assertShape(where, "labels", labels, [count]);
    assertDtype(where, "labels", labels, "int32");
  }
}

/** The levels of timesteps `[B]`; for use inside a tidy. */
function levelsOf(schedule: {
  readonly alphaBar: ArrayLike<number>;
}): (t: Timesteps) => NoiseLevel<tf.Tensor1D> {
  const levels = Array.from(schedule.alphaBar, levelOfAlphaBar);
  const at = (column: "scale" | "sigma", t: Timesteps): tf.Tensor1D => {
    const table = tf.tensor2d(levels.map((level) => [level[column]]));
    return gatherRows(table, t.cast("int32")).squeeze([1]);
  };
  return (t) => ({ scale: at("scale", t), sigma: at("sigma", t) });
}

type Given = { readonly level: NoiseLevel; readonly labels?: Labels | undefined };

/** Σ_k p(k | x) v_k. @param vectors `[K, B, D]` @param probabilities `[B, K]` */
function average(vectors: tf.Tensor, probabilities: tf.Tensor2D): tf.Tensor {
  return vectors.mul(probabilities.transpose().expandDims(2)).sum(0); // (B, D)
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}
