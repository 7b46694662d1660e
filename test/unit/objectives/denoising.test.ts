import { strict as assert } from "node:assert";

import { compile, core, diffusion, objectives, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { meanWithError } from "../../support/statistics";
import { int32 } from "../../support/tensors";

const SCHEDULE = new diffusion.NoiseSchedule([0.1, 0.2, 0.3, 0.5]);
const ALPHA_BAR = [1, 0.9, 0.72, 0.504, 0.252];

/** What predicts ε as something of x_t and t, and so could be any network. */
function denoise(xt: tf.Tensor, t: tf.Tensor1D): tf.Tensor {
  const factor = t
    .cast("float32")
    .mul(0.1)
    .reshape([-1, ...xt.shape.slice(1).map(() => 1)]);
  return xt.mul(factor).sin();
}

/** The same estimate, said as x0 or v. */
const SAID_AS = {
  noise: denoise,
  x0: (xt: tf.Tensor, t: tf.Tensor1D) =>
    diffusion.x0FromNoise(SCHEDULE, t, { xt, noise: denoise(xt, t) }),
  v: (xt: tf.Tensor, t: tf.Tensor1D) => {
    const noise = denoise(xt, t);
    const x0 = diffusion.x0FromNoise(SCHEDULE, t, { xt, noise });
    return diffusion.velocity(SCHEDULE, t, { x0, noise });
  },
};

describe("simple loss", () => {
  it("R.13 is the mean of (ε − ε_θ(√ᾱ x0 + √(1 − ᾱ) ε, t))², by a loop", () => {
    const [x0, noise, t] = [
      [0.3, -1.2, 0.8, 2],
      [1.1, -0.4, 0.6, -0.7],
      [2, 4],
    ];
    const squares = x0.map((x, i) => {
      const a = ALPHA_BAR[t[i >> 1]!]!;
      const xt = Math.sqrt(a) * x + Math.sqrt(1 - a) * noise[i]!;
      return (noise[i]! - Math.sin(0.1 * t[i >> 1]! * xt)) ** 2;
    });
    tf.tidy(() => {
      const batches = { x0: tf.tensor2d(x0, [2, 2]), noise: tf.tensor2d(noise, [2, 2]) };
      const loss = objectives.simpleLoss(denoise, SCHEDULE, int32(...t), batches);
      assertClose(loss.dataSync(), [squares.reduce((sum, value) => sum + value, 0) / 4]);
      const errors = objectives.denoisingErrors(denoise, batches.x0, int32(...t), {
        schedule: SCHEDULE,
        noise: batches.noise,
      });
      const means = [0, 2].map((i) => (squares[i]! + squares[i + 1]!) / 2);
      assertClose(errors.dataSync(), means);
    });
  });
});

describe("denoising loss", () => {
  it("R.13 of the exact predictor is Var[ε | x_t], averaged over t = 1…T", () => {
    const std = 0.7;
    const exact = (xt: tf.Tensor, t: tf.Tensor1D): tf.Tensor => {
      const gain = ALPHA_BAR.map((a) => Math.sqrt(1 - a) / (a * std ** 2 + 1 - a));
      return xt.mul(diffusion.atTimesteps(gain, t, xt));
    };
    const remaining = ALPHA_BAR.slice(1).map((a) => (a * std ** 2) / (a * std ** 2 + 1 - a));
    const expected = remaining.reduce((sum, value) => sum + value, 0) / 4;
    const losses = Array.from({ length: 40 }, (_, seed) =>
      tf.tidy(() => {
        const rng = new Rng(seed);
        const x0 = rng.normal([500, 1], 0, std);
        return objectives.denoisingLoss(exact, x0, { schedule: SCHEDULE, rng }).dataSync()[0]!;
      }),
    );
    const { mean, standardError } = meanWithError(losses);
    assert.ok(standardError < 0.01);
    assert.ok(
      Math.abs(mean - expected) < 4 * standardError,
      `${mean} ± ${standardError}, ${expected}`,
    );
  });

  for (const weighting of ["snr", "min-snr", "vlb"] as const) {
    it(`${weighting} counts an error alike, whether it is one of ε, x0 or v`, () => {
      tf.tidy(() => {
        const x0 = new Rng(1).normal([64, 2, 2, 1]);
        const losses = (["noise", "x0", "v"] as const).map((target) => {
          const options = { schedule: SCHEDULE, rng: new Rng(7), target, weighting, gamma: 1.5 };
          return objectives.denoisingLoss(SAID_AS[target], x0, options).dataSync()[0]!;
        });
        assertClose(losses, losses.map(() => losses[0]!), { relative: 1e-5 }); // prettier-ignore
      });
    });
  }

  it("weights are those of the papers", () => {
    const snr = ALPHA_BAR.map((a) => a / (1 - a));
    const weights = (
      ...args: [objectives.Weighting, objectives.LossWeightOptions?]
    ): Float64Array => objectives.lossWeights(SCHEDULE, ...args).slice(1);
    assertClose(weights("simple", { target: "v" }), [1, 1, 1, 1]);
    assertClose(weights("snr", { target: "x0" }), snr.slice(1));
    const capped = snr.slice(1).map((value) => Math.min(value, 2));
    assertClose(weights("min-snr", { target: "x0", gamma: 2 }), capped);
    const perNoise = capped.map((value, i) => value / snr[i + 1]!);
    assertClose(weights("min-snr", { target: "noise", gamma: 2 }), perNoise);
    const perV = capped.map((value, i) => value / (snr[i + 1]! + 1));
    assertClose(weights("min-snr", { target: "v", gamma: 2 }), perV);
    // ½ (SNR(t − 1) − SNR(t)) for t ≥ 2: Kingma et al. 2021, arXiv:2107.00630v6, eq. 14
    const falls = [2, 3, 4].map((t) => (snr[t - 1]! - snr[t]!) / 2);
    assertClose(weights("vlb", { target: "x0" }).slice(1), falls);
  });

  it("refuses weights that are infinite", () => {
    const zeroSnr = diffusion.rescaleToZeroTerminalSnr(diffusion.linearSchedule(10));
    assert.throws(() => objectives.lossWeights(zeroSnr, "vlb"), core.NonFiniteError);
    assert.equal(objectives.lossWeights(zeroSnr, "min-snr", { target: "x0" })[10], 0);
  });

  it("compiles to the same number, with the same draws", () => {
    const labels = int32(1, 2, 0, 1);
    const x0 = tf.tensor2d([[1], [2], [-1], [0.5]]);
    const network = (xt: tf.Tensor, t: tf.Tensor1D, y?: tf.Tensor1D): tf.Tensor =>
      denoise(xt, t).add(y!.cast("float32").expandDims(1).mul(0.1));
    const loss = (x: tf.Tensor, y: tf.Tensor1D, rng: Rng): tf.Scalar => {
      const condition = diffusion.dropLabels(y, rng, { nullLabel: 3, labelDropProbability: 0.5 });
      const options = { schedule: SCHEDULE, rng, condition, weighting: "min-snr" } as const;
      return objectives.denoisingLoss(network, x, options);
    };
    const graph = compile(loss);
    const [eagerRng, graphRng] = [new Rng(3), new Rng(3)];
    tf.tidy(() => {
      for (let i = 0; i < 3; i++) {
        const want = loss(x0, labels, eagerRng).dataSync();
        assertClose(graph(x0, labels, graphRng).dataSync(), want);
      }
    });
    graph.dispose();
    tf.dispose([x0, labels]);
  });

  it("draws every timestep 1…T, each as often", () => {
    tf.tidy(() => {
      const n = 20_000;
      const t = objectives.randomTimesteps(SCHEDULE, n, new Rng(9)).dataSync();
      for (const step of [1, 2, 3, 4]) {
        const share = t.filter((value) => value === step).length / n;
        assert.ok(Math.abs(share - 0.25) < 4 * Math.sqrt(0.1875 / n), `${step}: ${share}`);
      }
    });
  });
});
