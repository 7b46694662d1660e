import { strict as assert } from "node:assert";

import { metrics, oracles, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

describe("Fréchet distance", () => {
  it("is |Δμ|² + Σ(σ₁ − σ₂)² when the covariances commute", () => {
    const a = oracles.diagonalCovariance([0, 1, 2], [1, 4, 9]);
    const b = oracles.diagonalCovariance([1, 1, 0], [9, 4, 1]);
    assertClose([metrics.frechetDistance(a, b)], [1 + 4 + 4 + 4], { absolute: 1e-12 });
  });

  it("does not change when both are rotated", () => {
    const [cos, sin] = [Math.cos(0.7), Math.sin(0.7)];
    const rotated = (v1: number, v2: number): oracles.Gaussian => ({
      mean: [0, 0],
      covariance: [
        [v1 * cos * cos + v2 * sin * sin, (v1 - v2) * cos * sin],
        [(v1 - v2) * cos * sin, v1 * sin * sin + v2 * cos * cos],
      ],
    });
    const distance = metrics.frechetDistance(rotated(1, 16), rotated(4, 9));
    assertClose([distance], [(1 - 2) ** 2 + (4 - 3) ** 2], { absolute: 1e-10 });
  });

  it("of features has moments with divisor n − 1", () => {
    const features = tf.tensor2d([
      [1, 2],
      [3, 2],
      [5, 8],
    ]);
    const { mean, covariance } = metrics.featureMoments(features);
    features.dispose();
    assertClose(mean, [3, 4], { absolute: 1e-12 });
    assertClose(covariance.flat(), [4, 6, 6, 12], { absolute: 1e-12 });
  });

  it("between two samples of one Gaussian falls as 1/n", () => {
    const distance = (n: number): number =>
      tf.tidy(() => {
        const rng = new Rng(3);
        const [a, b] = [rng.normal([n, 2]), rng.normal([n, 2])] as tf.Tensor2D[];
        const moments = [a, b].map((x) => metrics.featureMoments(x as tf.Tensor2D));
        return metrics.frechetDistance(moments[0] as never, moments[1] as never);
      });
    const [few, many] = [distance(200), distance(20_000)];
    assert.ok(few < 0.1 && many < 0.001 && many > 0, `${few}, ${many}`);
  });
});
