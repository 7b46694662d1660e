import { strict as assert } from "node:assert";

import { core, oracles } from "latentlab";

import { assertClose } from "../../support/close";
import { integrate, normalLogPdf } from "../../support/quadrature";

describe("tiltGaussian", () => {
  const prior = oracles.diagonalCovariance([0.4, 0], [1.5, 1]);
  const conditional: oracles.Gaussian = { mean: [1.2, 0], covariance: [[0.5, 0], [0, 1]] }; // prettier-ignore

  it("R.15 has the moments of p(x) p(y | x)^s on a grid", () => {
    for (const s of [0, 0.5, 1, 3]) {
      const density = (x: number): number => {
        const [p, q] = [normalLogPdf(x, 0.4, Math.sqrt(1.5)), normalLogPdf(x, 1.2, Math.sqrt(0.5))];
        return Math.exp(p + s * (q - p));
      };
      const moment = (f: (x: number) => number): number =>
        integrate((x) => f(x) * density(x), [-15, 15]);
      const mean = moment((x) => x) / moment(() => 1);
      const variance = moment((x) => (x - mean) ** 2) / moment(() => 1);
      const tilted = oracles.tiltGaussian(prior, conditional, s);
      assertClose(tilted.mean, [mean, 0], { absolute: 1e-9 });
      assertClose(tilted.covariance.flat(), [variance, 0, 0, 1], { absolute: 1e-9 });
    }
  });

  it("refuses a scale for which nothing can be normalised", () => {
    const wide = oracles.diagonalCovariance([0, 0], [4, 4]);
    assert.throws(() => oracles.tiltGaussian(prior, wide, 3), core.ValueError);
  });
});
