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
  "oracles.sampleGaussian": takes(oracles.sampleGaussian, GAUSSIAN, count(3), rng),
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
