import type { Loss } from "../core/types";
import { tf } from "../engine/tf";
import {
  discriminatorLoss,
  generatorLoss,
  hingeDiscriminatorLoss,
  matchingAwareLoss,
  saturatingGeneratorLoss,
} from "../objectives/adversarial";
import { defineCheck } from "./define";
import { valueProbes } from "./value-probes";

type Numbers = readonly number[];

const REAL = [2, -0.5, 1.25];
const FAKE = [-1.5, 0.75, 0.2, -3];

/** log σ(x), worked out from the probability. */
function logD(logit: number): number {
  return Math.log(1 / (1 + Math.exp(-logit)));
}

function mean(values: Numbers): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

type TwoLogits = (realLogits: tf.Tensor, fakeLogits: tf.Tensor) => Loss;

const GAME_CASES = [
  { title: "three real and four generated", inputs: { real: REAL, fake: FAKE } },
  { title: "logits that a wrong exp cannot bear", inputs: { real: [30, -1], fake: [-30, 2] } },
];

defineCheck<TwoLogits>({
  id: "R.4",
  solution: discriminatorLoss,
  probes: valueProbes({
    cases: GAME_CASES,
    call: (fn: TwoLogits, { real, fake }) => fn(real, fake),
    reference: ({ real, fake }) => -mean(real.map(logD)) - mean(fake.map((logit) => logD(-logit))),
    gradients: ["real", "fake"],
  }),
  mistakes: [
    {
      says: "Real and generated are swapped: D should be near 1 on real examples.",
      fn: (real, fake) => discriminatorLoss(fake, real),
    },
    {
      says: "This is the game's value, which D maximises; a loss is its negative.",
      fn: (real, fake) => discriminatorLoss(real, fake).neg(),
    },
    {
      says: "The logits are taken for probabilities, or squashed twice.",
      fn: (real, fake) => discriminatorLoss(tf.sigmoid(real), tf.sigmoid(fake)),
    },
    {
      says: "Only the real examples count: the term log(1 − D(G(z))) is missing.",
      fn: (real) => generatorLoss(real),
    },
    {
      says: "The two means are added up as one over all examples; each has its own expectation.",
      fn: (real, fake) => {
        const total = tf.softplus(real.neg()).sum().add(tf.softplus(fake).sum());
        return total.div<Loss>(real.size + fake.size);
      },
    },
  ],
  hints: [
    "−log σ(l) = softplus(−l), and −log(1 − σ(l)) = softplus(l): finite at any logit.",
    "mean softplus(−real) + mean softplus(fake), each mean over its own batch.",
  ],
});

type OneLogit = (fakeLogits: tf.Tensor) => Loss;

const FAKE_CASES = [{ title: "four generated examples", inputs: { fake: FAKE } }];

defineCheck<OneLogit>({
  id: "R.4a",
  solution: generatorLoss,
  probes: valueProbes({
    cases: FAKE_CASES,
    call: (fn: OneLogit, { fake }) => fn(fake),
    reference: ({ fake }) => -mean(fake.map(logD)),
    gradients: ["fake"],
  }),
  mistakes: [
    {
      says: "This is log(1 − D): the loss that saturates. The other one is −log D.",
      fn: saturatingGeneratorLoss,
    },
    {
      says: "This is what the discriminator pays for its fakes; the generator wants the opposite.",
      fn: (fake) => saturatingGeneratorLoss(fake).neg(),
    },
    {
      says: "The logit itself is averaged: that is a critic's generator loss, not −log D.",
      fn: (fake) => fake.mean<Loss>().neg(),
    },
  ],
  hints: ["The generator wants D to say “real”.", "mean softplus(−logit)."],
});

defineCheck<OneLogit>({
  id: "R.4b",
  solution: saturatingGeneratorLoss,
  probes: valueProbes({
    cases: FAKE_CASES,
    call: (fn: OneLogit, { fake }) => fn(fake),
    reference: ({ fake }) => mean(fake.map((logit) => logD(-logit))),
    gradients: ["fake"],
  }),
  mistakes: [
    { says: "This is −log D: the loss that does not saturate.", fn: generatorLoss },
    {
      says: "This grows when D takes fakes for fakes less: the generator would help D.",
      fn: (fake) => saturatingGeneratorLoss(fake).neg(),
    },
    {
      says: "This is log D, to be maximised, not log(1 − D), to be minimised.",
      fn: (fake) => generatorLoss(fake).neg(),
    },
  ],
  hints: ["The second term of the game as it is printed.", "−mean softplus(logit)."],
});

defineCheck<TwoLogits>({
  id: "R.4c",
  solution: hingeDiscriminatorLoss,
  probes: valueProbes({
    cases: GAME_CASES.slice(0, 1),
    call: (fn: TwoLogits, { real, fake }) => fn(real, fake),
    reference: ({ real, fake }) =>
      mean(real.map((logit) => Math.max(0, 1 - logit))) +
      mean(fake.map((logit) => Math.max(0, 1 + logit))),
    gradients: ["real", "fake"],
  }),
  mistakes: [
    {
      says: "Real and generated are swapped: real logits should be above 1.",
      fn: (real, fake) => hingeDiscriminatorLoss(fake, real),
    },
    {
      says: "The hinge is missing: logits beyond ±1 should not count any more.",
      fn: (real, fake) => tf.sub(1, real).mean<Loss>().add(fake.add(1).mean<Loss>()),
    },
    {
      says: "The margin is 0, not 1.",
      fn: (real, fake) => tf.relu(real.neg()).mean<Loss>().add(tf.relu(fake).mean<Loss>()),
    },
  ],
  hints: ["Only what is on the wrong side of ±1 costs.", "relu(1 − real), relu(1 + fake), means."],
});

type ThreeLogits = (real: tf.Tensor, mismatched: tf.Tensor, fake: tf.Tensor) => Loss;

defineCheck<ThreeLogits>({
  id: "R.5",
  solution: matchingAwareLoss,
  probes: valueProbes({
    cases: [
      {
        title: "right pairs, wrong pairs, generated pairs",
        inputs: { real: REAL, mismatched: [0.5, -1, 1.5], fake: FAKE },
      },
    ],
    call: (fn: ThreeLogits, { real, mismatched, fake }) => fn(real, mismatched, fake),
    reference: ({ real, mismatched, fake }) => {
      const asFake = (logits: Numbers): number => -mean(logits.map((logit) => logD(-logit)));
      return -mean(real.map(logD)) + (asFake(mismatched) + asFake(fake)) / 2;
    },
    gradients: ["real", "mismatched", "fake"],
  }),
  mistakes: [
    {
      says: "The wrong pairs are missing: nothing then tells D to look at the condition.",
      fn: (real, _, fake) => discriminatorLoss(real, fake),
    },
    {
      says: "The wrong pairs are taken for right ones.",
      fn: (real, mismatched, fake) => matchingAwareLoss(real, mismatched.neg(), fake),
    },
    {
      says: "The two kinds of wrong pairs are added in full; together they weigh as much as the right.",
      fn: (real, mismatched, fake) =>
        discriminatorLoss(real, fake).add<Loss>(tf.softplus(mismatched).mean<Loss>()),
    },
  ],
  hints: [
    "Real pictures with another's condition are fakes, too.",
    "softplus(−real) + ½ softplus(mismatched) + ½ softplus(fake), means.",
  ],
});
