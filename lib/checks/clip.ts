import { softmax } from "../core/ops";
import { tf } from "../engine/tf";
import { recallAt } from "../metrics/retrieval";
import {
  contrastiveLogits,
  type ContrastiveLoss,
  contrastiveLoss,
} from "../objectives/contrastive";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Rows = readonly (readonly number[])[];

const IMAGE = [
  [0.8, -1.5, 0.3],
  [2.2, 0.4, -0.7],
  [-0.6, 0.9, 1.1],
];
const TEXT = [
  [0.5, -0.2, 1.4],
  [1.3, 0.8, -0.9],
  [-1.1, 0.6, 0.2],
];
const LOG_SCALE = 0.9;

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, k) => sum + value * (b[k] ?? NaN), 0);
}

function logitsOf(image: Rows, text: Rows, logScale: number): number[][] {
  return image.map((a) =>
    text.map((b) => (Math.exp(logScale) * dot(a, b)) / Math.sqrt(dot(a, a) * dot(b, b))),
  );
}

type Logits = (image: tf.Tensor2D, text: tf.Tensor2D, logScale: tf.Tensor) => tf.Tensor2D;

function unit(x: tf.Tensor2D): tf.Tensor2D {
  return x.div(x.square().sum(1, true).sqrt());
}

defineCheck<Logits>({
  id: "R.23b",
  solution: contrastiveLogits,
  probes: valueProbes({
    cases: [
      { title: "three of each", inputs: { image: IMAGE, text: TEXT, logScale: LOG_SCALE } },
      {
        title: "three pictures, one caption",
        inputs: { image: IMAGE, text: [[2, 1, -3]], logScale: -0.4 },
      },
    ],
    call: (fn: Logits, { image, text, logScale }) => fn(image, text, logScale),
    reference: ({ image, text, logScale }) => logitsOf(image, text, logScale),
    gradients: ["image", "logScale"],
  }),
  mistakes: [
    {
      says: "The embeddings keep their lengths; a cosine has none.",
      fn: (image, text, logScale) => tf.matMul(image, text, false, true).mul(logScale.exp()),
    },
    {
      says: "The logarithm of the factor is multiplied with, not the factor.",
      fn: (image, text, logScale) => tf.matMul(unit(image), unit(text), false, true).mul(logScale),
    },
    {
      says: "Divided by the factor: exp(logScale) is 1/τ, not the temperature τ.",
      fn: (image, text, logScale) =>
        tf.matMul(unit(image), unit(text), false, true).div(logScale.exp()),
    },
    {
      says: "Lengths are sums of absolute values; a cosine takes the root of the sum of squares.",
      fn: (image, text, logScale) => {
        const short = (x: tf.Tensor2D): tf.Tensor2D => x.div(x.abs().sum(1, true));
        return tf.matMul(short(image), short(text), false, true).mul(logScale.exp());
      },
    },
  ],
  hints: [
    "Bring each row to length 1; the products of all rows with all rows are the cosines.",
    "tf.matMul(unit(image), unit(text), false, true) times logScale.exp()",
  ],
});

type InfoNce = (image: tf.Tensor2D, text: tf.Tensor2D, logScale: tf.Tensor) => ContrastiveLoss;

/** Mean of −log softmax of row i at i. */
function diagonalCost(logits: Rows): number {
  return (
    logits.reduce((sum, row, i) => {
      const total = row.reduce((all, value) => all + Math.exp(value), 0);
      return sum + Math.log(total) - (row[i] ?? NaN);
    }, 0) / logits.length
  );
}

const transposed = (rows: Rows): number[][] => rows.map((_, j) => rows.map((row) => row[j] ?? NaN));

defineCheck<InfoNce>({
  id: "R.23c",
  solution: contrastiveLoss,
  probes: valueProbes({
    cases: [{ title: "three pairs", inputs: { image: IMAGE, text: TEXT, logScale: LOG_SCALE } }],
    call: (fn: InfoNce, { image, text, logScale }) => {
      const { loss, imageToText, textToImage } = fn(image, text, logScale);
      return { loss, "image to text": imageToText, "text to image": textToImage };
    },
    reference: ({ image, text, logScale }) => {
      const logits = logitsOf(image, text, logScale);
      const [rows, columns] = [diagonalCost(logits), diagonalCost(transposed(logits))];
      return { loss: (rows + columns) / 2, "image to text": rows, "text to image": columns };
    },
    gradients: ["image", "text", "logScale"],
  }),
  mistakes: [
    {
      says: "Both sides ask the picture for its caption; the other must ask the caption for its picture.",
      fn: (image, text, logScale) => {
        const { imageToText } = contrastiveLoss(image, text, logScale);
        return { loss: imageToText, imageToText, textToImage: imageToText };
      },
    },
    {
      says: "The two sides have changed places: a picture's row holds all captions.",
      fn: (image, text, logScale) => contrastiveLoss(text, image, logScale),
    },
    {
      says: "The two sides are added; the loss is their mean.",
      fn: (image, text, logScale) => {
        const { loss, ...sides } = contrastiveLoss(image, text, logScale);
        return { ...sides, loss: loss.mul(2) };
      },
    },
    {
      says: "The logarithm is taken of the mean probability, not the mean of the logarithms.",
      fn: (image, text, logScale) =>
        tf.tidy(() => {
          const logits = contrastiveLogits(image, text, logScale);
          const eye = tf.eye(image.shape[0]);
          const cost = (x: tf.Tensor2D): tf.Scalar =>
            softmax(x).mul(eye).sum(1).mean().log().neg() as tf.Scalar;
          const [imageToText, textToImage] = [cost(logits), cost(logits.transpose())];
          return { loss: imageToText.add(textToImage).div(2), imageToText, textToImage };
        }),
    },
  ],
  hints: [
    "Two cross-entropies over the same logits, once by rows and once by columns; the right answer is the diagonal.",
    "−log softmax at (i, i), its mean over i; then of the transposed; then the mean of both.",
  ],
});

type Recall = (
  similarity: tf.Tensor2D,
  k: number,
  isRight?: (query: number, candidate: number) => boolean,
) => number;

/** Row 2 finds its own second, row 0 first; the columns say otherwise. */
const SIMILARITY = [
  [0.9, 0.8, 0.1, 0.2],
  [0.7, 0.3, 0.6, 0.5],
  [0.2, 0.95, 0.4, 0.1],
  [0.3, 0.2, 0.1, 0.05],
];

function recallOf(rows: Rows, k: number, isRight: (i: number, j: number) => boolean): number {
  const found = rows.filter((row, i) =>
    row.some((value, j) => isRight(i, j) && row.filter((other) => other > value).length < k),
  );
  return found.length / rows.length;
}

const twin = (i: number, j: number): boolean => i % 2 === j % 2;

defineCheck<Recall>({
  id: "R.23d",
  solution: recallAt,
  probes: valueProbes({
    cases: [{ title: "four queries, k = 1, 2, 3", inputs: { similarity: SIMILARITY } }],
    call: (fn: Recall, { similarity }) =>
      Object.fromEntries(
        [1, 2, 3].flatMap((k) => [
          [`R@${k}`, fn(similarity, k)],
          [`R@${k}, two right answers`, fn(similarity, k, twin)],
        ]),
      ),
    reference: ({ similarity }) =>
      Object.fromEntries(
        [1, 2, 3].flatMap((k) => [
          [`R@${k}`, recallOf(similarity, k, (i, j) => i === j)],
          [`R@${k}, two right answers`, recallOf(similarity, k, twin)],
        ]),
      ),
  }),
  mistakes: [
    {
      says: "The least similar candidates come first; larger is closer.",
      fn: (similarity, k, isRight) => recallAt(tf.neg(similarity), k, isRight),
    },
    {
      says: "Columns are taken for queries: each row is one query with all its candidates.",
      fn: (similarity, k, isRight) => recallAt(similarity.transpose(), k, isRight),
    },
    {
      says: "Only the first candidate is looked at, whatever k.",
      fn: (similarity, _k, isRight) => recallAt(similarity, 1, isRight),
    },
    {
      says: "isRight is not asked: other candidates may be right as well.",
      fn: (similarity, k) => recallAt(similarity, k),
    },
  ],
  hints: [
    "Sort each row's candidates, the most similar first; is a right one among the first k?",
    "order.slice(0, k).some((candidate) => isRight(query, candidate)), counted over the queries",
  ],
});
