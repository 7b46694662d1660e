import { strict as assert } from "node:assert";

import { compile, core, diffusion, objectives, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { integrate, normalLogPdf } from "../../support/quadrature";

const DATA = { mean: -0.7, std: 0.9 };
const MODEL = { mean: -0.4, variance: 0.6 };

type Model = { readonly mean: tf.Tensor; readonly variance: tf.Tensor };

/** s(x) = (mean − x) / variance. */
function affine({ mean, variance }: Model): (x: tf.Tensor2D) => tf.Tensor2D {
  return (x) => mean.sub(x).div(variance) as tf.Tensor2D;
}

function fixed(): Model {
  return { mean: tf.scalar(MODEL.mean), variance: tf.scalar(MODEL.variance) };
}

function value(make: () => tf.Tensor): number {
  return tf.tidy(() => make().dataSync()[0] as number);
}

/** Data whose first two moments are exactly those of N(mean, std²): all that these losses see. */
function exactMoments(n: number): Float32Array {
  const draws = new Rng(2).normalArray(n);
  const mean = draws.reduce((sum, z) => sum + z, 0) / n;
  const std = Math.sqrt(draws.reduce((sum, z) => sum + (z - mean) ** 2, 0) / n);
  return draws.map((z) => DATA.mean + (DATA.std * (z - mean)) / std);
}

describe("score matching", () => {
  const density = (x: number): number => Math.exp(normalLogPdf(x, DATA.mean, DATA.std));
  const model = (x: number): number => (MODEL.mean - x) / MODEL.variance;
  const truth = (x: number): number => (DATA.mean - x) / DATA.std ** 2;
  const xs = exactMoments(4000);
  const rows = (): tf.Tensor2D => tf.tensor2d(xs, [xs.length, 1]);
  const fisher = integrate((x) => density(x) * (model(x) - truth(x)) ** 2, [-8, 8]);

  it("R.18 explicit: the Fisher divergence is that of the integral, without a half", () => {
    const got = value(() => {
      const x = rows();
      const target = x.sub(DATA.mean).div(-(DATA.std ** 2));
      return objectives.explicitScoreMatching(affine(fixed())(x), target);
    });
    assertClose([got], [fisher], { relative: 1e-4 });
  });

  it("R.18 implicit: half the Fisher divergence less half of E (∇log p)², by integration by parts", () => {
    const constant = integrate((x) => density(x) * truth(x) ** 2, [-8, 8]);
    const got = value(() => objectives.implicitScoreMatching(affine(fixed()), rows()));
    assertClose([got], [(fisher - constant) / 2], { relative: 1e-4 });
  });

  it("R.18 sliced: the implicit objective, with and without less variance, within 4 standard errors", () => {
    // In three dimensions each example draws its own directions; the model is affine in each.
    const score = (x: tf.Tensor2D): tf.Tensor2D => tf.sub([0.3, -0.2, 0.1], x.matMul(tf.tensor2d([[1, 0.4, 0], [0, 0.8, -0.3], [0.2, 0, 1.5]]))) as tf.Tensor2D; // prettier-ignore
    const n = 20_000;
    for (const isVarianceReduced of [true, false]) {
      const [got, want] = tf.tidy(() => {
        const rng = new Rng(8);
        const [x, directions] = [rng.normal<tf.Tensor2D>([n, 3]), rng.normal<tf.Tensor2D>([n, 3])];
        const options = { isVarianceReduced };
        return [
          objectives.slicedScoreMatching(score, x, directions, options).dataSync()[0],
          objectives.implicitScoreMatching(score, x).dataSync()[0],
        ];
      }) as [number, number];
      // vᵀ J v has variance 2 ‖sym J‖² ≈ 8; (vᵀ s)² adds about 2 ‖s‖⁴ / 4 ≈ 20.
      assertClose([got], [want], { absolute: 4 * Math.sqrt((isVarianceReduced ? 8 : 28) / n), relative: 0 }); // prettier-ignore
    }
  });

  it("R.19 denoising: the Fisher divergence from the noisy density but for a constant", () => {
    const sigma = 0.5;
    const noisyStd = Math.hypot(DATA.std, sigma);
    const noisy = integrate((x) => Math.exp(normalLogPdf(x, DATA.mean, noisyStd)) * (model(x) - (DATA.mean - x) / noisyStd ** 2) ** 2, [-9, 9]); // prettier-ignore
    const constant = 1 / sigma ** 2 - 1 / noisyStd ** 2; // E Var(ε | x̃) / σ²
    const n = 200_000;
    const got = value(() => {
      const rng = new Rng(3);
      const x = rng.normal<tf.Tensor2D>([n, 1], DATA.mean, DATA.std);
      const noise = rng.normal<tf.Tensor2D>([n, 1]);
      return objectives.denoisingScoreMatching(affine(fixed()), x, { sigma, noise });
    });
    assertClose([got], [noisy + constant], { relative: 0.02 });
  });

  it("R.18 explicit, implicit and sliced have one minimiser; denoising has that of the noisy data", () => {
    const sigma = 0.5;
    const x = rows();
    const [noise, directions] = [new Rng(1).normal<tf.Tensor2D>(x.shape), tf.onesLike(x)];
    const target = tf.tidy(() => x.sub(DATA.mean).div<tf.Tensor2D>(-(DATA.std ** 2)));
    /** Gradient descent on s(x) = a − b x, in which every loss is a parabola. */
    const minimise = (loss: (score: (x: tf.Tensor2D) => tf.Tensor2D) => tf.Scalar): number[] => {
      const [a, b] = [0, 1].map((v) => tf.tidy(() => tf.variable(tf.scalar(v)))) as [
        tf.Variable,
        tf.Variable,
      ];
      const step = compile(() => {
        const score = (at: tf.Tensor2D): tf.Tensor2D => a.sub(at.mul(b)) as tf.Tensor2D;
        const { value: cost, grads } = tf.variableGrads(() => loss(score), [a, b]);
        for (const v of [a, b]) v.assign(v.sub((grads[v.name] as tf.Tensor).mul(0.2)));
        return cost;
      });
      for (let i = 0; i < 300; i++) step().dispose();
      const [top, precision] = [a.dataSync()[0]!, b.dataSync()[0]!];
      step.dispose();
      tf.dispose([a, b]);
      return [top / precision, 1 / precision];
    };
    const { explicitScoreMatching, implicitScoreMatching } = objectives;
    const { slicedScoreMatching, denoisingScoreMatching } = objectives;
    const want = [DATA.mean, DATA.std ** 2];
    const tolerance = { absolute: 0.01, relative: 0.01 };
    assertClose(minimise((score) => explicitScoreMatching(score(x), target)), want, tolerance); // prettier-ignore
    assertClose(minimise((score) => implicitScoreMatching(score, x)), want, tolerance); // prettier-ignore
    assertClose(minimise((score) => slicedScoreMatching(score, x, directions)), want, tolerance); // prettier-ignore
    const noisy = minimise((score) => denoisingScoreMatching(score, x, { sigma, noise }));
    assertClose(noisy, [DATA.mean, DATA.std ** 2 + sigma ** 2], { absolute: 0.05, relative: 0.05 });
    tf.dispose([x, noise, directions, target]);
  });

  it("R.20 each scale counts by σ²: ½ mean ‖σ s + ε‖², row by row", () => {
    const [x, noise, sigma] = [[[0.5, -1], [2, 0.3]], [[1.2, -0.4], [0.1, 0.9]], [0.5, 3]]; // prettier-ignore
    const got = value(() => {
      const score: core.ScoreFunction<tf.Tensor2D> = (at, s) => at.mul(s.reshape([-1, 1])).neg() as tf.Tensor2D; // prettier-ignore
      const options = { sigma: tf.tensor1d(sigma), noise: tf.tensor2d(noise) };
      return objectives.ncsnLoss(score, tf.tensor2d(x), options);
    });
    const rowLoss = (i: number): number =>
      [0, 1].reduce((sum, d) => {
        const [s, e] = [sigma[i]!, noise[i]![d]!];
        const noisy = x[i]![d]! + s * e;
        return sum + (s * s * (-noisy * s + e / s) ** 2) / 2;
      }, 0);
    assertClose([got], [(rowLoss(0) + rowLoss(1)) / 2], { relative: 1e-5 });
  });

  it("SDE.7 both weightings, row by row: sigma² and g²", () => {
    const sde = diffusion.vpSde();
    const [x0, noise, t] = [[0.5, -1.5], [1.2, -0.4], [0.2, 0.7]]; // prettier-ignore
    for (const weighting of ["variance", "likelihood"] as const) {
      const got = value(() => {
        const score: core.ScoreFunction<tf.Tensor2D> = (at) => at.mul<tf.Tensor2D>(-0.5);
        const options = { t: tf.tensor1d(t), noise: tf.tensor2d(noise, [2, 1]), weighting };
        return objectives.scoreSdeLoss(score, sde, tf.tensor2d(x0, [2, 1]), options);
      });
      const rows2 = t.map((time, i) => {
        const { scale, sigma } = sde.marginal(time);
        const xt = scale * x0[i]! + sigma * noise[i]!;
        const weight =
          weighting === "variance" ? sigma ** 2 : sde.coefficients(time).diffusion ** 2;
        return weight * (-0.5 * xt + noise[i]! / sigma) ** 2;
      });
      assertClose([got], [(rows2[0]! + rows2[1]!) / 2], { relative: 1e-4 });
    }
  });

  it("refuses noise of another shape and a sigma of 0", () => {
    const x = rows();
    const score = (at: tf.Tensor2D): tf.Tensor2D => at;
    const noise = tf.zeros<tf.Rank.R2>([2, 1]);
    assert.throws(() => objectives.denoisingScoreMatching(score, x, { sigma: 1, noise }), /agree/);
    assert.throws(() => objectives.denoisingScoreMatching(score, x, { sigma: 0, noise: x }), /sigma must be in/); // prettier-ignore
    tf.dispose([x, noise]);
  });
});
