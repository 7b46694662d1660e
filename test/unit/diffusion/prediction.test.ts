import { strict as assert } from "node:assert";

import { core, diffusion, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { int32 } from "../../support/tensors";

const SCHEDULE = diffusion.linearSchedule(1000);
const T = [1, 300, 900];

describe("what a network may predict", () => {
  /** x_t made by the loop, so that no conversion is tested by another. */
  function noisy(
    shape: readonly number[],
  ): Record<"x0" | "noise" | "xt" | "v" | "score", tf.Tensor> {
    const rng = new Rng(5);
    const [x0, noise] = [rng.normal(shape), rng.normal(shape)];
    const [xs, es] = [x0.dataSync(), noise.dataSync()];
    const each = (f: (x: number, e: number, a: number, s: number) => number): tf.Tensor =>
      tf.tensor(
        Array.from(xs, (x, i) => {
          const alphaBar = SCHEDULE.alphaBar[T[Math.floor((i * 3) / xs.length)]!]!;
          return f(x, es[i]!, Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar));
        }),
        [...shape],
      );
    return {
      x0,
      noise,
      xt: each((x, e, a, s) => a * x + s * e),
      v: each((x, e, a, s) => a * e - s * x),
      score: each((_, e, _a, s) => -e / s),
    };
  }

  for (const shape of [
    [3, 2],
    [3, 2, 2, 1],
  ]) {
    // prettier-ignore
    it(`R.8 DDPM.15 each from each, of shape [${shape.join(", ")}]`, () => {
      tf.tidy(() => {
        const { x0, noise, xt, v, score } = noisy(shape);
        const t = int32(...T);
        // x0 from ε divides rounding by √ᾱ_900 = 0.04, ε from x0 by √(1 − ᾱ_1) = 0.01.
        const close = { absolute: 5e-5 };
        const cases: [tf.Tensor, tf.Tensor][] = [
          [diffusion.x0FromNoise(SCHEDULE, t, { xt, noise }), x0],
          [diffusion.noiseFromX0(SCHEDULE, t, { xt, x0 }), noise],
          [diffusion.velocity(SCHEDULE, t, { x0, noise }), v],
          [diffusion.x0FromVelocity(SCHEDULE, t, { xt, v }), x0],
          [diffusion.noiseFromVelocity(SCHEDULE, t, { xt, v }), noise],
          [diffusion.scoreFromNoise(SCHEDULE, t, noise), score],
          [diffusion.noiseFromScore(SCHEDULE, t, score), noise],
        ];
        for (const [got, want] of cases) assertClose(got.dataSync(), want.dataSync(), close);
      });
    });
  }

  it("asDenoiser makes every kind of network predict the noise", () => {
    tf.tidy(() => {
      const all = noisy([3, 2]);
      for (const predicts of ["noise", "x0", "v", "score"] as const) {
        const denoise = diffusion.asDenoiser(() => all[predicts].clone(), SCHEDULE, predicts);
        assertClose(denoise(all.xt, int32(...T)).dataSync(), all.noise.dataSync(), {
          absolute: 5e-5,
        });
      }
      assert.throws(
        () => diffusion.asDenoiser(() => all.x0, SCHEDULE, "epsilon" as "noise"),
        core.ValueError,
      );
    });
  });

  it("the score is the gradient of log q(x_t | x_0)", () => {
    tf.tidy(() => {
      const { x0, noise, xt } = noisy([3, 1]);
      const means = T.map((t, i) => Math.sqrt(SCHEDULE.alphaBar[t]!) * x0.dataSync()[i]!);
      const variances = T.map((t) => 1 - SCHEDULE.alphaBar[t]!);
      const slope = Array.from(xt.dataSync(), (x, i) => -(x - means[i]!) / variances[i]!);
      const score = diffusion.scoreFromNoise(SCHEDULE, int32(...T), noise);
      assertClose(score.dataSync(), slope, { relative: 1e-4 });
    });
  });
});
