import { ShapeError, ValueError } from "../core/errors";
import { assertInRange, assertInteger } from "../core/guard";
import type { Disposable } from "../core/memory";
import type { Rng } from "../core/random";
import { estimate } from "../core/statistics";
import type { Images } from "../core/types";
import { examplesAt } from "../data/batches";
import type { ImageDataset } from "../data/dataset";
import { tf } from "../engine/tf";
import { classImbalance, classShares } from "../metrics/classification";
import { featureMoments, frechetDistance } from "../metrics/frechet";
import { type ManifoldScores, precisionRecall } from "../metrics/neighbours";
import type { Classifier } from "../models/classifier";
import type { Gaussian } from "../oracles/gaussian";
import { digitParts, loadDigitClassifier } from "./digits";

const BATCH = 50;
/** Disjoint sets of real digits that a floor is averaged over, if there are as many. */
const MOST_SETS = 8;
const NUM_CLASSES = 10;
/** Draws that the imbalance of real digits is told over. */
const IMBALANCE_DRAWS = 200;

/**
 * Scores of generated digits, `[N, 28, 28, 1]` in [−1, 1], by the features of a classifier and held-out
 * digits that no network of the course has seen. It takes the classifier over.
 */
export class DigitJudge implements Disposable {
  /** `[2000, 64]` of the reference. */
  private readonly real: tf.Tensor2D;
  private readonly truth: Gaussian;
  /** How frequent the reference's classes are, once that was asked. */
  private expected: Float64Array | undefined;

  /**
   * @param parts `reference`: what samples are compared with; `other`: more real digits, whose
   *   distance from the reference is the floor
   */
  constructor(
    private readonly classifier: Classifier,
    private readonly parts: Readonly<Record<"reference" | "other", ImageDataset>>,
  ) {
    this.real = this.featuresOf(parts.reference, 0, parts.reference.count);
    this.truth = featureMoments(this.real);
  }

  /** What the classifier's last layer reads, `[N, 64]`; the caller owns it. */
  features(images: Images): tf.Tensor2D {
    return tf.tidy(() =>
      tf.concat(inBatches(images).map((batch) => this.classifier.features(batch))),
    );
  }

  /** Squared Fréchet distance of at least two pictures from the reference. */
  frechet(images: Images): number {
    const features = this.features(images);
    const distance = frechetDistance(featureMoments(features), this.truth);
    features.dispose();
    return distance;
  }

  /**
   * The Fréchet distance of `n` real digits, averaged over disjoint sets: few pictures are far from
   * the reference even if they are real.
   *
   * @throws ValueError if there are not so many
   */
  floor(n: number): number {
    assertInteger("DigitJudge.floor", "n", n, 2);
    const sets = Math.min(MOST_SETS, Math.floor(this.parts.other.count / n));
    if (sets === 0) {
      throw new ValueError(
        `DigitJudge.floor: there are ${this.parts.other.count} digits, not ${n}.`,
      );
    }
    const distances = Array.from({ length: sets }, (_, i) => {
      const features = this.featuresOf(this.parts.other, i * n, (i + 1) * n);
      const distance = frechetDistance(featureMoments(features), this.truth);
      features.dispose();
      return distance;
    });
    return distances.reduce((sum, distance) => sum + distance, 0) / sets;
  }

  /** How likely the classifier thinks each class, `[N, 10]`; the caller owns it. */
  probabilities(images: Images): tf.Tensor2D {
    return tf.tidy(() =>
      tf.concat(inBatches(images).map((batch) => this.classifier.forward(batch).softmax())),
    );
  }

  /** The class that each picture is taken for. */
  classes(images: Images): Int32Array {
    const likeliest = tf.tidy(() => this.probabilities(images).argMax(1));
    const classes = likeliest.dataSync<"int32">().slice();
    likeliest.dispose();
    return classes;
  }

  /** Share of pictures that would have to be another digit for classes as frequent as the reference's. */
  imbalance(images: Images): number {
    this.expected ??= classShares(this.classesOf(this.parts.reference), NUM_CLASSES);
    return classImbalance(this.classes(images), this.expected);
  }

  /**
   * The imbalance of `n` real digits: drawn at random from all that are held out, and compared with
   * the rest, many times.
   *
   * @returns mean and standard deviation over the draws
   * @throws ValueError if there are not more digits than n
   */
  imbalanceFloor(n: number, rng: Rng): { readonly mean: number; readonly deviation: number } {
    const { reference, other } = this.parts;
    const all = [...this.classesOf(reference), ...this.classesOf(other)];
    assertInRange("DigitJudge.imbalanceFloor", "n", n, [1, all.length - 1]);
    const draws = Array.from({ length: IMBALANCE_DRAWS }, () => {
      const mixed = Array.from(rng.permutation(all.length), (i) => all[i] as number);
      return classImbalance(mixed.slice(0, n), classShares(mixed.slice(n), NUM_CLASSES));
    });
    const { mean, standardError } = estimate(draws);
    return { mean, deviation: standardError * Math.sqrt(draws.length) };
  }

  /**
   * Fidelity and variety apart, against as many digits of the reference as there are pictures, if it
   * has so many.
   */
  manifold(images: Images): ManifoldScores {
    return tf.tidy(() => {
      const real = this.real.slice(0, Math.min(images.shape[0], this.real.shape[0]));
      return precisionRecall(real, this.features(images)) as never;
    });
  }

  /** Share of pictures that the classifier takes for the class that was asked for. */
  accuracy(images: Images, labels: readonly number[]): number {
    if (images.shape[0] !== labels.length) {
      throw new ShapeError(
        `DigitJudge.accuracy: ${images.shape[0]} pictures, but ${labels.length} labels.`,
      );
    }
    const classes = this.classes(images);
    return labels.filter((label, i) => classes[i] === label).length / labels.length;
  }

  dispose(): void {
    this.real.dispose();
    this.classifier.dispose();
  }

  private classesOf(digits: ImageDataset): Int32Array {
    const { x, labels } = examplesAt(digits, idsFrom(0, digits.count), { range: "signed" });
    const classes = this.classes(x);
    tf.dispose([x, labels ?? []]);
    return classes;
  }

  private featuresOf(digits: ImageDataset, from: number, to: number): tf.Tensor2D {
    const { x, labels } = examplesAt(digits, idsFrom(from, to), { range: "signed" });
    const features = this.features(x);
    tf.dispose([x, labels ?? []]);
    return features;
  }
}

/** The judge of the course's digits. @throws CheckpointError */
export function loadDigitJudge(): DigitJudge {
  return new DigitJudge(loadDigitClassifier(), digitParts());
}

function idsFrom(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, i) => from + i);
}

function inBatches(images: Images): Images[] {
  const whole = Math.floor(images.shape[0] / BATCH);
  const rest = images.shape[0] % BATCH;
  const sizes = [...Array<number>(whole).fill(BATCH), ...(rest > 0 ? [rest] : [])];
  return tf.split(images, sizes) as Images[];
}
