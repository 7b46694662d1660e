import { type Known, keepKnown } from "../diffusion/known";
import { slerp } from "../diffusion/interpolate";
import { tf } from "../engine/tf";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Keep = (x0: tf.Tensor, known: Known) => tf.Tensor;

defineCheck<Keep>({
  id: "R.23e",
  solution: keepKnown,
  probes: valueProbes({
    cases: [
      {
        title: "two examples, also a soft edge",
        inputs: {
          x0: [
            [0.8, -1.4, 0.3],
            [2.1, 0.6, -0.9],
          ],
          clean: [
            [-0.5, 0.7, 1.9],
            [0.4, -1.2, 0.2],
          ],
          mask: [
            [1, 0, 0.25],
            [0, 1, 1],
          ],
        },
      },
    ],
    call: (fn: Keep, { x0, clean, mask }) => fn(x0, { clean, mask }),
    reference: ({ x0, clean, mask }) =>
      x0.map((row, i) =>
        row.map((made, d) => {
          const [known, share] = [clean[i]?.[d] ?? NaN, mask[i]?.[d] ?? NaN];
          return share * known + (1 - share) * made;
        }),
      ),
    gradients: ["x0"],
  }),
  mistakes: [
    {
      says: "The mask is turned round: 1 is where the picture is known.",
      fn: (x0, { clean, mask }) => keepKnown(clean, { clean: x0, mask }),
    },
    {
      says: "What is known is added to the prediction; it must replace it.",
      fn: (x0, { clean, mask }) => x0.add(clean.mul(mask)),
    },
    {
      says: "The hole is left empty: the prediction belongs where nothing is known.",
      fn: (_x0, { clean, mask }) => clean.mul(mask),
    },
    {
      says: "The mask is made hard; between 0 and 1 both count by their shares.",
      fn: (x0, { clean, mask }) => tf.where(mask.greater(0.5), clean, x0),
    },
  ],
  hints: [
    "A weighted sum of the two: the mask and what it leaves.",
    "clean.mul(mask).add(x0.mul(tf.sub(1, mask)))",
  ],
});

type Between = (a: tf.Tensor, b: tf.Tensor, weight: number) => tf.Tensor;

/** Angle between two batches, over all but the first axis: `[B, 1]`. */
function angleOf(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const dot = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => x.mul(y).sum(1, true);
  return tf.acos(dot(a, b).div(dot(a, a).mul(dot(b, b)).sqrt()));
}

defineCheck<Between>({
  id: "R.23f",
  solution: slerp,
  probes: valueProbes({
    cases: [0.3, 0.5].map((weight) => ({
      title: `two examples, w = ${weight}`,
      inputs: {
        a: [
          [1.2, -0.7, 0.4],
          [0.3, 1.8, -1.1],
        ],
        b: [
          [-0.9, 0.2, 1.5],
          [1.4, 0.6, 0.8],
        ],
        weight,
      },
    })),
    call: (fn: Between, { a, b, weight }) => fn(a, b, weight.dataSync()[0] as number),
    reference: ({ a, b, weight }) =>
      a.map((row, i) => {
        const other = b[i] ?? [];
        const dot = (p: readonly number[], q: readonly number[]): number =>
          p.reduce((sum, value, d) => sum + value * (q[d] ?? NaN), 0);
        const angle = Math.acos(dot(row, other) / Math.sqrt(dot(row, row) * dot(other, other)));
        const [ofA, ofB] = [Math.sin((1 - weight) * angle), Math.sin(weight * angle)];
        return row.map((value, d) => (ofA * value + ofB * (other[d] ?? NaN)) / Math.sin(angle));
      }),
    absolute: 1e-4,
  }),
  mistakes: [
    {
      says: "This is the straight line; between two noises it passes through vectors that are too short.",
      fn: (a, b, weight) => a.mul(1 - weight).add(b.mul(weight)),
    },
    {
      says: "The two have changed places: w is the weight of b.",
      fn: (a, b, weight) => slerp(b, a, weight).add(slerp(a, b, weight).mul(0)),
    },
    {
      says: "The sum is not divided by sin θ.",
      fn: (a, b, weight) => slerp(a, b, weight).mul(angleOf(a, b).sin()),
    },
    {
      says: "One angle is taken for the whole batch; each example has its own.",
      fn: (a, b, weight) => slerp(a.reshape([1, -1]), b.reshape([1, -1]), weight).reshape(a.shape),
    },
  ],
  hints: [
    "The angle of each example: the arc cosine of a·b over both lengths.",
    "(sin((1 − w) θ) a + sin(w θ) b) / sin θ",
  ],
});
