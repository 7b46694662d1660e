import { strict as assert } from "node:assert";

import { oracles, Rng } from "latentlab";

import { assertClose } from "../../support/close";
import { integrate, normalLogPdf } from "../../support/quadrature";

// One latent and two pixels, so that every integral over z is one-dimensional.
const ONE = { weight: [[1.2], [-0.7]], mean: [0.3, -0.1], noiseVariance: 0.25 };
const X = [0.9, -1.1];
const TWO = {
  weight: [
    [0.9, -0.4],
    [0.2, 1.1],
    [-0.6, 0.5],
  ],
  mean: [0.1, -0.2, 0.3],
  noiseVariance: 0.4,
};
const X3 = [0.8, -0.3, 1.4];
const RANGE = [-12, 12] as const;

/** log p(x, z) of `ONE` by its definition. */
function logJoint(x: readonly number[], z: number, weight = ONE.weight): number {
  const pixels = x.map((value, i) =>
    normalLogPdf(value, weight[i]![0]! * z + ONE.mean[i]!, Math.sqrt(ONE.noiseVariance)),
  );
  return pixels.reduce((sum, value) => sum + value, normalLogPdf(z));
}

function logEvidenceByQuadrature(x: readonly number[], weight = ONE.weight): number {
  return Math.log(integrate((z) => Math.exp(logJoint(x, z, weight)), RANGE));
}

describe("LinearGaussian", () => {
  const one = new oracles.LinearGaussian(ONE);
  const two = new oracles.LinearGaussian(TWO);

  it("R.3 log p(x) equals the integral of p(x, z) over z", () => {
    assertClose([one.logEvidence(X)], [logEvidenceByQuadrature(X)], { absolute: 1e-9 });
  });

  it("R.3 the posterior equals p(x, z) / p(x): mean and variance", () => {
    const evidence = Math.exp(logEvidenceByQuadrature(X));
    const moment = (power: number, centre: number): number =>
      integrate((z) => ((z - centre) ** power * Math.exp(logJoint(X, z))) / evidence, RANGE);
    const mean = moment(1, 0);
    const { mean: got, covariance } = one.posterior(X);
    assertClose([got[0]!, covariance[0]![0]!], [mean, moment(2, mean)], { absolute: 1e-9 });
  });

  it("R.3 the ELBO of any q equals the integral of q log(p(x, z) / q)", () => {
    for (const [mean, variance] of [
      [0, 1],
      [0.8, 0.1],
      [-1, 0.5],
    ] as const) {
      const logQ = (z: number): number => normalLogPdf(z, mean, Math.sqrt(variance));
      const integrand = (z: number): number => Math.exp(logQ(z)) * (logJoint(X, z) - logQ(z));
      const { elbo } = one.elbo(X, { mean: [mean], covariance: [[variance]] });
      assertClose([elbo], [integrate(integrand, RANGE)], { absolute: 1e-8 });
    }
  });

  it("R.3 log p(x) − ELBO(q) = KL(q ‖ p(z|x)) ≥ 0 for 200 random q, to 1e-10", () => {
    const rng = new Rng(4);
    for (let trial = 0; trial < 200; trial++) {
      const [a, b, c, m1, m2] = Array.from(rng.normalArray(5)) as [
        number,
        number,
        number,
        number,
        number,
      ];
      // L Lᵀ with a diagonal away from 0: any full covariance.
      const [l11, l22] = [0.2 + Math.abs(a), 0.2 + Math.abs(b)];
      const covariance = [
        [l11 * l11, l11 * c],
        [l11 * c, c * c + l22 * l22],
      ];
      const q = { mean: [m1, m2], covariance };
      const gap = two.logEvidence(X3) - two.elbo(X3, q).elbo;
      assertClose([gap], [oracles.klGaussian(q, two.posterior(X3))], { absolute: 1e-10 });
      assert.ok(gap > 0);
    }
  });

  it("R.3 the bound is tight at the posterior, and at no diagonal q when latents correlate", () => {
    const tight = two.elbo(X3, two.posterior(X3)).elbo;
    assertClose([tight], [two.logEvidence(X3)], { absolute: 1e-12 });
    const best = two.bestDiagonal(X3);
    const gapAt = (q: oracles.Gaussian): number => two.logEvidence(X3) - two.elbo(X3, q).elbo;
    assert.ok(gapAt(best) > 1e-3);
    for (const scale of [0.9, 1.1]) {
      const covariance = best.covariance.map((row) => row.map((value) => value * scale));
      assert.ok(gapAt({ ...best, covariance }) > gapAt(best));
    }
  });

  it("R.1 the evidence gradient agrees with finite differences of the integral", () => {
    const step = 1e-5;
    const difference = [0, 1].map((pixel) => {
      const shifted = (by: number): number[][] =>
        ONE.weight.map(([w], i) => [w! + (i === pixel ? by : 0)]);
      const [up, down] = [step, -step].map((by) => logEvidenceByQuadrature(X, shifted(by)));
      return (up! - down!) / (2 * step);
    });
    assertClose(one.evidenceGradient(X).flat(), difference, { absolute: 1e-7 });
  });

  it("R.1 the evidence gradient is the posterior's mean of the joint's gradient, exactly", () => {
    // ∂/∂W log p(x, z) = (r − W z) zᵀ / σ²; its posterior mean needs E z and E z zᵀ.
    const { mean: m, covariance } = two.posterior(X3);
    const want = TWO.weight.map((row, i) =>
      [0, 1].map((k) => {
        const second = (j: number): number => covariance[j]![k]! + m[j]! * m[k]!;
        const residual = X3[i]! - TWO.mean[i]!;
        return (residual * m[k]! - row[0]! * second(0) - row[1]! * second(1)) / TWO.noiseVariance;
      }),
    );
    assertClose(two.evidenceGradient(X3).flat(), want.flat(), { absolute: 1e-12 });
  });

  it("samples with the evidence's mean and covariance, within 5 standard errors", () => {
    const n = 40_000;
    const rows = two.sample(n, new Rng(6));
    const { mean, covariance } = two.evidence;
    mean.forEach((m, i) => {
      const sum = rows.reduce((total, row) => total + row[i]!, 0);
      assertClose([sum / n], [m], { absolute: 5 * Math.sqrt(covariance[i]![i]! / n) });
    });
    const product = rows.reduce((sum, r) => sum + (r[0]! - mean[0]!) * (r[2]! - mean[2]!), 0) / n;
    const [v0, v2, c02] = [covariance[0]![0]!, covariance[2]![2]!, covariance[0]![2]!];
    const absolute = 5 * Math.sqrt((v0 * v2 + c02 ** 2) / n);
    assertClose([product], [c02], { absolute });
  });

  it("refuses a noise variance of 0, ragged sizes and a covariance that is none", () => {
    assert.throws(() => new oracles.LinearGaussian({ ...ONE, noiseVariance: 0 }), /noiseVariance/);
    assert.throws(() => new oracles.LinearGaussian({ ...ONE, mean: [0] }), /2 rows/);
    assert.throws(() => one.logEvidence([1]), /vectors of 1 and 2/);
    const broken = { mean: [0, 0], covariance: [[1, 2], [2, 1]] }; // prettier-ignore
    assert.throws(() => oracles.klGaussian(broken, two.posterior(X3)), /positive definite/);
  });
});

describe("klGaussian", () => {
  it("R.2 equals the integral of q log(q / p), and not that of the other direction", () => {
    const [q, p] = [
      { mean: [0.4], covariance: [[0.3]] },
      { mean: [-0.5], covariance: [[1.7]] },
    ];
    const [logQ, logP] = [q, p].map(
      ({ mean, covariance }) =>
        (z: number) =>
          normalLogPdf(z, mean[0], Math.sqrt(covariance[0]![0]!)),
    ) as [(z: number) => number, (z: number) => number];
    const want = integrate((z) => Math.exp(logQ(z)) * (logQ(z) - logP(z)), RANGE);
    assertClose([oracles.klGaussian(q, p)], [want], { absolute: 1e-9 });
    assert.ok(Math.abs(oracles.klGaussian(p, q) - want) > 0.1);
  });
});

describe("fitLinearGaussian", () => {
  it("finds the parameters of the largest evidence: every nudge lowers it", () => {
    const rows = new oracles.LinearGaussian(TWO).sample(300, new Rng(8));
    const fitted = oracles.fitLinearGaussian(rows, 1);
    const total = (parameters: oracles.LinearGaussianParameters): number => {
      const model = new oracles.LinearGaussian(parameters);
      return rows.reduce((sum, row) => sum + model.logEvidence(row), 0);
    };
    const best = total(fitted);
    for (const nudge of [0.97, 1.03]) {
      const weight = fitted.weight.map((row) => row.map((w) => w * nudge));
      assert.ok(total({ ...fitted, weight }) < best);
      assert.ok(total({ ...fitted, noiseVariance: fitted.noiseVariance * nudge }) < best);
    }
    const turned = fitted.weight.map(([w], i) => [w! + (i === 0 ? 0.05 : -0.05)]);
    assert.ok(total({ ...fitted, weight: turned }) < best);
  });

  it("refuses as many latents as pixels", () => {
    assert.throws(() => oracles.fitLinearGaussian([[1, 2], [3, 4]], 2), /below 2/); // prettier-ignore
  });
});
