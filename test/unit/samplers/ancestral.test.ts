import { strict as assert } from "node:assert";

import { core, diffusion, oracles, Rng, samplers, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { walk } from "../../support/sampling";
import { meanWithError, sampleVariance } from "../../support/statistics";

const SCHEDULE = diffusion.linearSchedule(40, { betaStart: 0.01, betaEnd: 0.3 });
const TIMES = Array.from({ length: 41 }, (_, i) => 40 - i);
const START = [0.7, -1.9, 0.2, 1.1];

/** ε̂ and a variance's output: not linear, so that no two formulas agree by chance. */
const network = (x: tf.Tensor): tf.Tensor => tf.concat([x.sin(), x.tanh()], -1);
const denoise = (x: tf.Tensor): tf.Tensor => x.sin();

/** The last x of a sampler from `START`, with the same draws for each. */
function endOf(sampler: samplers.Sampler<tf.Tensor>): Float32Array {
  return tf.tidy(() => {
    const noises = TIMES.map((t) => new Rng(t).normal([2, 2]));
    const steps = walk(sampler, tf.tensor2d(START, [2, 2]), { times: TIMES, noises });
    return steps.at(-1)!.x.dataSync<"float32">().slice() as never;
  });
}

/** Algorithm 2 of DDPM in float64, term by term. */
function algorithm2(variance: (t: number) => number): number[] {
  const { beta, alphaBar } = SCHEDULE;
  let x = START;
  for (const t of TIMES.slice(0, -1)) {
    const z = Array.from(new Rng(TIMES[40 - t]!).normalArray(4));
    x = x.map((value, i) => {
      const noise = Math.sin(value) * (beta[t]! / Math.sqrt(1 - alphaBar[t]!));
      const mean = (value - noise) / Math.sqrt(1 - beta[t]!);
      return t > 1 ? mean + Math.sqrt(variance(t)) * z[i]! : mean;
    });
  }
  return x;
}

describe("ancestral", () => {
  it("R.10 is algorithm 2 of DDPM, with no noise at the last step", () => {
    const near = { absolute: 1e-4, relative: 1e-4 };
    const kernel = diffusion.reverseKernel(denoise, SCHEDULE, "beta");
    const exact = algorithm2((t) => SCHEDULE.beta[t]!);
    assertClose(endOf(samplers.ancestral(kernel, SCHEDULE)), exact, near);
    assertClose(endOf(samplers.ddpm(denoise, SCHEDULE, { variance: "fixed-large" })), exact, near);
  });

  it("IDDPM.15 walks with a learnt variance as ddpm does", () => {
    const kernel = diffusion.learnedVarianceKernel(network, SCHEDULE);
    const ours = endOf(samplers.ancestral(kernel, SCHEDULE));
    const theirs = endOf(samplers.ddpm(network, SCHEDULE, { variance: "learned-range" }));
    assertClose(ours, theirs, { absolute: 1e-4, relative: 1e-4 });
    assert.notDeepEqual(ours, endOf(samplers.ddpm(denoise, SCHEDULE)));
  });

  it("R.14 R.A1 given y, and guided by log p(y | x_t) at s = 1, it samples p(x | y), compiled", async () => {
    const schedule = diffusion.cosineSchedule(200);
    const mixture = new oracles.GaussianMixture({ means: [[-1], [1]], std: [0.6, 0.3] });
    const unguided = diffusion.reverseKernel<tf.Tensor2D, core.Labels>(
      (xt, t) => mixture.denoiser<tf.Tensor2D>(schedule)(xt, t),
      schedule,
    );
    const guided = diffusion.guidedKernel(unguided, mixture.classifier(schedule), 1);
    const given = diffusion.reverseKernel(mixture.denoiser<tf.Tensor2D>(schedule), schedule);
    const n = 4000;
    const condition = tf.ones([n], "int32") as core.Labels;
    for (const kernel of [given, guided]) {
      const sampler = samplers.ancestral(kernel, schedule);
      const x = await samplers.sampleAll(sampler, { shape: [n, 1], rng: new Rng(1), condition });
      const values = x.dataSync<"float32">();
      const { mean, standardError } = meanWithError(values);
      assert.ok(Math.abs(mean - 1) < 4 * standardError + 0.01, `mean ${mean}`);
      assert.ok(Math.abs(Math.sqrt(sampleVariance(values)) - 0.3) < 0.03);
      x.dispose();
    }
    condition.dispose();
  });

  it("shows the x0 that a step went to, and refuses to skip a timestep", () => {
    const kernel = diffusion.reverseKernel(denoise, SCHEDULE);
    const sampler = samplers.ancestral(kernel, SCHEDULE);
    tf.tidy(() => {
      const start = tf.tensor2d(START, [2, 2]);
      const [step] = walk(sampler, start, { times: TIMES });
      const alphaBar = SCHEDULE.alphaBar[40]!;
      const x0 = START.map(
        (x) => (x - Math.sqrt(1 - alphaBar) * Math.sin(x)) / Math.sqrt(alphaBar),
      );
      assertClose(step!.x0.dataSync(), x0, { absolute: 1e-3, relative: 1e-4 });
    });
    for (const times of [
      [40, 20, 0],
      [41, 40],
      [2, 1],
      [0.5, -0.5],
      [NaN, 0],
    ]) {
      assert.throws(() => sampler.moves(times), core.ValueError);
    }
    assert.throws(() => sampler.moves(sampler.times(10)), core.ValueError);
  });
});
