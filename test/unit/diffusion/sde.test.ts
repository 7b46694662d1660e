import { strict as assert } from "node:assert";

import { diffusion, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { meanWithError } from "../../support/statistics";

const LINE = { betaMin: 0.1, betaMax: 20 };
const RANGE = { sigmaMin: 0.05, sigmaMax: 5 };
const SDES = {
  vp: diffusion.vpSde(LINE),
  subVp: diffusion.subVpSde(LINE),
  ve: diffusion.veSde(RANGE),
};
const TIMES = [0.01, 0.1, 0.35, 0.8, 1];

/** Mean factor and variance by dm/dt = f m, dv/dt = 2 f v + g², Runge–Kutta 4 in float64. */
function momentsByOde(sde: diffusion.Sde, end: number): { scale: number; sigma: number } {
  const n = 4000;
  const h = end / n;
  const slope = (t: number, [m, v]: readonly [number, number]): [number, number] => {
    const { driftRate, diffusion: g } = sde.coefficients(t);
    return [driftRate * m, 2 * driftRate * v + g * g];
  };
  let y: [number, number] = [1, 0];
  const moved = (by: readonly [number, number], h2: number): [number, number] => [
    y[0] + h2 * by[0],
    y[1] + h2 * by[1],
  ];
  for (let i = 0; i < n; i++) {
    const t = i * h;
    const k1 = slope(t, y);
    const k2 = slope(t + h / 2, moved(k1, h / 2));
    const k3 = slope(t + h / 2, moved(k2, h / 2));
    const k4 = slope(t + h, moved(k3, h));
    y = moved(
      [k1[0] + 2 * k2[0] + 2 * k3[0] + k4[0], k1[1] + 2 * k2[1] + 2 * k3[1] + k4[1]],
      h / 6,
    );
  }
  return { scale: y[0], sigma: Math.sqrt(y[1]) };
}

for (const [name, sde] of Object.entries(SDES)) {
  describe(`${name} SDE`, () => {
    it("SDE.29 marginals solve the equations of mean and variance that the coefficients give", () => {
      for (const t of TIMES) {
        const { scale, sigma } = sde.marginal(t);
        const want = momentsByOde(sde, t);
        assertClose([scale, sigma], [want.scale, want.sigma], { absolute: 1e-9, relative: 1e-6 });
      }
      assert.deepEqual(sde.marginal(0), { scale: 1, sigma: 0 });
    });

    it("R.21 10,000 paths of the SDE have the marginal's mean and spread, within 5 standard errors", () => {
      const [n, steps, x0] = [10_000, 400, 1.5];
      const rng = new Rng(11);
      const end = 0.4;
      const paths = tf.tidy(() => {
        let x = tf.fill([n], x0);
        for (let i = 0; i < steps; i++) {
          const before = x;
          x = tf.tidy(() => {
            const { driftRate, diffusion: g } = sde.coefficients(((i + 0.5) * end) / steps);
            const h = end / steps;
            return before.mul(1 + driftRate * h).add(rng.normal([n]).mul(g * Math.sqrt(h)));
          });
          before.dispose();
        }
        return Array.from(x.dataSync());
      });
      const { scale, sigma } = sde.marginal(end);
      const { mean, standardError } = meanWithError(paths);
      const squares = meanWithError(paths.map((x) => (x - mean) ** 2));
      // What is left beside the standard error is the discretisation's own, O(1/steps).
      assertClose([mean], [scale * x0], { absolute: 5 * standardError + 2e-3 });
      assertClose([squares.mean], [sigma ** 2], { absolute: 5 * squares.standardError + 3e-3 });
    });

    it("SDE.29 in tensors the marginals and g are the float64 ones", () => {
      const { level, g } = tf.tidy(() => {
        const t = tf.tensor1d(TIMES);
        const { scale, sigma } = sde.marginalAt(t);
        return {
          level: [scale, sigma].map((v) => v.arraySync()),
          g: sde.diffusionAt(t).arraySync(),
        };
      }) as unknown as { level: [number[], number[]]; g: number[] };
      assertClose(level[0], TIMES.map((t) => sde.marginal(t).scale), { relative: 1e-5 }); // prettier-ignore
      assertClose(level[1], TIMES.map((t) => sde.marginal(t).sigma), { relative: 1e-5 }); // prettier-ignore
      assertClose(g, TIMES.map((t) => sde.coefficients(t).diffusion), { relative: 1e-5 }); // prettier-ignore
    });
  });
}

describe("SDEs of scores", () => {
  it("SDE.29 at the end of time no signal is left: the prior is right to 1e-4", () => {
    for (const { marginal, priorStd } of Object.values(SDES)) {
      assertClose([marginal(1).sigma], [priorStd], { relative: 1e-4 });
    }
    assert.ok(SDES.vp.marginal(1).scale < 0.01);
  });

  it("R.21 DDPM's chain is the VP SDE in steps of 1/T: log ᾱ_t differs by half as much at 2 T", () => {
    const gap = (numTimesteps: number): number => {
      const { alphaBar } = diffusion.discretiseVp(numTimesteps, LINE);
      const differences = [0.25, 0.5, 1].map((t) => {
        const { scale } = SDES.vp.marginal(t);
        return Math.abs(Math.log(alphaBar[t * numTimesteps]!) - 2 * Math.log(scale));
      });
      return Math.max(...differences);
    };
    const ratios = [1000, 2000, 4000].map((t) => gap(t) / gap(2 * t));
    assertClose(ratios, [2, 2, 2], { absolute: 0.05 });
    const { beta } = diffusion.discretiseVp(1000, LINE);
    assertClose([beta[1]!, beta[1000]!], [1e-4, 0.02], { absolute: 1e-15 });
  });

  it("R.19 the ladder of noise scales is geometric, from the largest down", () => {
    const sigmas = diffusion.geometricSigmas(10, { sigmaMin: 0.01, sigmaMax: 1 });
    const ratios = Array.from(sigmas.slice(1), (sigma, i) => sigmas[i]! / sigma);
    assertClose(ratios, ratios.map(() => 100 ** (1 / 9)), { relative: 1e-12 }); // prettier-ignore
    assert.deepEqual([sigmas[0], sigmas[9]], [1, 0.01]);
  });

  it("R.22 the reverse drift has all of g²·score, the flow half, with f of the SDE", () => {
    const [x, score] = [[0.4, -1.2, 2], [1.1, -0.3, 0.7]]; // prettier-ignore
    for (const sde of Object.values(SDES)) {
      const { driftRate, diffusion: g } = sde.coefficients(0.35);
      const [reverse, flow] = tf.tidy(() => {
        const batches = { x: tf.tensor2d([x]), score: tf.tensor2d([score]) };
        return [diffusion.reverseDrift, diffusion.probabilityFlow].map((drift) =>
          Array.from(drift(batches, sde.coefficients(0.35)).dataSync()),
        );
      }) as [number[], number[]];
      assertClose(reverse, x.map((v, i) => driftRate * v - g * g * score[i]!), { relative: 1e-5 }); // prettier-ignore
      assertClose(flow, x.map((v, i) => driftRate * v - (g * g * score[i]!) / 2), { relative: 1e-5 }); // prettier-ignore
    }
  });

  it("R.19 each example is noised to its own level", () => {
    const got = tf.tidy(() => {
      const level = { scale: tf.tensor1d([1, 0.5]), sigma: tf.tensor1d([2, 0.1]) };
      const batches = { x0: tf.tensor3d([[[3]], [[4]]]), noise: tf.tensor3d([[[-1]], [[0.5]]]) };
      return Array.from(diffusion.addNoise(level, batches).dataSync());
    });
    assertClose(got, [3 - 2, 2 + 0.05]);
  });

  it("SDE.13 a noise predictor is a score at any time and any scale", () => {
    const noise = (xt: tf.Tensor2D, t: tf.Tensor1D): tf.Tensor2D => xt.mul(t.reshape([-1, 1]));
    const [bySde, byScale] = tf.tidy(() => {
      const [x, t] = [tf.tensor2d([[1.5], [-2]]), tf.tensor1d([0.2, 0.6])];
      const sde = diffusion.sdeScore(noise, SDES.vp, { timeScale: 100 })(x, t);
      return [sde, diffusion.noiseScaleScore(noise)(x, t)].map((s) => Array.from(s.dataSync()));
    }) as [number[], number[]];
    const want = [0.2, 0.6].map((t, i) => (-[1.5, -2][i]! * 100 * t) / SDES.vp.marginal(t).sigma);
    assertClose(bySde, want, { relative: 1e-4 });
    const gain = (s: number): number => 1 / Math.sqrt(1 + s * s);
    const scaled = [0.2, 0.6].map((s, i) => (-[1.5, -2][i]! * gain(s) * 250 * Math.log(s)) / s);
    assertClose(byScale, scaled, { relative: 1e-4 });
  });
});
