import { strict as assert } from "node:assert";

import { objectives, Rng, tf } from "latentlab";

import { sampleVariance } from "../../support/statistics";

const [COUNT, FEATURES, MAX_SIGMA] = [500, 200, 0.5];
const REAL = 3;
const FAKE = -2;

/** Noise that the discriminator sees, a row an example: of real and of generated ones, per player. */
interface Seen {
  readonly real: readonly (readonly number[])[];
  readonly fake: readonly (readonly number[])[];
  readonly byGenerator: readonly (readonly number[])[];
}

function watch(options: objectives.GanGameOptions): Seen {
  const rows: number[][][] = [];
  const constant = (value: number): tf.Tensor => tf.fill([COUNT, FEATURES], value);
  const losses = objectives.ganLosses(
    {
      latentDim: 1,
      generate: () => constant(FAKE),
      discriminate: (x) => {
        rows.push(x.arraySync() as number[][]);
        return x.sum(1);
      },
    },
    options,
  );
  return tf.tidy(() => {
    losses.discriminator({ x: constant(REAL) }, new Rng(1));
    losses.generator({ x: constant(REAL) }, new Rng(2));
    const [real = [], fake = [], byGenerator = []] = rows;
    const noise = (seen: number[][], clean: number): number[][] =>
      seen.map((row) => row.map((value) => value - clean));
    return {
      real: noise(real, REAL),
      fake: noise(fake, FAKE),
      byGenerator: noise(byGenerator, FAKE),
    };
  });
}

/** Kolmogorov's distance of each example's standard deviation from U[0, MAX_SIGMA], times √COUNT. */
function offUniform(noise: readonly (readonly number[])[]): number {
  const sigmas = noise.map((row) => Math.sqrt(sampleVariance(row))).sort((a, b) => a - b);
  const off = sigmas.map((sigma, i) => Math.abs(sigma / MAX_SIGMA - (i + 0.5) / sigmas.length));
  return Math.max(...off) * Math.sqrt(sigmas.length);
}

/** Of a thousand right samples one is further off. */
const ONE_IN_A_THOUSAND = 1.95;

function correlation(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  const [x, y] = [a.flat(), b.flat()];
  const product = x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  return product / Math.sqrt(x.length * x.length * sampleVariance(x) * sampleVariance(y));
}

describe("ganLosses", () => {
  it("R.4 instance noise: each example's σ is evenly drawn, for both players", () => {
    const { real, fake, byGenerator } = watch({ instanceNoise: MAX_SIGMA });
    for (const [name, noise] of Object.entries({ real, fake, byGenerator })) {
      assert.ok(offUniform(noise) < ONE_IN_A_THOUSAND, `${name}: off by ${offUniform(noise)}`);
    }
    // Real and generated examples have noise of their own.
    assert.ok(Math.abs(correlation(real, fake)) < 4 / Math.sqrt(COUNT * FEATURES));
  });

  it("R.4 instance noise: the measure refuses one σ for all, and even variances", () => {
    const drawn = (sigmaOf: (u: number) => number): number[][] => {
      const rng = new Rng(3);
      const sigmas = Array.from(rng.uniformArray(COUNT), sigmaOf);
      const noise = Array.from(rng.normalArray(COUNT * FEATURES));
      return sigmas.map((sigma, i) =>
        noise.slice(i * FEATURES, (i + 1) * FEATURES).map((value) => value * sigma),
      );
    };
    assert.ok(offUniform(drawn((u) => u * MAX_SIGMA)) < ONE_IN_A_THOUSAND);
    const wrong = [() => MAX_SIGMA, () => MAX_SIGMA / 2, (u: number) => Math.sqrt(u) * MAX_SIGMA];
    for (const sigmaOf of wrong) assert.ok(offUniform(drawn(sigmaOf)) > 2 * ONE_IN_A_THOUSAND);
  });

  it("R.4 without instance noise the discriminator sees what there is", () => {
    for (const options of [{}, { instanceNoise: 0 }]) {
      const { real, fake, byGenerator } = watch(options);
      for (const noise of [real, fake, byGenerator]) {
        assert.equal(Math.max(...noise.flat().map(Math.abs)), 0);
      }
    }
  });

  it("R.4 instance noise: penalties are taken where the discriminator looks", () => {
    // D(x) = |x|²/2 has the slope x: γ/2 E |x + σ ε|² = γ/2 (|x|² + d σ²/3) for σ ~ U[0, max].
    const losses = objectives.ganLosses(
      {
        latentDim: 1,
        generate: () => tf.zeros([COUNT, FEATURES]),
        discriminate: (x) => x.square().sum(1).div(2),
      },
      { r1: 2, instanceNoise: MAX_SIGMA },
    );
    const got = tf.tidy(
      () =>
        losses.discriminator({ x: tf.ones([COUNT, FEATURES]) }, new Rng(4))["r1"]?.dataSync()[0],
    );
    const want = FEATURES * (1 + MAX_SIGMA ** 2 / 3);
    assert.ok(Math.abs((got as number) / want - 1) < 0.02, `${got} for ${want}`);
  });
});
