import { strict as assert } from "node:assert";

import { core, diffusion } from "latentlab";

import { assertClose } from "../../support/close";

const EXACT = { absolute: 1e-14, relative: 1e-12 };

/** ᾱ by definition: the product of 1 − β_s, s = 1…t. */
function productOfAlphas(betas: readonly number[], t: number): number {
  return betas.slice(0, t).reduce((product, beta) => product * (1 - beta), 1);
}

describe("NoiseSchedule", () => {
  const betas = [0.1, 0.2, 0.3, 0.5];
  const schedule = new diffusion.NoiseSchedule(betas);

  it("R.8 ᾱ_t is the product of α_1…α_t, and ᾱ_0 = 1", () => {
    assert.equal(schedule.alphaBar.length, 5);
    assertClose(
      schedule.alphaBar,
      [0, 1, 2, 3, 4].map((t) => productOfAlphas(betas, t)),
      EXACT,
    );
    assertClose(schedule.alphaBar, [1, 0.9, 0.72, 0.504, 0.252], EXACT);
  });

  it("R.8 agrees with the variance of the chain R.6: var_t = α_t var_{t−1} + β_t", () => {
    const linear = diffusion.linearSchedule(1000);
    let variance = 0;
    for (let t = 1; t <= 1000; t++) {
      variance = (1 - linear.beta[t]!) * variance + linear.beta[t]!;
      assertClose([1 - linear.alphaBar[t]!], [variance], { absolute: 1e-13, relative: 0 });
    }
  });

  it("DDPM.7 posterior mean and variance agree with Bayes on Gaussians", () => {
    for (const t of [1, 2, 3, 4]) {
      // x_{t−1} has prior N(√ᾱ_{t−1} x0, 1−ᾱ_{t−1}) and likelihood N(x_t; √α_t x_{t−1}, β_t)
      const [beta, alpha] = [betas[t - 1]!, 1 - betas[t - 1]!];
      const before = productOfAlphas(betas, t - 1);
      const priorVariance = 1 - before;
      const evidence = alpha * priorVariance + beta; // var of x_t given x0
      const gain = (priorVariance * Math.sqrt(alpha)) / evidence;
      const { x0, xt } = schedule.posteriorMean(t);
      const wantX0 = Math.sqrt(before) * (1 - gain * Math.sqrt(alpha));
      const wantVariance = priorVariance - gain * Math.sqrt(alpha) * priorVariance;
      assertClose([x0, xt, schedule.posteriorVariance(t)], [wantX0, gain, wantVariance], EXACT);
    }
    assert.equal(schedule.posteriorVariance(1), 0);
  });

  it("signal-to-noise falls from infinity", () => {
    assert.equal(schedule.snr(0), Infinity);
    assertClose([schedule.snr(2)], [0.72 / 0.28], EXACT);
  });

  it("refuses what is not a schedule or not a timestep", () => {
    for (const wrong of [[], [0.1, -0.1], [0], [1, 0.5], [1.5], [NaN]]) {
      assert.throws(() => new diffusion.NoiseSchedule(wrong), core.LatentLabError, `${wrong}`);
    }
    for (const t of [0, -1, 5, 1.5, NaN]) {
      assert.throws(() => schedule.posteriorVariance(t), core.ValueError, `t = ${t}`);
    }
    assert.throws(() => schedule.snr(5), core.ValueError);
  });
});

describe("named schedules", () => {
  it("linear: ends and middle", () => {
    const { beta } = diffusion.linearSchedule(3, { betaStart: 0.1, betaEnd: 0.3 });
    assertClose(beta, [0, 0.1, 0.2, 0.3], EXACT);
  });

  it("scaled linear: linear in √β", () => {
    const range = { betaStart: 0.01, betaEnd: 0.09 };
    assertClose(diffusion.scaledLinearSchedule(3, range).beta, [0, 0.01, 0.04, 0.09], EXACT);
    assertClose(diffusion.quadraticSchedule(3, range).beta, [0, 0.01, 0.04, 0.09], EXACT);
  });

  it("sigmoid: the middle is half way", () => {
    const { beta } = diffusion.sigmoidSchedule(3, { betaStart: 0.1, betaEnd: 0.3 });
    assertClose([beta[2]!, beta[1]! - 0.1], [0.2, 0.2 / (1 + Math.exp(6))], EXACT);
  });

  it("IDDPM.17 cosine: ᾱ_t = f(t)/f(0) wherever β is not cut", () => {
    const { alphaBar, beta } = diffusion.cosineSchedule(100);
    const f = (t: number): number => Math.cos((((t / 100 + 0.008) / 1.008) * Math.PI) / 2) ** 2;
    for (let t = 0; t < 100; t++) assertClose([alphaBar[t]!], [f(t) / f(0)], EXACT);
    assert.equal(beta[100], 0.999);
  });

  it("zero terminal SNR: ᾱ_T = 0, ᾱ_1 kept", () => {
    const before = diffusion.linearSchedule(50);
    const { alphaBar } = diffusion.rescaleToZeroTerminalSnr(before);
    assert.equal(alphaBar[50], 0);
    assertClose([alphaBar[1]!], [before.alphaBar[1]!], EXACT);
  });

  it("refuses sizes and ranges", () => {
    for (const T of [0, -1, 1.5, NaN, Infinity]) {
      assert.throws(() => diffusion.linearSchedule(T), core.ValueError, `T = ${T}`);
      assert.throws(() => diffusion.cosineSchedule(T), core.ValueError, `T = ${T}`);
      assert.throws(() => diffusion.karrasSigmas(T), core.ValueError, `n = ${T}`);
    }
    const upsideDown = { betaStart: 0.2, betaEnd: 0.1 };
    assert.throws(() => diffusion.linearSchedule(10, upsideDown), core.ValueError);
    assert.throws(() => diffusion.sigmoidSchedule(10, { betaEnd: NaN }), core.ValueError);
    assert.throws(() => diffusion.karrasSigmas(5, { sigmaMin: 0 }), core.ValueError);
  });
});

describe("spacedTimesteps", () => {
  it("visits the timesteps of Lin et al., table 2 (T = 1000, 10 steps)", () => {
    const visited = (spacing: diffusion.TimestepSpacing): number[] =>
      Array.from(diffusion.spacedTimesteps(1000, 10, spacing));
    assert.deepEqual(visited("leading"), [901, 801, 701, 601, 501, 401, 301, 201, 101, 1]);
    assert.deepEqual(visited("linspace"), [1000, 889, 778, 667, 556, 445, 334, 223, 112, 1]);
    assert.deepEqual(visited("trailing"), [1000, 900, 800, 700, 600, 500, 400, 300, 200, 100]);
  });

  it("refuses more steps than timesteps, and none", () => {
    for (const steps of [0, 11, 2.5, NaN]) {
      assert.throws(() => diffusion.spacedTimesteps(10, steps), core.ValueError, `${steps}`);
    }
  });
});
