import { strict as assert } from "node:assert";

import { compile, core, diffusion, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { meanWithError, sampleVariance } from "../../support/statistics";
import { int32 } from "../../support/tensors";

const BETAS = [0.1, 0.2, 0.3, 0.5];
const SCHEDULE = new diffusion.NoiseSchedule(BETAS);
const LINEAR = diffusion.linearSchedule(1000);

/** ᾱ_t by definition. */
function alphaBar(t: number, betas: ArrayLike<number> = BETAS): number {
  let product = 1;
  for (let s = 0; s < t; s++) product *= 1 - betas[s]!;
  return product;
}

type Shape = [number, ...number[]];

/** Points, latents and images: everything must work for all of them. */
const SHAPES: Shape[] = [
  [3, 2],
  [3, 5],
  [3, 2, 2, 2],
];

describe("forward process", () => {
  const t = [1, 3, 4];

  for (const shape of SHAPES) {
    it(`R.6 is √(1 − β_t) x + √β_t ε, R.8 √ᾱ_t x0 + √(1 − ᾱ_t) ε, for [${shape.join(", ")}]`, () => {
      tf.tidy(() => {
        const rng = new Rng(1);
        const [x, noise] = [rng.normal(shape), rng.normal(shape)];
        const [xs, es] = [x.dataSync(), noise.dataSync()];
        const size = x.size / 3;
        const expected = (kept: (t: number) => number): number[] =>
          Array.from(xs, (value, i) => {
            const share = kept(t[Math.floor(i / size)]!);
            return Math.sqrt(share) * value + Math.sqrt(1 - share) * es[i]!;
          });
        const jump = diffusion.qSample(SCHEDULE, int32(...t), { x0: x, noise });
        assert.deepEqual(jump.shape, shape);
        assertClose(jump.dataSync(), expected(alphaBar));
        const step = diffusion.qStep(SCHEDULE, int32(...t), { previous: x, noise });
        assertClose(
          step.dataSync(),
          expected((s) => 1 - BETAS[s - 1]!),
        );
      });
    });
  }

  it("R.8 at t = 0 is the clean batch", () => {
    tf.tidy(() => {
      const [x0, noise] = [tf.tensor2d([[0.3, -2]]), tf.tensor2d([[1, 1]])];
      assertClose(diffusion.qSample(SCHEDULE, int32(0), { x0, noise }).dataSync(), [0.3, -2]);
    });
  });

  it("R.7 the chain has the root: mean √ᾱ_t x0 at t = 300, not ᾱ_t x0 as the review prints", () => {
    const [n, x0] = [20_000, 1.5];
    const expected = Math.sqrt(LINEAR.alphaBar[300]!) * x0;
    const printed = LINEAR.alphaBar[300]! * x0;
    assertClose([expected, printed], [0.944, 0.595], { absolute: 5e-4 });
    const start = tf.fill([n, 1], x0);
    for (const { t: step, xt } of diffusion.forwardChain(LINEAR, start, new Rng(3))) {
      if (step < 300) continue;
      const values = xt.dataSync();
      const { mean, standardError } = meanWithError(values);
      assert.ok(Math.abs(mean - expected) < 4 * standardError, `${mean} ± ${standardError}`);
      assert.ok(
        Math.abs(mean - printed) > 50 * standardError,
        "the printed formula was not refuted",
      );
      const variance = 1 - LINEAR.alphaBar[300]!;
      assert.ok(Math.abs(sampleVariance(values) - variance) < 4 * variance * Math.sqrt(2 / n));
      break;
    }
    start.dispose();
  });

  it("R.7 ends as N(0, 1) whatever x0 was", () => {
    assert.ok(LINEAR.alphaBar[1000]! < 5e-5);
    const start = tf.fill([4000, 1], 3);
    let last: number[] = [];
    const betas = Array.from({ length: 40 }, () => 0.3);
    for (const { xt } of diffusion.forwardChain(
      new diffusion.NoiseSchedule(betas),
      start,
      new Rng(4),
    )) {
      last = Array.from(xt.dataSync());
    }
    const { mean, standardError } = meanWithError(last);
    assert.ok(Math.abs(mean) < 4 * standardError);
    assert.ok(Math.abs(sampleVariance(last) - 1) < 4 * Math.sqrt(2 / 4000));
    start.dispose();
  });

  it("R.8 can be compiled", () => {
    const noised = compile((x0: tf.Tensor, noise: tf.Tensor, at: tf.Tensor1D) =>
      diffusion.qSample(SCHEDULE, at, { x0, noise }),
    );
    tf.tidy(() => {
      const [x0, noise] = [tf.tensor2d([[1], [2]]), tf.tensor2d([[0.5], [-1]])];
      for (const at of [int32(1, 2), int32(4, 3)]) {
        const eager = diffusion.qSample(SCHEDULE, at, { x0, noise });
        assertClose(noised(x0, noise, at).dataSync(), eager.dataSync());
      }
    });
    noised.dispose();
  });

  it("refuses noise or timesteps of another batch", () => {
    tf.tidy(() => {
      const x0 = tf.zeros([2, 3]);
      assert.throws(
        () => diffusion.qSample(SCHEDULE, int32(1, 1), { x0, noise: tf.zeros([2, 1]) }),
        core.ShapeError,
      );
      assert.throws(
        () => diffusion.qSample(SCHEDULE, int32(1), { x0, noise: x0 }),
        /qSample: t must have shape \[2\], got \[1\]/,
      );
    });
  });
});
