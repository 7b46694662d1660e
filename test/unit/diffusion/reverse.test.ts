import { strict as assert } from "node:assert";

import { diffusion, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { integrate, normalLogPdf } from "../../support/quadrature";
import { meanWithError, sampleVariance } from "../../support/statistics";
import { int32 } from "../../support/tensors";

const BETAS = [0.1, 0.2, 0.3, 0.5];
const SCHEDULE = new diffusion.NoiseSchedule(BETAS);

/** The exact noise estimate E[ε | x_t] for x_0 ~ N(m, s²), with numbers from the definition. */
function exactDenoiser(m: number, s: number): (xt: tf.Tensor, t: tf.Tensor1D) => tf.Tensor {
  return (xt, t) => {
    const { alphaBar } = SCHEDULE;
    const rows = [...t.dataSync()].map((step, i) => {
      const a = alphaBar[step]!;
      const x = xt.dataSync()[i]!;
      return (Math.sqrt(1 - a) * (x - Math.sqrt(a) * m)) / (a * s * s + 1 - a);
    });
    return tf.tensor(rows, xt.shape);
  };
}

/** Mean and variance of x_{t−1} given x_t alone, for x_0 ~ N(m, s²), by Bayes on a grid. */
function bayesOnGrid(t: number, xt: number, [m, s]: readonly [number, number]) {
  const [before, beta] = [SCHEDULE.alphaBar[t - 1]!, BETAS[t - 1]!];
  const spread = Math.sqrt(before * s * s + 1 - before);
  const density = (x: number): number =>
    Math.exp(
      normalLogPdf(xt, Math.sqrt(1 - beta) * x, Math.sqrt(beta)) +
        normalLogPdf(x, Math.sqrt(before) * m, spread),
    );
  const moment = (f: (x: number) => number): number =>
    integrate((x) => f(x) * density(x), [-15, 15]);
  const mean = moment((x) => x) / moment(() => 1);
  return { mean, variance: moment((x) => (x - mean) ** 2) / moment(() => 1) };
}

describe("reverse step", () => {
  it("R.9 DDPM.11 with the exact noise estimate, its mean is Bayes' on a grid", () => {
    const [t, xt] = [
      [1, 2, 3, 4],
      [0.4, -0.9, 1.7, -2.2],
    ];
    const kernel = diffusion.reverseKernel(exactDenoiser(0.7, 0.6), SCHEDULE);
    tf.tidy(() => {
      const { mean } = kernel(tf.tensor2d(xt, [4, 1]), int32(...t));
      const exact = t.map((step, i) => bayesOnGrid(step, xt[i]!, [0.7, 0.6]).mean);
      assertClose(mean.dataSync(), exact);
    });
  });

  it("R.9 β_t is the right variance for x_0 ~ N(0, 1), β̃_t for x_0 one point", () => {
    const t = [2, 3, 4];
    tf.tidy(() => {
      const x = tf.zeros([3, 2]);
      for (const [variance, s] of [
        ["beta", 1],
        ["posterior", 1e-3],
      ] as const) {
        // prettier-ignore
        const exact = t.map((step) => Math.log(bayesOnGrid(step, 0.5, [0, s]).variance));
        const logVar = diffusion.fixedLogVariance(SCHEDULE, int32(...t), x, variance);
        assert.deepEqual(logVar.shape, [3, 1]);
        assertClose(logVar.dataSync(), exact, { absolute: 1e-4 });
      }
    });
  });

  it("IDDPM.15 a learnt log-variance runs from β̃_t at −1 to β_t at 1", () => {
    tf.tidy(() => {
      const output = tf.tensor2d([[-1, 1, 0]]);
      const [low, high] = [Math.log((0.3 * 0.28) / 0.496), Math.log(0.3)];
      const logVar = diffusion.learnedLogVariance(SCHEDULE, int32(3), output);
      assertClose(logVar.dataSync(), [low, high, (low + high) / 2]);
      const network = (xt: tf.Tensor): tf.Tensor => tf.concat([xt.mul(0), output], -1);
      const kernel = diffusion.learnedVarianceKernel(network, SCHEDULE);
      const step = kernel(tf.tensor2d([[1, 2, 3]]), int32(3));
      assertClose(step.logVar.dataSync(), logVar.dataSync());
      assertClose(step.mean.dataSync(), [1, 2, 3].map((x) => x / Math.sqrt(0.7))); // prettier-ignore
    });
  });

  it("R.10 a step has mean μ and variance σ²; the last adds no noise", () => {
    tf.tidy(() => {
      const n = 20_000;
      const gaussian = { mean: tf.fill([n, 1], 0.3), logVar: tf.fill([n, 1], Math.log(0.25)) };
      const noise = new Rng(2).normal([n, 1]);
      const at = (t: number): Float32Array =>
        diffusion
          .sampleStep(gaussian, tf.fill([n], t, "int32") as tf.Tensor1D, noise)
          .dataSync<"float32">();
      const { mean, standardError } = meanWithError(at(2));
      assert.ok(Math.abs(mean - 0.3) < 4 * standardError);
      assert.ok(Math.abs(sampleVariance(at(2)) - 0.25) < 4 * 0.25 * Math.sqrt(2 / n));
      assertClose(at(1).slice(0, 3), [0.3, 0.3, 0.3]);
    });
  });
});
