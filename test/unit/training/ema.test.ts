import { strict as assert } from "node:assert";

import { Rng, nn, tf, training } from "latentlab";

import { assertClose } from "../../support/close";

/** A dense layer 1 → 1 without bias: one weight. */
function oneWeight(value: number): nn.Dense {
  const weightInit = () => tf.tensor2d([[value]]);
  return new nn.Dense(1, 1, new Rng(0), { useBias: false, weightInit });
}

function setWeight(layer: nn.Dense, value: number): void {
  tf.tidy(() => layer.weight.assign(tf.tensor2d([[value]])));
}

function averagesOver(values: readonly number[], options: training.EmaOptions): number[] {
  const layer = oneWeight(values[0]!);
  const ema = new training.Ema(layer, options);
  const averages = values.slice(1).map((value) => {
    setWeight(layer, value);
    ema.update();
    return ema.state().averages["weight"]!.dataSync()[0]!;
  });
  ema.dispose();
  layer.dispose();
  return averages;
}

describe("Ema", () => {
  const values = [1, -2, 4, 0.5, 3];

  it("averages as the closed form dⁿ·p₀ + (1−d)·Σ dⁿ⁻ⁱ·pᵢ", () => {
    const d = 0.8;
    const expected = values.slice(1).map((_, k) => {
      const n = k + 1;
      const recent = values.slice(1, n + 1).map((p, i) => (1 - d) * d ** (n - 1 - i) * p);
      return recent.reduce((sum, term) => sum + term, d ** n * values[0]!);
    });
    assertClose(averagesOver(values, { decay: d }), expected);
  });

  it("warms up: copies first, then decays by (1 + k) / (10 + k) until that reaches the limit", () => {
    const decays = [0, 2 / 11, 0.2, 0.2];
    let average = values[0]!;
    const expected = decays.map((d, k) => (average = d * average + (1 - d) * values[k + 1]!));
    assertClose(averagesOver(values, { decay: 0.2, warmUp: true }), expected);
  });

  it("lends the averages to the model and gives the trained weights back, also on an error", async () => {
    const layer = oneWeight(1);
    const ema = new training.Ema(layer, { decay: 0.5 });
    setWeight(layer, 3);
    ema.update();
    const weight = () => layer.weight.dataSync()[0];
    assert.equal(await ema.whileAveraged(weight), 2);
    assert.equal(weight(), 3);
    await assert.rejects(ema.whileAveraged(() => Promise.reject(new Error("no"))));
    assert.equal(weight(), 3);
    ema.dispose();
    layer.dispose();
  });
});
