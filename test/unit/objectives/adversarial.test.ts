import { strict as assert } from "node:assert";

import { nn, objectives, oracles, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { assertGradient } from "../../support/finite-difference";
import { integrate, normalLogPdf } from "../../support/quadrature";

const REAL = [1.5, -0.25, 3];
const FAKE = [-2, 0.75, 0.1, -0.6];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Each game by plain formulas on probabilities. */
const GAMES: Readonly<
  Record<objectives.AdversarialLossName, readonly [discriminator: number, generator: number]>
> = {
  "non-saturating": [
    -mean(REAL.map((x) => Math.log(sigmoid(x)))) - mean(FAKE.map((x) => Math.log(1 - sigmoid(x)))),
    -mean(FAKE.map((x) => Math.log(sigmoid(x)))),
  ],
  saturating: [
    -mean(REAL.map((x) => Math.log(sigmoid(x)))) - mean(FAKE.map((x) => Math.log(1 - sigmoid(x)))),
    mean(FAKE.map((x) => Math.log(1 - sigmoid(x)))),
  ],
  hinge: [
    mean(REAL.map((x) => Math.max(0, 1 - x))) + mean(FAKE.map((x) => Math.max(0, 1 + x))),
    -mean(FAKE),
  ],
  wasserstein: [mean(FAKE) - mean(REAL), -mean(FAKE)],
  "least-squares": [
    (mean(REAL.map((x) => (x - 1) ** 2)) + mean(FAKE.map((x) => x ** 2))) / 2,
    mean(FAKE.map((x) => (x - 1) ** 2)) / 2,
  ],
};

describe("adversarial losses", () => {
  for (const [name, [discriminator, generator]] of Object.entries(GAMES)) {
    it(`R.4 ${name}: both losses and their gradients are those of plain formulas`, () => {
      const loss = objectives.ADVERSARIAL_LOSSES[name as objectives.AdversarialLossName];
      tf.tidy(() => {
        const [real, fake] = [tf.tensor1d(REAL), tf.tensor1d(FAKE)];
        assertClose(loss.discriminator(real, fake).dataSync(), [discriminator]);
        assertClose(loss.generator(fake).dataSync(), [generator]);
        assertGradient((x) => loss.discriminator(x, fake), real);
        assertGradient((x) => loss.discriminator(real, x), fake);
        assertGradient((x) => loss.generator(x), fake);
      });
    });
  }

  it("R.4 where D is sure of a fake, one generator's gradient is −1 and the other's 0", () => {
    tf.tidy(() => {
      const sure = tf.tensor1d([-30]);
      assertClose(tf.grad(objectives.generatorLoss)(sure).dataSync(), [-1]);
      const [slope] = tf.grad(objectives.saturatingGeneratorLoss)(sure).dataSync();
      assertClose([slope!], [-sigmoid(-30)], { absolute: 1e-16 });
    });
  });

  it("R.5 a matching-aware loss counts each kind of fake by half", () => {
    tf.tidy(() => {
      const wrong = [0.3, -1.2, 2];
      const got = objectives.matchingAwareLoss(
        tf.tensor1d(REAL),
        tf.tensor1d(wrong),
        tf.tensor1d(FAKE),
      );
      const asFake = (logits: readonly number[]): number =>
        -mean(logits.map((x) => Math.log(1 - sigmoid(x))));
      const want =
        -mean(REAL.map((x) => Math.log(sigmoid(x)))) + (asFake(wrong) + asFake(FAKE)) / 2;
      assertClose(got.dataSync(), [want]);
    });
  });
});

describe("the game at its best discriminator", () => {
  const [p, q] = [
    (x: number): number => Math.exp(normalLogPdf(x)),
    (x: number): number => Math.exp(normalLogPdf(x, 1.5, 0.7)),
  ];
  const grid = oracles.onGrid({ p, q }, { from: -10, to: 10 });

  it("GAN.2 no other discriminator does better at a point", () => {
    assertClose(oracles.optimalDiscriminator([0.3], [0.1]), [0.75], { absolute: 1e-15 });
    const [best] = oracles.optimalLogits([0.3], [0.1]);
    assertClose([best!], [Math.log(3)], { absolute: 1e-15 });
    const most = oracles.gameValue([best!], [0.3], [0.1]);
    assertClose([most], [0.3 * Math.log(0.75) + 0.1 * Math.log(0.25)], { absolute: 1e-15 });
    for (let logit = -4; logit < 4; logit += 0.01) {
      assert.ok(oracles.gameValue([logit], [0.3], [0.1]) <= most + 1e-15);
    }
  });

  it("GAN.6 V(D*) = 2 JS − log 4, both sides by integrals of their own", () => {
    const value = oracles.gameValue(oracles.optimalLogits(grid.p, grid.q), grid.p, grid.q);
    const js = integrate(
      (x) => {
        const m = (p(x) + q(x)) / 2;
        return (p(x) * Math.log(p(x) / m) + q(x) * Math.log(q(x) / m)) / 2;
      },
      [-10, 10],
    );
    assertClose([value], [2 * js - Math.log(4)], { absolute: 1e-9 });
    assertClose([oracles.jensenShannon(grid.p, grid.q)], [js], { absolute: 1e-9 });
  });

  it("GAN.6 is −log 4 for equal densities, and 0 for densities that never meet", () => {
    const value = (a: number[], b: number[]): number =>
      oracles.gameValue(oracles.optimalLogits(a, b), a, b);
    assertClose([value([1, 0], [0, 1])], [0], { absolute: 0 });
    assertClose([value([0.5, 0.5], [0.5, 0.5])], [-Math.log(4)], { absolute: 1e-15 });
  });
});

describe("penalties on the slope of a critic", () => {
  const [real, fake] = [
    [
      [1, 2],
      [-0.5, 0.25],
      [3, -1],
    ],
    [
      [0.5, -2],
      [1.5, 0.75],
      [-1, 1],
    ],
  ];
  const U = [0.25, 0.9, 0.5];

  it("WGANGP.3 of x·A·x is known: its slope at x̂ is (A + Aᵀ) x̂", () => {
    const A = [
      [1, 0.5],
      [-0.25, 2],
    ];
    const penalties = real.map((row, i) => {
      const at = row.map((value, k) => U[i]! * value + (1 - U[i]!) * fake[i]![k]!);
      const slope = [0, 1].map((k) =>
        at.reduce((sum, x, j) => sum + (A[k]![j]! + A[j]![k]!) * x, 0),
      );
      return (Math.hypot(...slope) - 1) ** 2;
    });
    tf.tidy(() => {
      const matrix = tf.tensor2d(A);
      const critic = (x: tf.Tensor): tf.Tensor => x.matMul(matrix).mul(x).sum(1);
      const points = { real: tf.tensor2d(real), fake: tf.tensor2d(fake), u: tf.tensor1d(U) };
      const got = objectives.gradientPenalty(critic, points, { weight: 3 });
      assertClose(got.dataSync(), [3 * mean(penalties)], { relative: 1e-5 });
    });
  });

  it("WGANGP.3, MGN.9 gradients by the weights are those of finite differences", () => {
    tf.tidy(() => {
      const points = { real: tf.tensor2d(real), fake: tf.tensor2d(fake), u: tf.tensor1d(U) };
      const hidden = new Rng(4).normal<tf.Tensor2D>([2, 4]);
      const out = new Rng(5).normal<tf.Tensor2D>([4, 1]);
      const critic =
        (weight: tf.Tensor) =>
        (x: tf.Tensor): tf.Tensor =>
          nn.softplus(x.matMul(weight)).matMul(out);
      assertGradient((w) => objectives.gradientPenalty(critic(w), points, { weight: 1 }), hidden);
      assertGradient((w) => objectives.r1Penalty(critic(w), points.real, { gamma: 1 }), hidden);
    });
  });

  it("MGN.9 of a linear critic is γ/2 |w|² wherever the points are", () => {
    tf.tidy(() => {
      const w = tf.tensor2d([[3], [-4]]);
      const got = objectives.r1Penalty((x) => x.matMul(w), tf.tensor2d(real), { gamma: 0.5 });
      assertClose(got.dataSync(), [0.25 * 25]);
    });
  });

  it("stays finite, with a finite gradient, where the critic is flat", () => {
    tf.tidy(() => {
      const x = tf.tensor2d(real);
      const loss = (w: tf.Tensor): tf.Scalar =>
        objectives.inputGradientNorms((point) => point.matMul(w), x).sum();
      const slope = tf
        .grad(loss)(tf.zeros([2, 1]))
        .dataSync();
      assert.ok(slope.every(Number.isFinite), String(slope));
    });
  });
});

describe("STACKGAN.2 augmentCondition", () => {
  it("STACKGAN.2 draws around the mean, and costs the KL of a sum over dimensions", () => {
    tf.tidy(() => {
      const q = { mean: tf.tensor2d([[1, -2]]), logVar: tf.tensor2d([[0.5, -1]]) };
      const { condition, kl } = objectives.augmentCondition(q, tf.tensor2d([[0.3, -0.7]]));
      assertClose(condition.dataSync(), [1 + 0.3 * Math.exp(0.25), -2 - 0.7 * Math.exp(-0.5)]);
      const of = (m: number, l: number): number => (m * m + Math.exp(l) - 1 - l) / 2;
      assertClose(kl.dataSync(), [of(1, 0.5) + of(-2, -1)]);
    });
  });
});
