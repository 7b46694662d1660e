import { strict as assert } from "node:assert";

import { type core, diffusion, oracles, Rng, samplers, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { meanWithError } from "../../support/statistics";
import { assertStops } from "../../support/stop-button";

const DATA = { mean: -0.7, std: 0.5 };
const GAUSSIAN = new oracles.GaussianMixture({ means: [[DATA.mean]], std: DATA.std });
const VP = diffusion.vpSde();

function scoreOf(
  mixture: oracles.GaussianMixture,
  sde: diffusion.Sde,
): core.ScoreFunction<tf.Tensor2D> {
  return (x, t) => mixture.score(x, sde.marginalAt(t));
}

/** Where the flow of Gaussian data leads from time 1 to time t: it keeps the distance in units of σ. */
function exactFlow(sde: diffusion.Sde, x1: number, t: number): number {
  const at = (time: number): { mean: number; std: number } => {
    const { scale, sigma } = sde.marginal(time);
    return { mean: scale * DATA.mean, std: Math.hypot(scale * DATA.std, sigma) };
  };
  const [start, end] = [at(1), at(t)];
  return end.mean + (end.std / start.std) * (x1 - start.mean);
}

async function samplesOf(
  sampler: samplers.Sampler<tf.Tensor2D>,
  options: Omit<samplers.SampleOptions<tf.Tensor2D>, "rng">,
): Promise<number[]> {
  const x = await samplers.sampleAll(sampler, { rng: new Rng(21), ...options });
  const values = Array.from(x.dataSync());
  x.dispose();
  return values;
}

/** Mean and variance within 5 standard errors and a bias that is stated. */
function assertMoments(values: number[], mean: number, variance: number, bias = 0): void {
  const first = meanWithError(values);
  assertClose([first.mean], [mean], { absolute: 5 * first.standardError + bias, relative: 0 });
  const second = meanWithError(values.map((v) => (v - first.mean) ** 2));
  assertClose([second.mean], [variance], {
    absolute: 5 * second.standardError + bias,
    relative: 0,
  });
}

describe("samplers of scores", () => {
  it("SDE.13 Euler's method is of order 1 and Heun's of order 2, as slopes of the error", async () => {
    const minTime = 0.1;
    const starts = [1.3, -0.4, 0.6];
    const start = tf.tensor2d(starts, [3, 1]);
    const want = starts.map((x1) => exactFlow(VP, x1, minTime));
    for (const order of [1, 2] as const) {
      const flow = samplers.flowSteps<tf.Tensor2D>(scoreOf(GAUSSIAN, VP), VP, { order, minTime });
      const sampler = samplers.compileSampler(flow);
      const errors: number[] = [];
      for (const numSteps of [16, 32, 64]) {
        const got = await samplesOf(sampler, { start, numSteps });
        errors.push(Math.max(...got.map((x, i) => Math.abs(x - want[i]!))));
      }
      sampler.dispose();
      const slopes = [Math.log2(errors[0]! / errors[1]!), Math.log2(errors[1]! / errors[2]!)];
      assertClose(slopes, [order, order], { absolute: 0.25, relative: 0 });
    }
    start.dispose();
  });

  it("SDE.13 the adaptive flow makes quantiles of quantiles, there and back, and can be stopped", async () => {
    const score = scoreOf(GAUSSIAN, VP);
    const x1 = tf.tensor2d([[1.3], [-0.4]]);
    const down = await samplers.adaptiveFlow(score, VP, x1, { from: 1, to: 0 });
    const up = await samplers.adaptiveFlow(score, VP, down.x, { from: 0, to: 1, compile: false });
    assertClose(down.x.dataSync(), [exactFlow(VP, 1.3, 0), exactFlow(VP, -0.4, 0)], { absolute: 1e-4 }); // prettier-ignore
    assertClose(up.x.dataSync(), [1.3, -0.4], { absolute: 5e-4 });
    assert.ok(down.evaluations < 200, `${down.evaluations} evaluations`);
    await assertStops(() => samplers.adaptiveFlow(score, VP, x1, { from: 1, to: 0 }));
    tf.dispose([x1, down.x, up.x]);
  });

  it("R.22 the reverse SDE samples the data: mean and variance within 5 standard errors", async () => {
    const sampler = samplers.eulerMaruyama<tf.Tensor2D>(scoreOf(GAUSSIAN, VP), VP);
    const values = await samplesOf(sampler, { shape: [10_000, 1], numSteps: 300 });
    // With 300 steps the recursion's own bias in mean and variance is below 0.003.
    assertMoments(values, DATA.mean, DATA.std ** 2, 3e-3);
  });

  for (const [name, sde] of Object.entries({
    VP,
    VE: diffusion.veSde({ sigmaMin: 0.01, sigmaMax: 20 }),
  })) {
    it(`SDE.46 predictor and corrector sample the data under ${name}`, async () => {
      const options = { correctorSteps: 1, snr: 0.1 };
      const pc = samplers.predictorCorrector<tf.Tensor2D>(scoreOf(GAUSSIAN, sde), sde, options);
      const values = await samplesOf(pc, { shape: [10_000, 1], numSteps: 300 });
      assertMoments(values, DATA.mean, DATA.std ** 2, 1e-2);
    });
  }

  it("R.21 one step of DDPM on the discretised SDE is one of Euler–Maruyama, but for O(β²)", () => {
    const gap = (numTimesteps: number): number =>
      tf.tidy(() => {
        const schedule = diffusion.discretiseVp(numTimesteps);
        const t = numTimesteps / 2;
        const [x, noise] = [tf.tensor2d([[0.8], [-1.1]]), tf.tensor2d([[0.3], [-0.9]])];
        const time = tf.fill([2], t, "int32") as tf.Tensor1D;
        const predicted = GAUSSIAN.denoiser<tf.Tensor2D>(schedule)(x, time);
        const [alphaBar, beta] = [schedule.alphaBar[t]!, schedule.beta[t]!];
        const mean = x.sub(predicted.mul(beta / Math.sqrt(1 - alphaBar))).div(Math.sqrt(1 - beta));
        const ddpm = mean.add(noise.mul(Math.sqrt(beta)));
        const now = {
          driftRate: (-numTimesteps * beta) / 2,
          diffusion: Math.sqrt(numTimesteps * beta),
        };
        const score = GAUSSIAN.score(x, oracles.levelOfAlphaBar(alphaBar));
        const drift = diffusion.reverseDrift({ x, score }, now);
        const step = { h: -1 / numTimesteps, diffusion: now.diffusion };
        const euler = samplers.eulerMaruyamaStep({ x, drift, noise }, step);
        return ddpm.sub(euler).abs().max().dataSync()[0] as number;
      });
    const [coarse, fine] = [gap(50), gap(200)];
    assert.ok(coarse < 0.1 && coarse > 1e-3, `coarse ${coarse}`);
    assertClose([coarse / fine], [16], { absolute: 5 });
  });
});

describe("Langevin dynamics", () => {
  it("NCSN.4 is stationary at s²/(1 − α/4s²), biased by its step as theory says", async () => {
    const [alpha, n] = [0.2, 20_000];
    const variance = DATA.std ** 2;
    const rng = new Rng(4);
    const values = tf.tidy(() => {
      let x = rng.normal<tf.Tensor2D>([n, 1], DATA.mean, DATA.std);
      for (let i = 0; i < 30; i++) {
        const noise = rng.normal<tf.Tensor2D>([n, 1]);
        x = samplers.langevinStep({ x, score: GAUSSIAN.score(x), noise }, alpha);
      }
      return Array.from(x.dataSync());
    });
    assertMoments(values, DATA.mean, variance / (1 - alpha / (4 * variance)));
  });

  it("NCSN.A1 annealing finds the share of each mode, which one small scale cannot", async () => {
    const modes = new oracles.GaussianMixture({
      means: [[-4], [4]],
      std: 0.3,
      weights: [0.2, 0.8],
    });
    const score: core.ScoreFunction<tf.Tensor2D> = (x, sigma) =>
      modes.score(x, { scale: tf.onesLike(sigma), sigma });
    const options = { sigmaMin: 0.1, sigmaMax: 8, epsilon: 0.01, stepsPerLevel: 20 };
    const n = 4000;
    const share = async (times: number[]): Promise<number> => {
      const start = tf.tidy(() => new Rng(5).uniform<tf.Tensor2D>([n, 1], -8, 8));
      const sampler = samplers.annealedLangevin<tf.Tensor2D>(score, options);
      const values = await samplesOf(sampler, { start, times });
      start.dispose();
      return values.filter((v) => v > 0).length / n;
    };
    const ladder = samplers.annealedLangevin(score as never, options).times(12);
    const annealed = await share([...ladder]);
    assertClose([annealed], [0.8], {
      absolute: 5 * Math.sqrt((0.8 * 0.2) / n) + 0.02,
      relative: 0,
    });
    const single = await share([0.1, 0]);
    assertClose([single], [0.5], { absolute: 5 * Math.sqrt(0.25 / n), relative: 0 });
  });

  it("SDE.A4 the corrector's step is twice the squared ratio of mean lengths", () => {
    const [score, noise] = [[[3, 4], [0, 1]], [[1, 0], [0, 2]]]; // prettier-ignore
    const got = tf.tidy(() => {
      const batches = { score: tf.tensor2d(score), noise: tf.tensor2d(noise) };
      return samplers.correctorStepSize(batches, 0.16).dataSync()[0]!;
    });
    assertClose([got], [2 * ((0.16 * 1.5) / 3) ** 2]);
  });
});
