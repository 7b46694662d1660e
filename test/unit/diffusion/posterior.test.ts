import { diffusion, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { integrate, normalLogPdf } from "../../support/quadrature";
import { int32 } from "../../support/tensors";

const BETAS = [0.1, 0.2, 0.3, 0.5];
const SCHEDULE = new diffusion.NoiseSchedule(BETAS);

/** Mean and variance of q(x_{t−1} | x_t, x_0) by Bayes on a grid: q(x_t | x_{t−1}) q(x_{t−1} | x_0). */
function bayesOnGrid(t: number, x0: number, xt: number): { mean: number; variance: number } {
  const before = BETAS.slice(0, t - 1).reduce((product, beta) => product * (1 - beta), 1);
  const beta = BETAS[t - 1]!;
  const density = (x: number): number =>
    Math.exp(
      normalLogPdf(xt, Math.sqrt(1 - beta) * x, Math.sqrt(beta)) +
        normalLogPdf(x, Math.sqrt(before) * x0, Math.sqrt(1 - before)),
    );
  const moment = (f: (x: number) => number): number =>
    integrate((x) => f(x) * density(x), [-15, 15]);
  const evidence = moment(() => 1);
  const mean = moment((x) => x) / evidence;
  return { mean, variance: moment((x) => (x - mean) ** 2) / evidence };
}

describe("posterior of the forward process", () => {
  it("DDPM.7 equals Bayes on a grid", () => {
    const [t, x0, xt] = [
      [2, 3, 4],
      [0.7, -1.2, 0.4],
      [-0.5, 0.9, 2],
    ];
    const exact = t.map((step, i) => bayesOnGrid(step, x0[i]!, xt[i]!));
    tf.tidy(() => {
      const { mean, variance } = diffusion.posterior(SCHEDULE, int32(...t), {
        x0: tf.tensor2d(x0, [3, 1]),
        xt: tf.tensor2d(xt, [3, 1]),
      });
      assertClose(mean.dataSync(), exact.map((moments) => moments.mean)); // prettier-ignore
      assertClose(variance.dataSync(), exact.map((moments) => moments.variance)); // prettier-ignore
      const logVar = diffusion.posteriorLogVariance(SCHEDULE, int32(...t), mean);
      assertClose(logVar.dataSync(), exact.map((moments) => Math.log(moments.variance))); // prettier-ignore
    });
  });

  it("DDPM.7 at t = 1 is x0 itself, its logarithm that of t = 2", () => {
    tf.tidy(() => {
      const [x0, xt] = [tf.fill([1, 2, 2, 1], 0.3), tf.fill([1, 2, 2, 1], -2)];
      const { mean, variance } = diffusion.posterior(SCHEDULE, int32(1), { x0, xt });
      assertClose(mean.dataSync(), [0.3, 0.3, 0.3, 0.3]);
      assertClose(variance.dataSync(), [0]);
      const logVar = diffusion.posteriorLogVariance(SCHEDULE, int32(1), x0).dataSync();
      assertClose(logVar, [Math.log(bayesOnGrid(2, 0, 0).variance)]);
    });
  });

  it("DDPM.7 keeps float32 accuracy at small t of a long schedule", () => {
    const linear = diffusion.linearSchedule(1000);
    tf.tidy(() => {
      const [x0, xt] = [tf.tensor2d([[0.5]]), tf.tensor2d([[-1]])];
      for (const t of [2, 5, 1000]) {
        const weights = linear.posteriorMean(t);
        const { mean, variance } = diffusion.posterior(linear, int32(t), { x0, xt });
        assertClose(mean.dataSync(), [0.5 * weights.x0 - weights.xt], { absolute: 1e-6 });
        assertClose(variance.dataSync(), [linear.posteriorVariance(t)], { absolute: 0 });
      }
    });
  });
});
