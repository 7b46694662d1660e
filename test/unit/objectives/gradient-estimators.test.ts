import { strict as assert } from "node:assert";

import { type core, objectives, oracles, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { meanWithError, sampleVariance } from "../../support/statistics";

const N = 20_000;
const [MEAN, LOG_VAR] = [0.7, -0.6];
const VARIANCE = Math.exp(LOG_VAR);

/** f(z) = 1.5 z² − z: E f = 1.5 (μ² + σ²) − μ, so its gradients are 3 μ − 1 and 1.5 σ². */
const f: objectives.PerSample = (z) =>
  tf.tidy(() => z.square().mul(1.5).sub(z).squeeze<tf.Tensor1D>([1]));
const EXACT = { mean: 3 * MEAN - 1, logVar: 1.5 * VARIANCE };

function rows(): core.DiagonalGaussian {
  return { mean: tf.fill([N, 1], MEAN), logVar: tf.fill([N, 1], LOG_VAR) };
}

type Estimator = (
  f: objectives.PerSample,
  q: core.DiagonalGaussian,
  noise: core.Latents,
) => core.DiagonalGaussian;

/** The mean over N estimates is the exact gradient, within 4 standard errors. */
function verify(estimate: Estimator): void {
  tf.tidy(() => {
    const got = estimate(f, rows(), new Rng(2).normal([N, 1]));
    for (const parameter of ["mean", "logVar"] as const) {
      const { mean, standardError } = meanWithError(got[parameter].dataSync());
      assert.ok(standardError > 0 && standardError < 0.05, `standard error ${standardError}`);
      assertClose([mean], [EXACT[parameter]], { absolute: 4 * standardError });
    }
  });
}

describe("gradient estimators", () => {
  const { reparametrisedGradient, scoreFunctionGradient } = objectives;

  it("R.3 the path through the sample estimates ∇ E f without bias", () =>
    verify(reparametrisedGradient));

  it("R.3 the score function estimates ∇ E f without bias, with a baseline or without", () => {
    verify(scoreFunctionGradient);
    verify((...args) => scoreFunctionGradient(...args, { baseline: 1 }));
  });

  const wrong: Record<string, Estimator> = {
    "a loss for a value": (g, q, noise) => reparametrisedGradient((z) => g(z).neg(), q, noise),
    "half the gradient": (g, q, noise) => reparametrisedGradient((z) => g(z).mul(0.5), q, noise),
    "the same noise on all rows": (g, q, noise) =>
      reparametrisedGradient(g, q, noise.slice(0, 1).tile([N, 1])),
    "log q left out": (g, q, noise) => scoreFunctionGradient((z) => tf.onesLike(g(z)), q, noise),
  };
  for (const [mistake, estimate] of Object.entries(wrong)) {
    it(`R.3 the tests above reject: ${mistake}`, () => assert.throws(() => verify(estimate)));
  }

  it("R.3 the score function's spread is larger by its closed form; a baseline lowers it", () => {
    tf.tidy(() => {
      const noise = new Rng(4).normal<tf.Tensor2D>([N, 1]);
      const varianceOf = (gradient: core.DiagonalGaussian): number =>
        sampleVariance(gradient.mean.dataSync());
      // ∂f/∂z = 3 z − 1 has variance 9 σ².
      const path = varianceOf(reparametrisedGradient(f, rows(), noise));
      assertClose([path], [9 * VARIANCE], { relative: 0.06 });
      const score = varianceOf(scoreFunctionGradient(f, rows(), noise));
      const expectedF = 1.5 * (MEAN ** 2 + VARIANCE) - MEAN;
      const withBaseline = varianceOf(
        scoreFunctionGradient(f, rows(), noise, { baseline: expectedF }),
      );
      assert.ok(score > 1.5 * path, `${score} against ${path}`);
      assert.ok(withBaseline < score);
    });
  });
});

describe("fisherGradient", () => {
  const MODEL = { weight: [[1.2], [-0.7]], mean: [0.3, -0.1], noiseVariance: 0.25 };
  const X = [0.9, -1.1];
  const oracle = new oracles.LinearGaussian(MODEL);
  const exact = oracle.evidenceGradient(X).flat();

  /** log p(x, z) with θ = W as `[1, 2]`. */
  function logJoint(weight: tf.Tensor, z: core.Latents): tf.Tensor {
    const mean = z.matMul(weight as tf.Tensor2D).add(MODEL.mean);
    const x = tf.tensor2d([X]).tile([z.shape[0], 1]);
    const noise = Math.log(MODEL.noiseVariance);
    return objectives
      .gaussianLogLikelihood(mean, x, noise)
      .add(objectives.standardNormalLogDensity(z));
  }

  function estimate(samples: number[][]): number[] {
    return tf.tidy(() => {
      const weight = tf.tensor2d([MODEL.weight.flat()]);
      return Array.from(
        objectives.fisherGradient(logJoint, weight, tf.tensor2d(samples)).dataSync(),
      );
    });
  }

  it("R.1 equals the exact gradient of log p(x) over posterior samples, n = 50,000", () => {
    const samples = oracles.sampleGaussian(oracle.posterior(X), 50_000, new Rng(1));
    // The joint's gradient has a standard deviation of about 3.5 here: 0.016 is one error.
    assertClose(estimate(samples), exact, { absolute: 0.06 });
  });

  it("R.1 the test above rejects samples of the prior in place of the posterior", () => {
    const samples = oracles.sampleGaussian(oracle.prior(), 50_000, new Rng(1));
    assert.throws(() => assertClose(estimate(samples), exact, { absolute: 0.06 }), /element/);
  });
});
