import { exactDivergence, hutchinsonDivergence, type VectorField } from "../diffusion/divergence";
import { tf } from "../engine/tf";
import {
  explicitScoreMatching,
  implicitScoreMatching,
  slicedScoreMatching,
} from "../objectives/score-matching";
import { defineCheck } from "./define";
import {
  alongField,
  dot,
  field,
  fieldAt,
  meanOf,
  type Points,
  row,
  WIDE,
  X,
  Y,
} from "./score-field";
import { valueProbes } from "./value-probes";

defineCheck<(score: Points, target: Points) => tf.Scalar>({
  id: "R.18",
  solution: explicitScoreMatching,
  probes: valueProbes({
    cases: [
      { title: "three points in the plane", inputs: { score: X, target: Y } },
      { title: "two points in space", inputs: { score: WIDE.x, target: WIDE.y } },
    ],
    call: (fn: (score: Points, target: Points) => tf.Scalar, { score, target }) =>
      fn(score, target),
    reference: ({ score, target }) =>
      meanOf(score, (s, i) =>
        s.reduce((sum, v, d) => sum + (v - (row(target, i)[d] ?? NaN)) ** 2, 0),
      ),
    gradients: ["score"],
  }),
  mistakes: [
    {
      says: "The mean is taken over all numbers; a squared length is a sum over the dimensions.",
      fn: (score, target) => score.sub(target).square().mean(),
    },
    {
      says: "The length itself is averaged, not its square.",
      fn: (score, target) => score.sub(target).square().sum(1).sqrt().mean(),
    },
  ],
  hints: [
    "One squared length for each example, then their mean.",
    "score.sub(target).square().sum(1).mean() for points; pictures have more axes to sum over.",
  ],
});

type Implicit = (score: VectorField<Points>, x: Points) => tf.Scalar;

defineCheck<Implicit>({
  id: "R.18b",
  solution: implicitScoreMatching,
  probes: valueProbes({
    cases: [
      { title: "three points in the plane", inputs: { x: X } },
      { title: "two points in space", inputs: { x: WIDE.x } },
    ],
    call: (fn: Implicit, { x }) => fn(field, x),
    reference: ({ x }) =>
      meanOf(x, (at) => {
        const trace = at.reduce((sum, v) => sum + 0.9 * v * v, 0);
        return dot(fieldAt(at), fieldAt(at)) / 2 + trace;
      }),
    gradients: ["x"],
  }),
  mistakes: [
    {
      says: "All of the Jacobian is summed; its trace has the diagonal only.",
      fn: (score, x) => {
        const all = tf
          .grad((at) => score(at as Points))(x)
          .sum(1);
        return score(x).square().sum(1).mul(0.5).add(all).mean();
      },
    },
    {
      says: "The half before the squared length is missing.",
      fn: (score, x) => score(x).square().sum(1).add(exactDivergence(score, x)).mean(),
    },
    {
      says: "The trace is subtracted; integration by parts leaves it with a plus.",
      fn: (score, x) => score(x).square().sum(1).mul(0.5).sub(exactDivergence(score, x)).mean(),
    },
  ],
  hints: [
    "½ ‖s‖² + tr ∂s/∂x; there is a function for the trace.",
    "squared length times 0.5, plus diffusion.exactDivergence(score, x), then the mean.",
  ],
});

type Sliced = (score: VectorField<Points>, x: Points, v: Points) => tf.Scalar;

defineCheck<Sliced>({
  id: "R.18c",
  solution: slicedScoreMatching,
  probes: valueProbes({
    cases: [
      { title: "three points in the plane", inputs: { x: X, v: Y } },
      { title: "two points in space", inputs: { x: WIDE.x, v: WIDE.y } },
    ],
    call: (fn: Sliced, { x, v }) => fn(field, x, v),
    reference: ({ x, v }) =>
      meanOf(x, (at, i) => {
        const along = dot(row(v, i), alongField(at, row(v, i)));
        return along + dot(fieldAt(at), fieldAt(at)) / 2;
      }),
    gradients: ["x"],
  }),
  mistakes: [
    {
      says: "(∂s/∂x) v is summed as it is; it must be multiplied by v once more.",
      fn: (score, x, v) => {
        const slope = tf
          .grad((at) => score(at as Points))(x, v)
          .sum(1);
        return score(x).square().sum(1).mul(0.5).add(slope).mean();
      },
    },
    {
      says: "The score at the directions is taken; v only multiplies the Jacobian.",
      fn: (score, x, v) =>
        hutchinsonDivergence(score, x, v).add(score(v).square().sum(1).mul(0.5)).mean(),
    },
  ],
  hints: [
    "vᵀ (∂s/∂x) v is what Hutchinson's estimate of a divergence computes.",
    "diffusion.hutchinsonDivergence(score, x, directions) and half the squared length; the mean.",
  ],
});
