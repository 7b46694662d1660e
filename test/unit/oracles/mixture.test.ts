import { strict as assert } from "node:assert";

import { compile, core, data, diffusion, oracles, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { integrate, normalLogPdf } from "../../support/quadrature";
import { meanWithError } from "../../support/statistics";
import { int32 } from "../../support/tensors";

const ISOTROPIC = {
  weights: [0.5, 0.2, 0.3],
  means: [[1.2, -0.7], [-0.9, 0.4], [0.3, 1.5]],
  std: [0.5, 0.3, 0.7],
  labels: [0, 1, 0],
}; // prettier-ignore
const GENERAL = {
  weights: [0.6, 0.4],
  means: [[0.8, -1.1], [-0.5, 0.9]],
  covariances: [[[0.5, 0.3], [0.3, 0.4]], [[0.2, -0.1], [-0.1, 0.6]]],
}; // prettier-ignore
const POINTS = [[0.4, 0.2], [-1.3, 0.8], [2.1, -1.9]]; // prettier-ignore
const LEVELS = [
  { scale: 1, sigma: 0 },
  { scale: 0.8, sigma: 0.6 },
  { scale: 1, sigma: 2.5 },
  { scale: 0.02, sigma: 1 },
];

/** Central differences of the float64 log-density. */
function differences(
  parameters: oracles.MixtureParameters,
  level: core.NoiseLevel<number>,
): number[] {
  const step = 1e-5;
  return POINTS.flatMap((x) =>
    x.map((_, d) => {
      const at = (by: number): number =>
        oracles.mixtureLogPdf(
          x.map((v, i) => (i === d ? v + by : v)),
          parameters,
          level,
        );
      return (at(step) - at(-step)) / (2 * step);
    }),
  );
}

/** One number of a tensor function, read back. */
function numbers(make: () => tf.Tensor): number[] {
  return tf.tidy(() => Array.from(make().dataSync()));
}

describe("mixtureLogPdf", () => {
  it("R.19 equals the integral of p(x_0) N(x; scale·x_0, sigma²) over x_0", () => {
    const line = { weights: [0.3, 0.7], means: [[-1], [0.8]], std: [0.4, 0.2] };
    for (const { scale, sigma } of LEVELS.slice(1)) {
      const density = (x0: number): number =>
        0.3 * Math.exp(normalLogPdf(x0, -1, 0.4)) + 0.7 * Math.exp(normalLogPdf(x0, 0.8, 0.2));
      const joint = (x0: number): number =>
        density(x0) * Math.exp(normalLogPdf(0.5, scale * x0, sigma));
      const want = Math.log(integrate(joint, [-6, 6]));
      assertClose([oracles.mixtureLogPdf([0.5], line, { scale, sigma })], [want], {
        absolute: 1e-9,
      });
    }
  });

  it("R.19 with full covariances equals the sum of the diffused Gaussians' densities", () => {
    const [x, scale, sigma] = [[0.4, -0.3], 0.8, 0.6];
    const densities = GENERAL.means.map((mean, k) => {
      const covariance = GENERAL.covariances[k]!.map((row, i) =>
        row.map((c, j) => scale ** 2 * c + (i === j ? sigma ** 2 : 0)),
      );
      const gaussian = { mean: mean.map((m) => scale * m), covariance };
      return GENERAL.weights[k]! * Math.exp(oracles.gaussianLogPdf(x, gaussian));
    });
    const got = oracles.mixtureLogPdf(x, GENERAL, { scale, sigma });
    assertClose([got], [Math.log(densities[0]! + densities[1]!)], { absolute: 1e-12 });
  });
});

for (const [name, parameters] of Object.entries({ ISOTROPIC, GENERAL })) {
  describe(`GaussianMixture, ${name.toLowerCase()}`, () => {
    const mixture = new oracles.GaussianMixture(parameters);
    const at = (f: (x: tf.Tensor2D) => tf.Tensor): number[] =>
      numbers(() => f(tf.tensor2d(POINTS)));

    it("R.20 density and score are the float64 log-density and its differences", () => {
      for (const level of LEVELS) {
        const want = POINTS.map((x) => oracles.mixtureLogPdf(x, parameters, level));
        assertClose(at((x) => mixture.logDensity(x, level)), want, { absolute: 2e-5 }); // prettier-ignore
        const slopes = differences(parameters, level);
        assertClose(at((x) => mixture.score(x, level)), slopes, { absolute: 1e-4, relative: 1e-4 }); // prettier-ignore
      }
    });

    it("R.20 the mean of x_0 is Tweedie's (x + sigma²·score) / scale", () => {
      const { scale, sigma } = LEVELS[1]!;
      const slopes = differences(parameters, { scale, sigma });
      const want = POINTS.flat().map((v, i) => (v + sigma ** 2 * slopes[i]!) / scale);
      assertClose(at((x) => mixture.denoise(x, { scale, sigma })), want, { absolute: 1e-4 }); // prettier-ignore
    });

    it("R.20 at hardly any signal the mean of x_0 stays finite, near the mixture's mean", () => {
      const got = at((x) => mixture.denoise(x, { scale: 1e-6, sigma: 1 }));
      const mean = [0, 1].map((d) =>
        parameters.means.reduce((sum, m, k) => sum + parameters.weights[k]! * m[d]!, 0),
      );
      assertClose(got, [...mean, ...mean, ...mean], { absolute: 1e-4 });
    });

    it("R.13 the denoiser of a chain is −sigma·score at each example's own timestep", () => {
      const schedule = diffusion.linearSchedule(1000);
      const timesteps = [40, 400, 900];
      const got = at((x) => mixture.denoiser<tf.Tensor2D>(schedule)(x, int32(...timesteps)));
      const want = timesteps.flatMap((t, i) => {
        const [scale, sigma] = [
          Math.sqrt(schedule.alphaBar[t]!),
          Math.sqrt(1 - schedule.alphaBar[t]!),
        ];
        return differences(parameters, { scale, sigma })
          .slice(2 * i, 2 * i + 2)
          .map((s) => -sigma * s);
      });
      assertClose(got, want, { absolute: 1e-4, relative: 1e-4 });
    });

    it("samples with the mixture's mean and second moments, within 5 standard errors", () => {
      const rows = tf.tidy(() => mixture.sample(new Rng(3), 20_000).x.arraySync()) as [
        number,
        number,
      ][];
      const { means, weights } = parameters;
      const covariance = (k: number): readonly (readonly number[])[] =>
        "covariances" in parameters
          ? parameters.covariances[k]!
          : [[parameters.std[k]! ** 2, 0], [0, parameters.std[k]! ** 2]]; // prettier-ignore
      const moment = (f: (k: number) => number): number =>
        weights.reduce((sum, weight, k) => sum + weight * f(k), 0);
      for (const d of [0, 1] as const) {
        const { mean, standardError } = meanWithError(rows.map((row) => row[d]));
        assertClose([mean], [moment((k) => means[k]![d]!)], { absolute: 5 * standardError });
        const product = meanWithError(rows.map((row) => row[0] * row[d]));
        const want = moment((k) => means[k]![0]! * means[k]![d]! + covariance(k)[0]![d]!);
        assertClose([product.mean], [want], { absolute: 5 * product.standardError });
      }
    });
  });
}

describe("GaussianMixture with classes", () => {
  const mixture = new oracles.GaussianMixture(ISOTROPIC);
  const level = { scale: 0.8, sigma: 0.6 };
  const classOf = (y: number): oracles.MixtureParameters => {
    const members = [0, 1, 2].filter((k) => ISOTROPIC.labels[k] === y);
    const total = members.reduce((sum, k) => sum + ISOTROPIC.weights[k]!, 0);
    return {
      weights: members.map((k) => ISOTROPIC.weights[k]! / total),
      means: members.map((k) => ISOTROPIC.means[k]!),
      std: members.map((k) => ISOTROPIC.std[k]!),
    };
  };
  const labels = [0, 1, 0];
  const withLabels = (f: (x: tf.Tensor2D, y: tf.Tensor1D) => tf.Tensor): number[] =>
    numbers(() => f(tf.tensor2d(POINTS), int32(...labels)));

  it("R.15 the class posterior is Bayes' rule on the float64 densities", () => {
    const got = numbers(() => mixture.classLogPosterior(tf.tensor2d(POINTS), level));
    const want = POINTS.flatMap((x) =>
      [0, 1].map((y) => {
        const prior = Math.log(y === 0 ? 0.8 : 0.2);
        const logJoint = prior + oracles.mixtureLogPdf(x, classOf(y), level);
        return logJoint - oracles.mixtureLogPdf(x, ISOTROPIC, level);
      }),
    );
    assertClose(got, want, { absolute: 2e-5 });
  });

  it("R.15 under a class, density and score are those of its own mixture", () => {
    const densities = labels.map((y, i) => oracles.mixtureLogPdf(POINTS[i]!, classOf(y), level));
    assertClose(withLabels((x, y) => mixture.logDensity(x, level, y)), densities, { absolute: 2e-5 }); // prettier-ignore
    const slopes = labels.flatMap((y, i) => differences(classOf(y), level).slice(2 * i, 2 * i + 2));
    assertClose(withLabels((x, y) => mixture.score(x, level, y)), slopes, { absolute: 1e-4 }); // prettier-ignore
  });

  it("R.15 the guided score adds s times the gradient of the class posterior", () => {
    const step = 1e-3;
    const posteriorAt = (x: number[], y: number): number =>
      oracles.mixtureLogPdf(x, classOf(y), level) - oracles.mixtureLogPdf(x, ISOTROPIC, level);
    const gradients = labels.flatMap((y, i) =>
      [0, 1].map((d) => {
        const moved = (by: number): number[] => POINTS[i]!.map((v, j) => (j === d ? v + by : v));
        return (posteriorAt(moved(step), y) - posteriorAt(moved(-step), y)) / (2 * step);
      }),
    );
    const scores = differences(ISOTROPIC, level);
    const want = gradients.map((g, i) => scores[i]! + 3 * g);
    const got = withLabels((x, y) => mixture.guidedScore(x, y, { ...level, guidanceScale: 3 }));
    assertClose(got, want, { absolute: 2e-4 });
  });

  it("R.17 the null label is no condition", () => {
    const none = numbers(() =>
      mixture.score(
        tf.tensor2d(POINTS),
        level,
        int32(mixture.nullLabel, mixture.nullLabel, mixture.nullLabel),
      ),
    );
    assertClose(none, differences(ISOTROPIC, level), { absolute: 1e-4 });
  });

  it("R.20 pictures, levels of each example and a compiled graph give the same numbers", () => {
    const score = compile((x: tf.Tensor, scale: tf.Tensor, sigma: tf.Tensor) =>
      mixture.score(x, { scale: scale as tf.Tensor1D, sigma: sigma as tf.Tensor1D }),
    );
    const got = numbers(() => {
      const pictures = tf.tensor2d(POINTS).reshape([3, 2, 1, 1]);
      return score(pictures, tf.tensor1d([1, 0.8, 1]), tf.tensor1d([0, 0.6, 2.5]));
    });
    score.dispose();
    const want = LEVELS.slice(0, 3).flatMap((each, i) =>
      differences(ISOTROPIC, each).slice(2 * i, 2 * i + 2),
    );
    assertClose(got, want, { absolute: 1e-4, relative: 1e-4 });
  });

  it("knows the toys of the course, and refuses what is no mixture or does not meet it", () => {
    const toy = data.ring8();
    const ring = new oracles.GaussianMixture(toy.mixture!);
    const [own, other] = tf.tidy(() => {
      const x = toy.sample(new Rng(1), 50);
      return [toy.logDensity!(x).arraySync(), ring.logDensity(x).arraySync()];
    }) as [number[], number[]];
    assertClose(other, own, { absolute: 1e-3 });
    const { means } = ISOTROPIC;
    const make = (parameters: Partial<oracles.MixtureParameters>) => () =>
      new oracles.GaussianMixture({ means, ...parameters });
    assert.throws(make({}), /either std or covariances/);
    assert.throws(make({ std: [1, 2] }), /3 means but 2 std/);
    assert.throws(make({ std: 1, weights: [0.5, 0.4, 0.2] }), /sum 1/);
    assert.throws(make({ std: 1, labels: [0, 2, 0] }), /label 1/);
    const flat = tf.zeros([2, 3]);
    assert.throws(() => mixture.score(flat), /2 numbers per example/);
    flat.dispose();
  });
});
