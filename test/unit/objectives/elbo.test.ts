import { strict as assert } from "node:assert";

import { type core, objectives, oracles, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { meanWithError } from "../../support/statistics";

const MODEL = {
  weight: [[1.2], [-0.7], [0.4]],
  mean: [0.3, -0.1, 0.2],
  noiseVariance: 0.25,
};
const X = [0.9, -1.1, 0.5];
const oracle = new oracles.LinearGaussian(MODEL);
const POSTERIOR = oracle.posterior(X);

type Rows = { x: tf.Tensor2D; model: objectives.Autoencoder };

/** The oracle's model in tensors, with X on each of `rows` rows and q(z|x) as given. */
function linearModel(rows: number, q: { mean: number; variance: number }): Rows {
  const weight = tf.tensor2d(MODEL.weight);
  return {
    x: tf.tensor2d([X]).tile([rows, 1]),
    model: {
      encode: () => ({
        mean: tf.fill([rows, 1], q.mean),
        logVar: tf.fill([rows, 1], Math.log(q.variance)),
      }),
      decode: (z) => z.matMul(weight.transpose()).add(MODEL.mean),
    },
  };
}

const likelihood: objectives.LogLikelihood = (mean, x) =>
  objectives.gaussianLogLikelihood(mean, x, Math.log(MODEL.noiseVariance));

type Elbo = typeof objectives.elbo;

describe("elbo", () => {
  const Q = { mean: 0.4, variance: 0.3 };
  const exact = oracle.elbo(X, { mean: [Q.mean], covariance: [[Q.variance]] });

  /** The mean over n samples is the exact ELBO of the linear-Gaussian model, within 4 errors. */
  function verify(fn: Elbo): void {
    tf.tidy(() => {
      const n = 20_000;
      const { x, model } = linearModel(n, Q);
      const parts = fn(model, x, new Rng(3).normal([n, 1]), { likelihood });
      for (const part of ["elbo", "reconstruction"] as const) {
        assert.deepEqual(parts[part].shape, [n]);
        const { mean, standardError } = meanWithError(parts[part].dataSync());
        assert.ok(standardError < 0.03, `standard error ${standardError}`);
        assertClose([mean], [exact[part]], { absolute: 4 * standardError });
      }
      assertClose([parts.kl.dataSync()[0]!], [exact.kl], { absolute: 1e-5 });
    });
  }

  it("R.3 is an unbiased estimate of the exact ELBO, nats per example", () =>
    verify(objectives.elbo));

  const wrong: Record<string, Elbo> = {
    "KL added": addingKl,
    "decoded from the mean, not from a sample": (m, x, noise, o) =>
      objectives.elbo(m, x, tf.zerosLike(noise), o),
    "σ² in place of σ": (m, x, noise, o) =>
      objectives.elbo({ ...m, encode: (y) => doubled(m.encode(y)) }, x, noise, o),
    "the same noise for the whole batch": (m, x, noise, o) =>
      objectives.elbo(m, x, noise.slice([0, 0], [1, 1]).tile([noise.shape[0], 1]), o),
  };
  for (const [mistake, fn] of Object.entries(wrong)) {
    it(`R.3 the test above rejects: ${mistake}`, () => assert.throws(() => verify(fn)));
  }

  it("R.3 averaged over noise stays below log p(x), by exactly KL(q ‖ posterior)", () => {
    const gap = oracle.logEvidence(X) - exact.elbo;
    const q = { mean: [Q.mean], covariance: [[Q.variance]] };
    assertClose([gap], [oracles.klGaussian(q, POSTERIOR)], { absolute: 1e-10 });
    assert.ok(gap > 0.1);
  });

  it("beta weighs the KL term alone", () => {
    tf.tidy(() => {
      const { x, model } = linearModel(4, Q);
      const noise = new Rng(5).normal<tf.Tensor2D>([4, 1]);
      const { elbo, reconstruction, kl } = objectives.elbo(model, x, noise, {
        likelihood,
        beta: 3,
      });
      const want = reconstruction.arraySync().map((r, i) => r - 3 * kl.arraySync()[i]!);
      assertClose(elbo.dataSync(), want);
      const mean = (values: number[]): number => values.reduce((sum, v) => sum + v, 0) / 4;
      const loss = objectives.elboLoss(model, x, noise, { likelihood, beta: 3 });
      assertClose(loss.loss.dataSync(), [-mean(want)]);
      assertClose(loss.reconstruction.dataSync(), [-mean(reconstruction.arraySync())]);
      assertClose(loss.kl.dataSync(), [mean(kl.arraySync())]);
    });
  });

  it("refuses a negative beta", () => {
    tf.tidy(() => {
      const { x, model } = linearModel(1, Q);
      const noise = tf.zeros<tf.Rank.R2>([1, 1]);
      assert.throws(() => objectives.elbo(model, x, noise, { likelihood, beta: -1 }), /beta/);
    });
  });
});

describe("measureElbo", () => {
  const Q = { mean: 0.4, variance: 0.3 };

  it("R.3 gives the exact ELBO within 4 of its own standard errors, in batches or at once", () => {
    tf.tidy(() => {
      const exact = oracle.elbo(X, { mean: [Q.mean], covariance: [[Q.variance]] });
      for (const batchSize of [4000, 1500]) {
        const { x } = linearModel(4000, Q);
        const model: objectives.Autoencoder = {
          encode: (batch) => linearModel(batch.shape[0]!, Q).model.encode(batch),
          decode: (z) => linearModel(1, Q).model.decode(z),
        };
        const got = objectives.measureElbo(model, x, new Rng(9), { likelihood, batchSize });
        for (const part of ["elbo", "reconstruction"] as const) {
          assert.equal(got[part].n, 4000);
          assert.ok(got[part].standardError < 0.06);
          assertClose([got[part].mean], [exact[part]], { absolute: 4 * got[part].standardError });
        }
        assertClose([got.kl.mean, got.kl.standardError], [exact.kl, 0], { absolute: 1e-5 });
      }
    });
  });
});

function addingKl(...[model, x, noise, options]: Parameters<Elbo>): objectives.ElboParts {
  const parts = objectives.elbo(model, x, noise, options);
  return { ...parts, elbo: parts.reconstruction.add(parts.kl) };
}

function doubled(q: core.DiagonalGaussian): core.DiagonalGaussian {
  return { mean: q.mean, logVar: q.logVar.mul(2) };
}

describe("iwaeBound", () => {
  const exact = oracle.logEvidence(X);

  it("R.3 is log p(x) itself, with no spread, when q is the posterior", () => {
    tf.tidy(() => {
      const q = { mean: POSTERIOR.mean[0]!, variance: POSTERIOR.covariance[0]![0]! };
      const { x, model } = linearModel(8, q);
      for (const k of [1, 5]) {
        const noise = new Rng(k).normal<tf.Tensor3D>([k, 8, 1]);
        const bound = objectives.iwaeBound(model, x, noise, { likelihood }).dataSync();
        assertClose(bound, new Array<number>(8).fill(exact), { absolute: 1e-4 });
      }
    });
  });

  it("R.3 rises from the ELBO at k = 1 towards log p(x) at k = 500, never above it", () => {
    tf.tidy(() => {
      const [n, q] = [4000, { mean: 0, variance: 1 }];
      const { x, model } = linearModel(n, q);
      const [one, five, many] = [1, 5, 500].map((k) => {
        const noise = new Rng(k).normal<tf.Tensor3D>([k, n, 1]);
        return meanWithError(objectives.iwaeBound(model, x, noise, { likelihood }).dataSync());
      });
      const elbo = oracle.elbo(X, { mean: [q.mean], covariance: [[q.variance]] }).elbo;
      assertClose([one!.mean], [elbo], { absolute: 4 * one!.standardError });
      assert.ok(five!.mean - one!.mean > 10 * one!.standardError);
      assert.ok(many!.mean - five!.mean > 10 * five!.standardError);
      assert.ok(many!.mean < exact + 4 * many!.standardError);
      assertClose([many!.mean], [exact], { absolute: 0.02 });
    });
  });

  it("the test above rejects a sum of weights in place of their mean, and a mean of logs", () => {
    tf.tidy(() => {
      const { x, model } = linearModel(500, { mean: 0, variance: 1 });
      const noise = new Rng(1).normal<tf.Tensor3D>([50, 500, 1]);
      const right = meanWithError(objectives.iwaeBound(model, x, noise, { likelihood }).dataSync());
      const meanOfLogs = meanWithError(
        tf
          .stack(
            noise
              .unstack(0)
              .map((e) =>
                objectives.iwaeBound(model, x, e.expandDims<tf.Tensor3D>(0), { likelihood }),
              ),
          )
          .dataSync(),
      ).mean;
      assertClose([right.mean], [exact], { absolute: 0.1 });
      assert.ok(Math.abs(right.mean + Math.log(50) - exact) > 0.1);
      assert.ok(Math.abs(meanOfLogs - exact) > 0.1);
    });
  });
});
