import { oracles } from "latentlab";

import { type Argument, count, given, number, numbers, record, rng, word } from "./argument";
import { constructs, type Subject, takes } from "./subject";

/** Two coordinates, which another argument has too. */
const POINT: Argument = {
  ...numbers([0.5, -1]),
  faults: [...numbers([0.5, -1]).faults, { what: "a number more", make: () => [0.5, -1, 0] }],
};

const COVARIANCE: Argument = {
  valid: () => [
    [2, 0.5],
    [0.5, 1],
  ],
  faults: [
    {
      what: "not positive definite",
      make: () => [
        [1, 2],
        [2, 1],
      ],
    },
    {
      what: "not symmetric",
      make: () => [
        [2, 0.5],
        [0, 1],
      ],
    },
    {
      what: "a NaN",
      make: () => [
        [NaN, 0],
        [0, 1],
      ],
    },
    { what: "ragged", make: () => [[1, 0], [0]] },
    { what: "one row", make: () => [[1, 0]] },
  ],
};

const MATRIX: Argument = {
  valid: () => [
    [1, 0],
    [0.5, 2],
    [0, 1],
  ],
  faults: [
    {
      what: "a NaN",
      make: () => [
        [1, NaN],
        [0, 1],
        [0, 1],
      ],
    },
    { what: "ragged", make: () => [[1, 0], [1], [0, 1]] },
    { what: "one row", make: () => [[1, 0]] },
    { what: "no rows", make: () => [] },
  ],
};

const MEANS: Argument = {
  ...MATRIX,
  valid: () => [
    [1, 0],
    [0.5, 2],
  ],
};

const WEIGHTS: Argument = {
  valid: () => [0.25, 0.75],
  faults: [
    ...numbers([0.25, 0.75]).faults,
    { what: "a sum of 2", make: () => [1, 1] },
    { what: "a weight below 0", make: () => [-0.5, 1.5] },
    { what: "one more", make: () => [0.25, 0.25, 0.5] },
  ],
};

const LABELS: Argument = {
  valid: () => [1, 0],
  faults: [
    { what: "an empty class", make: () => [2, 0] },
    { what: "a fraction", make: () => [0.5, 0] },
    { what: "one more", make: () => [1, 0, 0] },
  ],
};

const MIXTURE = { means: MEANS, weights: WEIGHTS, labels: LABELS };
const STD = number(0.5, { min: 1e-9 });

const GAUSSIAN = record({ mean: POINT, covariance: COVARIANCE });
const ORACLE = given(
  () =>
    new oracles.LinearGaussian({
      weight: [[1], [2]],
      mean: [0, 0],
      noiseVariance: 0.5,
    }),
);

export const ORACLES: Readonly<Record<string, Subject>> = {
  "oracles.diagonalCovariance": takes(oracles.diagonalCovariance, POINT, {
    valid: () => [1, 2],
    faults: [
      ...numbers([1, 2]).faults,
      { what: "a variance below 0", make: (draw) => [1, draw(-9, -1)] },
      { what: "one more", make: () => [1, 2, 3] },
    ],
  }),
  "oracles.gaussianLogPdf": takes(oracles.gaussianLogPdf, POINT, GAUSSIAN),
  "oracles.klGaussian": takes(oracles.klGaussian, GAUSSIAN, GAUSSIAN),
  "oracles.tiltGaussian": takes(
    oracles.tiltGaussian,
    given(() => oracles.diagonalCovariance([0, 0], [4, 4])),
    GAUSSIAN,
    number(1.5),
  ),
  "oracles.sampleGaussian": takes(oracles.sampleGaussian, GAUSSIAN, count(3), rng),
  "oracles.GaussianMixture": constructs(oracles.GaussianMixture, record({ ...MIXTURE, std: STD })),
  "oracles.mixtureLogPdf": takes(
    oracles.mixtureLogPdf,
    POINT,
    record({
      ...MIXTURE,
      covariances: given(() => [
        [
          [1, 0],
          [0, 2],
        ],
        [
          [2, 0.5],
          [0.5, 1],
        ],
      ]),
    }),
    record({ scale: number(0.5, { min: 0 }), sigma: number(0.5, { min: 0 }) }),
  ),
  "oracles.levelOfAlphaBar": takes(oracles.levelOfAlphaBar, number(0.5, { min: 0, max: 1 })),
  "oracles.LinearGaussian": constructs(
    oracles.LinearGaussian,
    record({
      weight: MATRIX,
      mean: {
        valid: () => [0, 1, 2],
        faults: [...numbers([0, 1, 2]).faults, { what: "a number less", make: () => [0, 1] }],
      },
      noiseVariance: number(0.1, { min: 1e-9 }),
    }),
  ),
  "oracles.LinearGaussian.logEvidence": takes(
    (oracle: oracles.LinearGaussian, x: number[]) => oracle.logEvidence(x),
    ORACLE,
    POINT,
  ),
  "oracles.LinearGaussian.posterior": takes(
    (oracle: oracles.LinearGaussian, x: number[]) => oracle.posterior(x),
    ORACLE,
    POINT,
  ),
  "oracles.fitLinearGaussian": takes(
    oracles.fitLinearGaussian,
    MATRIX,
    count(1, { max: 1 }),
    record({ divisor: word("n") }),
  ),
};
