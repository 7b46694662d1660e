import { strict as assert } from "node:assert";

import { diffusion, objectives, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { finiteDifferences } from "../../support/finite-difference";
import { integrate, normalLogPdf } from "../../support/quadrature";
import { meanWithError } from "../../support/statistics";
import { int32 } from "../../support/tensors";

const BETAS = [0.1, 0.2, 0.3, 0.5];
const SCHEDULE = new diffusion.NoiseSchedule(BETAS);
const ALPHA_BAR = [1, 0.9, 0.72, 0.504, 0.252];

/** ε̂ of a network that knows nothing but x_t. */
function denoise(xt: tf.Tensor): tf.Tensor {
  return xt.mul(0.6).add(0.1);
}

function klByQuadrature([m, s]: readonly number[], [mp, sp]: readonly number[]): number {
  const integrand = (x: number): number => {
    const logQ = normalLogPdf(x, m, s);
    return Math.exp(logQ) * (logQ - normalLogPdf(x, mp, sp));
  };
  return integrate(integrand, [m! - 12 * s!, m! + 12 * s!]);
}

describe("terms of the variational bound", () => {
  const [X0, NOISE] = [
    [0.4, -0.9],
    [1.2, -0.3],
  ];

  for (const variance of ["posterior", "beta"] as const) {
    it(`R.12 L_{t−1} is KL(q ‖ p) by quadrature, σ² = ${variance}`, () => {
      for (const t of [2, 3, 4]) {
        const [a, before, beta] = [ALPHA_BAR[t]!, ALPHA_BAR[t - 1]!, BETAS[t - 1]!];
        const posteriorVariance = (beta * (1 - before)) / (1 - a);
        const want = X0.reduce((sum, x0, i) => {
          const xt = Math.sqrt(a) * x0 + Math.sqrt(1 - a) * NOISE[i]!;
          const mean =
            (Math.sqrt(before) * beta * x0 + Math.sqrt(1 - beta) * (1 - before) * xt) / (1 - a);
          const predicted = 0.6 * xt + 0.1;
          const modelMean = (xt - (beta / Math.sqrt(1 - a)) * predicted) / Math.sqrt(1 - beta);
          const modelVariance = variance === "beta" ? beta : posteriorVariance;
          const q = [mean, Math.sqrt(posteriorVariance)];
          return sum + klByQuadrature(q, [modelMean, Math.sqrt(modelVariance)]);
        }, 0);
        tf.tidy(() => {
          const kernel = diffusion.reverseKernel(denoise, SCHEDULE, variance);
          const options = { schedule: SCHEDULE, noise: tf.tensor2d([NOISE]) };
          const term = objectives.boundTerm(kernel, tf.tensor2d([X0]), int32(t), options);
          assertClose(term.dataSync(), [want], { absolute: 1e-5, relative: 1e-4 });
        });
      }
    });
  }

  it("DDPM.12 with σ² = β̃ a term is its weight times the squared error of ε", () => {
    tf.tidy(() => {
      const x0 = new Rng(1).normal([3, 2, 2, 1]);
      const noise = new Rng(2).normal(x0.shape);
      const t = int32(2, 3, 4);
      const kernel = diffusion.reverseKernel(denoise, SCHEDULE);
      const terms = objectives.boundTerm(kernel, x0, t, { schedule: SCHEDULE, noise });
      const errors = objectives.denoisingErrors(denoise, x0, t, { schedule: SCHEDULE, noise });
      const weights = objectives.lossWeights(SCHEDULE, "vlb");
      const want = Array.from(errors.dataSync(), (error, i) => 4 * weights[i + 2]! * error);
      assertClose(terms.dataSync(), want, { absolute: 1e-5, relative: 1e-5 });
    });
  });

  it("R.12 L_T is the KL from N(0, 1) by quadrature", () => {
    tf.tidy(() => {
      const kl = (x0: number): number =>
        klByQuadrature([Math.sqrt(0.252) * x0, Math.sqrt(1 - 0.252)], [0, 1]);
      const x0 = tf.tensor3d([[[0.4], [-2]], [[1], [3]]]); // prettier-ignore
      const want = [kl(0.4) + kl(-2), kl(1) + kl(3)];
      assertClose(objectives.priorKl(SCHEDULE, x0).dataSync(), want);
    });
  });
});

describe("discretised Gaussian decoder", () => {
  it("DDPM.13 is the mass of the bin, by quadrature, far out in the tails too", () => {
    const half = 1 / 255;
    const cases = [[0.2, 101, -4], [0.2, 101, -1], [-0.5, 140, -4], [0.1, 0, -2], [0.1, 255, -3]]; // prettier-ignore
    for (const [mean, level, logVar] of cases as [number, number, number][]) {
      const x = (2 * level) / 255 - 1;
      const std = Math.exp(logVar / 2);
      const range: [number, number] = [
        level === 0 ? mean - 12 * std : x - half,
        level === 255 ? mean + 12 * std : x + half,
      ];
      const mass = integrate((at) => Math.exp(normalLogPdf(at, mean, std)), range);
      tf.tidy(() => {
        const got = objectives.discretisedGaussianLogLikelihood(
          tf.tensor2d([[mean]]),
          tf.tensor2d([[x]]),
          logVar,
        );
        assertClose(got.dataSync(), [Math.log(Math.max(mass, 1e-12))], { absolute: 2e-4 });
      });
    }
  });

  it("DDPM.13 the masses of all grey levels add up to 1", () => {
    tf.tidy(() => {
      for (const [mean, logVar] of [
        [0.3, -5],
        [-0.99, -1],
        [2, 0],
      ] as const) {
        // prettier-ignore
        const x = tf.linspace(-1, 1, 256).reshape<tf.Tensor2D>([256, 1]);
        const logMass = objectives.discretisedGaussianLogLikelihood(
          tf.fill([256, 1], mean),
          x,
          logVar,
        );
        const sum = logMass.exp().sum().dataSync();
        assertClose(sum, [1], { absolute: 1e-4 });
      }
    });
  });

  it("DDPM.13 has the slope of finite differences", () => {
    tf.tidy(() => {
      const x = tf.tensor2d([[-1, 0.2, 1]].map((row) => row.map((v) => Math.round(v * 255) / 255)));
      const mean = tf.tensor2d([[-0.7, 0.4, 0.8]]);
      const loss = (m: tf.Tensor): tf.Tensor =>
        objectives.discretisedGaussianLogLikelihood(m, x, -1).sum();
      assertClose(tf.grad(loss)(mean).dataSync(), finiteDifferences(loss, mean), {
        absolute: 1e-2,
      });
    });
  });
});

describe("variational bound", () => {
  // For data N(0, 1) the exact reverse step is known: ε̂ = √(1 − ᾱ) x_t, σ² = β_t.
  const exact = diffusion.reverseKernel((xt: tf.Tensor, t: tf.Tensor1D): tf.Tensor => {
    const gain = ALPHA_BAR.map((a) => Math.sqrt(1 - a));
    return xt.mul(diffusion.atTimesteps(gain, t, xt));
  }, SCHEDULE, "beta"); // prettier-ignore
  const options = { schedule: SCHEDULE, likelihood: objectives.gaussianLogLikelihood };
  const x0 = (): tf.Tensor2D => new Rng(4).normal([4000, 2]);

  /** −log p(x0) of each example. */
  function exactNats(x: tf.Tensor2D): number[] {
    return (x.arraySync() as number[][]).map((row) =>
      row.reduce((sum, value) => sum - normalLogPdf(value), 0),
    );
  }

  it("R.11 R.12 is −log p(x0) where the reverse steps are exact", () => {
    tf.tidy(() => {
      const x = x0();
      const bound = objectives.variationalBound(exact, x, { ...options, rng: new Rng(5) });
      const truth = meanWithError(exactNats(x)).mean;
      // Terms are unbiased; what is left is the noise of one x_t each, about one nat an example.
      const { mean, standardError } = bound.nats;
      assert.ok(standardError < 0.06, `${standardError}`);
      assert.ok(Math.abs(mean - truth) < 4 * standardError, `${mean} ± ${standardError}, ${truth}`);
      const sum = bound.terms.reduce((total, term) => total + term, bound.prior);
      assertClose([sum], [mean], { relative: 1e-6 });
      assertClose([bound.bitsPerDim.mean], [mean / (2 * Math.LN2)]);
      assert.equal(bound.terms.length, 5);
      assert.equal(bound.terms[0], 0);
    });
  });

  it("R.11 lies above −log p(x0) by more where the network is wrong", () => {
    tf.tidy(() => {
      const x = x0();
      const truth = meanWithError(exactNats(x)).mean;
      const wrong = diffusion.reverseKernel((xt: tf.Tensor) => xt.neg(), SCHEDULE, "beta");
      const bound = objectives.variationalBound(wrong, x, { ...options, rng: new Rng(5) });
      assert.ok(bound.nats.mean - truth > 10 * bound.nats.standardError);
    });
  });

  it("R.12 random timesteps estimate the same bound, with an honest standard error", () => {
    tf.tidy(() => {
      const x = x0();
      const whole = objectives.variationalBound(exact, x, { ...options, rng: new Rng(6) });
      const spread = [1, 2, 3, 4, 5, 6].map((seed) => {
        const rng = new Rng(seed);
        const { nats } = objectives.estimateBound(exact, x, { ...options, rng, draws: 2 });
        return (
          (nats.mean - whole.nats.mean) / Math.hypot(nats.standardError, whole.nats.standardError)
        );
      });
      assert.ok(spread.every((errors) => Math.abs(errors) < 4), `${spread}`); // prettier-ignore
      assert.ok(Math.max(...spread.map(Math.abs)) > 0.05, "the error is far too large");
    });
  });
});

describe("hybrid loss", () => {
  const config = { schedule: SCHEDULE, likelihood: objectives.gaussianLogLikelihood };

  it("IDDPM.16 is L_simple + λ L_vlb, the bound as that of the learnt kernel", () => {
    tf.tidy(() => {
      const network = (xt: tf.Tensor): tf.Tensor => tf.concat([denoise(xt), xt.mul(0.3)], -1);
      const x0 = new Rng(1).normal([5, 2]);
      const got = objectives.hybridLoss(network, x0, {
        ...config,
        rng: new Rng(2),
        boundWeight: 0.1,
      });
      const rng = new Rng(2);
      const t = objectives.randomTimesteps(SCHEDULE, 5, rng);
      const noise = rng.normal(x0.shape);
      const kernel = diffusion.learnedVarianceKernel(network, SCHEDULE);
      const terms = objectives.boundTerm(kernel, x0, t, { ...config, noise });
      const simple = objectives.simpleLoss(denoise, SCHEDULE, t, { x0, noise }).dataSync()[0]!;
      const bound = (terms.mean().dataSync()[0]! * 4) / 2;
      const [loss, ...parts] = [got.loss, got.simple, got.bound].map((part) => part.dataSync()[0]!);
      assertClose(parts, [simple, bound], { relative: 1e-5 });
      assertClose([loss!], [simple + 0.1 * bound], { relative: 1e-5 });
    });
  });

  it("IDDPM.16 its bound teaches the variance, and leaves the mean alone", () => {
    tf.tidy(() => {
      const x0 = new Rng(1).normal([5, 2]);
      const bound = (weights: tf.Tensor): tf.Tensor => {
        const [mean, variance] = weights.unstack(0) as [tf.Tensor, tf.Tensor];
        const network = (xt: tf.Tensor): tf.Tensor =>
          tf.concat([xt.mul(mean), xt.mul(variance)], -1);
        return objectives.hybridLoss(network, x0, { ...config, rng: new Rng(2) }).bound;
      };
      const weights = tf.tensor1d([0.6, 0.3]);
      const [, byVariance] = finiteDifferences(bound, weights);
      const gradient = tf.grad(bound)(weights).dataSync();
      assertClose(gradient, [0, byVariance!], { absolute: 2e-3, relative: 2e-3 });
      assert.ok(Math.abs(byVariance!) > 0.05);
    });
  });
});
