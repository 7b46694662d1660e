import { strict as assert } from "node:assert";

import { type core, objectives, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { integrate, normalLogPdf } from "../../support/quadrature";
import { meanWithError } from "../../support/statistics";

const MEAN = [0.5, -1.25, 0, 2, 0.75, -0.5];
const LOG_VAR = [-0.5, 0.75, 0, -2, 1.25, -1];
const MEAN_P = [-0.25, 0.5, 1, 1.5, 0, 0.25];
const LOG_VAR_P = [0.25, -0.75, 1, -1, 0.5, 0];

function gaussian(mean = MEAN, logVar = LOG_VAR): core.DiagonalGaussian {
  return { mean: tf.tensor2d(mean, [2, 3]), logVar: tf.tensor2d(logVar, [2, 3]) };
}

/** KL of row `row` by quadrature of q log q/p, one dimension at a time. */
function klByQuadrature(row: number, meanP: readonly number[], logVarP: readonly number[]): number {
  return [0, 1, 2].reduce((sum, d) => {
    const i = 3 * row + d;
    const [mean, std] = [MEAN[i]!, Math.exp(LOG_VAR[i]! / 2)];
    const integrand = (z: number): number => {
      const logQ = normalLogPdf(z, mean, std);
      return Math.exp(logQ) * (logQ - normalLogPdf(z, meanP[i], Math.exp(logVarP[i]! / 2)));
    };
    return sum + integrate(integrand, [mean - 12 * std, mean + 12 * std]);
  }, 0);
}

describe("klToStandardNormal", () => {
  const zeros = MEAN.map(() => 0);

  function verify(kl: (q: core.DiagonalGaussian) => tf.Tensor): void {
    tf.tidy(() => {
      const got = kl(gaussian());
      assert.deepEqual(got.shape, [2]);
      const want = [0, 1].map((row) => klByQuadrature(row, zeros, zeros));
      assertClose(got.dataSync(), want, { absolute: 1e-5 });
    });
  }

  it("R.2 equals the integral of q log(q / p)", () => verify(objectives.klToStandardNormal));

  const wrong: Record<string, (q: core.DiagonalGaussian) => tf.Tensor> = {
    "mean over dimensions": (q) => objectives.klToStandardNormal(q).div(3),
    "no half": (q) => objectives.klToStandardNormal(q).mul(2),
    "the other sign": (q) => objectives.klToStandardNormal(q).neg(),
    "logVar read as log σ": ({ mean, logVar }) =>
      objectives.klToStandardNormal({ mean, logVar: logVar.mul(2) }),
    "KL(p ‖ q)": (q) => {
      const prior = { mean: tf.zerosLike(q.mean), logVar: tf.zerosLike(q.logVar) };
      return objectives.klDiagonalGaussian(prior, q);
    },
    "mean not squared": ({ mean, logVar }) =>
      mean.add(logVar.exp()).sub(1).sub(logVar).sum(-1).mul(0.5),
  };
  for (const [mistake, kl] of Object.entries(wrong)) {
    it(`R.2 the test above rejects: ${mistake}`, () => assert.throws(() => verify(kl), /element/));
  }

  it("R.2 agrees with Monte Carlo, within 4 standard errors at n = 100,000", () => {
    tf.tidy(() => {
      const n = 100_000;
      const q = gaussian();
      const z = objectives.reparametrise(q, new Rng(11).normal<tf.Tensor3D>([n, 2, 3]));
      const logRatio = objectives
        .gaussianLogDensity(z, q)
        .sub(objectives.standardNormalLogDensity(z)); // (n, 2)
      const closed = objectives.klToStandardNormal(q).dataSync();
      logRatio.unstack(1).forEach((samples, row) => {
        const { mean, standardError } = meanWithError(samples.dataSync());
        assert.ok(standardError < 0.02, `standard error ${standardError}`);
        assertClose([mean], [closed[row]!], { absolute: 4 * standardError });
      });
    });
  });

  it("R.2 has the gradient μ and (σ² − 1) / 2", () => {
    tf.tidy(() => {
      const { mean, logVar } = gaussian();
      const [byMean, byLogVar] = tf.grads((m, v) =>
        objectives.klToStandardNormal({ mean: m as core.Latents, logVar: v as core.Latents }).sum(),
      )([mean, logVar]);
      assertClose(byMean!.dataSync(), MEAN);
      assertClose(
        byLogVar!.dataSync(),
        LOG_VAR.map((v) => (Math.exp(v) - 1) / 2),
      );
    });
  });

  it("refuses mean and logVar of different shapes", () => {
    tf.tidy(() => {
      const q = { mean: tf.zeros<tf.Rank.R2>([2, 3]), logVar: tf.zeros<tf.Rank.R2>([1, 3]) };
      assert.throws(() => objectives.klToStandardNormal(q), /mean is \[2, 3\] but logVar is/);
    });
  });
});

describe("klDiagonalGaussian", () => {
  it("R.2 equals the integral of q log(q / p), expectation under the first argument", () => {
    tf.tidy(() => {
      const [q, p] = [gaussian(), gaussian(MEAN_P, LOG_VAR_P)];
      const want = [0, 1].map((row) => klByQuadrature(row, MEAN_P, LOG_VAR_P));
      assertClose(objectives.klDiagonalGaussian(q, p).dataSync(), want, { absolute: 1e-5 });
      const reversed = objectives.klDiagonalGaussian(p, q).dataSync();
      assert.ok(want.every((value, row) => Math.abs(value - reversed[row]!) > 0.1));
    });
  });

  it("R.2 is zero when both are the same", () => {
    tf.tidy(() => {
      assertClose(objectives.klDiagonalGaussian(gaussian(), gaussian()).dataSync(), [0, 0]);
    });
  });
});

describe("reparametrise", () => {
  it("R.3 gives z = μ + exp(logVar / 2) ε, for one sample or many", () => {
    tf.tidy(() => {
      const noise = [1, -1, 0.5, 2, -0.25, 0];
      const want = MEAN.map((mean, i) => mean + Math.exp(LOG_VAR[i]! / 2) * noise[i]!);
      const z = objectives.reparametrise(gaussian(), tf.tensor2d(noise, [2, 3]));
      assertClose(z.dataSync(), want);
      const many = tf.tensor3d([...noise, ...noise.map((value) => -value)], [2, 2, 3]);
      const z2 = objectives.reparametrise(gaussian(), many);
      assert.deepEqual(z2.shape, [2, 2, 3]);
      assertClose(z2.slice(0, 1).dataSync(), want);
    });
  });

  it("refuses noise of another shape", () => {
    tf.tidy(() => {
      const noise = tf.zeros<tf.Rank.R2>([2, 1]);
      assert.throws(() => objectives.reparametrise(gaussian(), noise), /noise/);
    });
  });
});

describe("gaussianLogDensity", () => {
  it("sums the log density of each dimension, constant included", () => {
    tf.tidy(() => {
      const z = [0.1, 0.2, -0.3, 1, -1, 0.5];
      const want = [0, 1].map((row) =>
        [0, 1, 2].reduce((sum, d) => {
          const i = 3 * row + d;
          return sum + normalLogPdf(z[i]!, MEAN[i], Math.exp(LOG_VAR[i]! / 2));
        }, 0),
      );
      const tensor = tf.tensor2d(z, [2, 3]);
      assertClose(objectives.gaussianLogDensity(tensor, gaussian()).dataSync(), want);
      const standard = objectives.standardNormalLogDensity(tensor).dataSync();
      const first = z.slice(0, 3).reduce((sum, value) => sum + normalLogPdf(value), 0);
      assertClose([standard[0]!], [first]);
    });
  });

  it("integrates to one over a grid in two dimensions", () => {
    tf.tidy(() => {
      const q = { mean: tf.tensor2d([[0.5, -1]]), logVar: tf.tensor2d([[-0.5, 0.75]]) };
      const side = 400;
      const [from, to] = [-9, 9];
      const axis = tf.linspace(from, to, side);
      const [a, b] = tf.meshgrid(axis, axis);
      const points = tf.stack([a!.flatten(), b!.flatten()], 1);
      const cell = ((to - from) / (side - 1)) ** 2;
      const total = objectives.gaussianLogDensity(points, q).exp().sum().mul(cell);
      assertClose(total.dataSync(), [1], { absolute: 1e-4 });
    });
  });
});
