import { Rng } from "../core/random";
import { ImageDataset } from "../data/dataset";
import { openDigits } from "../data/digits";
import { linearSchedule } from "../diffusion/schedule";
import { Classifier, CLASSIFIER_PRESETS } from "../models/classifier";
import { Unet, type UnetConfig } from "../models/unet";
import { checkpointPath, loadCourseWeights } from "./checkpoint";
import { DiffusionPipeline } from "./pipeline";
import { loadPipeline } from "./store";

/** A U-Net of digits that learns on a laptop and knows of no classes. */
export const CLASSLESS_DIGIT_UNET = {
  imageSize: 28,
  imageChannels: 1,
  patchSize: 2,
  baseChannels: 32,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  attentionSizes: [],
} as const satisfies UnetConfig;

/** The same for digits with a class or without: 10 is "no class". */
export const DIGIT_UNET = { ...CLASSLESS_DIGIT_UNET, numClasses: 10 } as const satisfies UnetConfig;

/** Digits to train on, and two disjoint parts that no network of the course has seen. */
export type DigitParts = Readonly<Record<"train" | "reference" | "other", ImageDataset>>;

/**
 * One split of `openDigits` for the networks of the course and their scores, 28×28: 4,000 of MNIST's
 * digits, two fifths of a smaller set, are held out: `reference`, which samples are compared with,
 * and `other`, which is compared with it too: real against real is the floor of a distance.
 * scikit-learn's 8×8 digits, where there is no MNIST, are enlarged.
 */
export function digitParts(): DigitParts {
  const digits = openDigits();
  const each = Math.min(2000, Math.floor(digits.count / 5));
  const { train, heldOut } = digits.split({ heldOut: 2 * each, seed: 1 });
  const parts = { train, reference: heldOut.take(each), other: heldOut.slice(each, 2 * each) };
  if (digits.imageShape[0] === 28) return parts;
  return {
    train: enlarged(parts.train),
    reference: enlarged(parts.reference),
    other: enlarged(parts.other),
  };
}

/** 8×8 to 28×28: each pixel becomes 3×3, with a border of 2. */
function enlarged(digits: ImageDataset): ImageDataset {
  const images = new Float32Array(digits.count * 28 * 28);
  for (let i = 0; i < digits.images.length; i++) {
    const [picture, row, column] = [i >> 6, (i >> 3) & 7, i & 7];
    for (let y = 0; y < 3; y++) {
      const first = (picture * 28 + 2 + 3 * row + y) * 28 + 2 + 3 * column;
      images.fill(digits.images[i] as number, first, first + 3);
    }
  }
  const { name, labels, classNames, provenance } = digits;
  return new ImageDataset({
    name: `${name}, enlarged`,
    images,
    imageShape: [28, 28, 1],
    ...(labels && { labels }),
    ...(classNames && { classNames }),
    provenance,
  });
}

/**
 * An untrained sampler of 28×28 digits: 1000 timesteps, β linear. It predicts v: from the noise alone
 * a network this small does not learn which class was asked for, which is settled where ε ≈ x_t.
 */
export function newDigitSampler(rng: Rng): DiffusionPipeline {
  return new DiffusionPipeline({
    denoiser: new Unet(DIGIT_UNET, rng),
    schedule: linearSchedule(1000),
    predicts: "v",
  });
}

/**
 * The course's own sampler of digits, by class or, with class 10, by none; made by
 * `npm run train:digits`.
 *
 * @returns the caller owns it
 * @throws CheckpointError if the files are missing or damaged
 */
export function loadDigitSampler(): DiffusionPipeline {
  return loadPipeline(checkpointPath("digits-ddpm"));
}

/**
 * The classifier of clean 28×28 digits, in [−1, 1], whose `features` the digits' metrics compare;
 * made by `npm run train:digits`.
 *
 * @returns the caller owns it
 * @throws DataMissingError if the file is missing; CheckpointError if it is damaged
 */
export function loadDigitClassifier(): Classifier {
  const classifier = new Classifier(CLASSIFIER_PRESETS["digits-28"], new Rng(0));
  try {
    loadCourseWeights("digit-classifier", classifier);
    return classifier;
  } catch (error) {
    classifier.dispose();
    throw error;
  }
}
