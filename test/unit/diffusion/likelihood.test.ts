import { strict as assert } from "node:assert";

import { core, diffusion, oracles, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { normalLogPdf } from "../../support/quadrature";
import { assertStops } from "../../support/stop-button";

const MIXTURE = {
  weights: [0.35, 0.65],
  means: [[0.9, -0.4], [-0.6, 0.7]],
  std: [0.3, 0.45],
}; // prettier-ignore
const POINTS = [[0.7, -0.2], [-0.9, 1.1], [0.1, 0.2], [1.6, -1.3]]; // prettier-ignore
const mixture = new oracles.GaussianMixture(MIXTURE);

function exactScore(sde: diffusion.Sde): core.ScoreFunction<tf.Tensor2D> {
  return (x, t) => mixture.score(x, sde.marginalAt(t));
}

/** A rotation that shrinks: its divergence is tr A, its flow e^{At}. */
const spiral: diffusion.Velocity<tf.Tensor2D> = (x) =>
  x.matMul(tf.tensor2d([[-0.3, -2], [2, -0.3]])) as tf.Tensor2D; // prettier-ignore

function spiralAt([x, y]: readonly [number, number], t: number): [number, number] {
  const shrink = Math.exp(-0.3 * t);
  const [cos, sin] = [Math.cos(2 * t), Math.sin(2 * t)];
  return [shrink * (x * cos + y * sin), shrink * (y * cos - x * sin)];
}

describe("integrate", () => {
  it("follows a spiral to its closed form, forwards and backwards, asking 6 times a step", async () => {
    for (const to of [3, -1]) {
      let asked = 0;
      const counted: typeof spiral = (x, t) => {
        asked++;
        return spiral(x, t);
      };
      const x = tf.tensor2d([[1, 0.5], [-2, 0.3]]); // prettier-ignore
      const end = await diffusion.integrate(counted, x, { from: 0, to });
      assert.equal(end.evaluations, 1 + 6 * (end.steps + end.rejected));
      assert.equal(end.evaluations, asked);
      const want = [...spiralAt([1, 0.5], to), ...spiralAt([-2, 0.3], to)];
      assertClose(end.x.dataSync(), want, { absolute: 5e-5 });
      tf.dispose([x, end.x]);
    }
  });

  it("its step is of order 5, and its error estimate of the order of the difference to order 4", () => {
    const errors = [1, 0.5, 0.25].map((h) =>
      tf.tidy(() => {
        const x = tf.tensor2d([[1, 0.5]]);
        const step = diffusion.dormandPrinceStep(spiral, x, { t: 0, h });
        const want = tf.tensor2d([spiralAt([1, 0.5], h)]);
        return [step.x.sub(want).norm(), step.error.norm()].map((e) => e.dataSync()[0]!);
      }),
    ) as unknown as [number, number][];
    const slope = (which: 0 | 1): number => Math.log2(errors[0]![which] / errors[1]![which]);
    // One step of a method of order p is off by h^(p+1).
    assert.ok(slope(0) > 5.5 && slope(0) < 6.7, `order of a step: ${slope(0)}`);
    assert.ok(slope(1) > 4.5 && slope(1) < 6, `order of the estimate: ${slope(1)}`);
  });

  it("gives up with a ValueError where the velocity is not finite, leaving no tensor", async () => {
    const x = tf.tensor2d([[1]]);
    const notFinite = (at: tf.Tensor2D): tf.Tensor2D => at.mul(NaN);
    await assert.rejects(
      diffusion.integrate(notFinite, x, { from: 0, to: 1, maxSteps: 20 }),
      /20 steps lead only to t = 0/,
    );
    x.dispose();
  });

  it("ends by a signal or the stop button within a step, leaving no tensor", async () => {
    const x = tf.tensor2d([[1, 0.5]]);
    const controller = new AbortController();
    let last = 0;
    const watched: typeof spiral = (at, t) => {
      last = t;
      if (t > 1) controller.abort();
      return spiral(at, t);
    };
    const options = { from: 0, to: 30, signal: controller.signal };
    await assert.rejects(diffusion.integrate(watched, x, options), core.StoppedError);
    assert.ok(last < 3, `it went on to ${last}`);
    await assertStops(() => diffusion.integrate(spiral, x, { from: 0, to: 30 }));
    x.dispose();
  });
});

describe("divergence", () => {
  it("SDE.40 equals the trace of the Jacobian, exactly and in the mean of all signs", () => {
    const field = (x: tf.Tensor2D): tf.Tensor2D => {
      const [a, b] = [x.slice([0, 0], [-1, 1]), x.slice([0, 1], [-1, 1])];
      return tf.concat([a.square().mul(b), a.add(b.square().mul(b))], 1) as tf.Tensor2D;
    };
    const want = POINTS.map(([a, b]) => 2 * a! * b! + 3 * b! * b!);
    const [exact, signs] = tf.tidy(() => {
      const x = tf.tensor2d(POINTS);
      const each = [[1, 1], [1, -1]].map((v) => diffusion.hutchinsonDivergence(field, x, tf.tile(tf.tensor2d([v]), [4, 1]))); // prettier-ignore
      return [diffusion.exactDivergence(field, x).arraySync(), tf.addN(each).div(2).arraySync()];
    }) as [number[], number[]];
    assertClose(exact, want, { absolute: 1e-5 });
    assertClose(signs, want, { absolute: 1e-5 });
  });
});

describe("flowLikelihood", () => {
  const want = POINTS.map((x) => oracles.mixtureLogPdf(x, MIXTURE));
  /** What the flow says of POINTS under a score, on the host. */
  async function likelihoodOf<X extends core.Batch>(
    score: core.ScoreFunction<X>,
    sde: diffusion.Sde,
    { shape = [4, 2], ...options }: diffusion.LikelihoodOptions<X> & { shape?: number[] },
  ): Promise<Record<"logDensity" | "standardError", number[]> & { x1: number[][] }> {
    const x = tf.tensor(POINTS.flat(), shape) as X;
    const { evaluations, ...found } = await diffusion.flowLikelihood(score, sde, x, options);
    assert.ok(evaluations > 6);
    const { logDensity, standardError, x1 } = found;
    const onHost = {
      logDensity: logDensity.arraySync(),
      standardError: standardError.arraySync(),
      x1: x1.arraySync() as number[][],
    };
    tf.dispose([x, found]);
    return onHost;
  }

  for (const [name, sde] of Object.entries({
    vp: diffusion.vpSde(),
    subVp: diffusion.subVpSde(),
    ve: diffusion.veSde({ sigmaMin: 0.01, sigmaMax: 50 }),
  })) {
    it(`SDE.39 is the mixture's log-density to 1e-3 nats under ${name}`, async () => {
      const prior = (x1: tf.Tensor2D): tf.Tensor1D => mixture.logDensity(x1, sde.marginal(1));
      const got = await likelihoodOf(exactScore(sde), sde, { prior, minTime: 0 });
      assertClose(got.logDensity, want, { absolute: 1e-3, relative: 0 });
    });
  }

  it("SDE.39 with a normal prior it is that of what sampling gives, the signal left at t = 1 lost", async () => {
    const sde = diffusion.vpSde();
    const { logDensity: got, x1 } = await likelihoodOf(exactScore(sde), sde, { minTime: 0 });
    const corrected = got.map((value, i) => {
      const normal = x1[i]!.reduce((sum, v) => sum + normalLogPdf(v), 0);
      return value - normal + oracles.mixtureLogPdf(x1[i]!, MIXTURE, sde.marginal(1));
    });
    assertClose(corrected, want, { absolute: 1e-3, relative: 0 });
    assertClose(got, want, { absolute: 1e-2, relative: 0 });
  });

  it("SDE.39 without a graph, and with pictures for points, gives the same", async () => {
    const sde = diffusion.vpSde();
    const score: core.ScoreFunction = (x, t) => mixture.score(x, sde.marginalAt(t));
    const prior = (x1: tf.Tensor4D): tf.Tensor1D => mixture.logDensity(x1, sde.marginal(1));
    const options = { compile: false, prior, shape: [4, 2, 1, 1] };
    const got = await likelihoodOf(score, sde, options);
    assertClose(got.logDensity, want, { absolute: 1e-3, relative: 0 });
  });

  it("SDE.40 Hutchinson's estimate is the closed form within 4 of its own standard errors", async () => {
    const sde = diffusion.vpSde();
    const hutchinson = { rng: new Rng(5), probes: 200 };
    const options = { hutchinson, absolute: 1e-4, relative: 1e-4 };
    const { logDensity, standardError } = await likelihoodOf(exactScore(sde), sde, options);
    logDensity.forEach((value, i) => {
      assertClose([value], [want[i]!], { absolute: 4 * standardError[i]! + 1e-2, relative: 0 });
    });
    assert.ok(standardError.some((e) => e > 1e-3), "the probes differ"); // prettier-ignore
  });

  it("ends by a signal or the stop button, leaving no tensor", async () => {
    const [sde, x] = [diffusion.vpSde(), tf.tensor2d(POINTS)];
    const hutchinson = { rng: new Rng(5), probes: 3 };
    const ask = (signal?: AbortSignal): Promise<unknown> =>
      diffusion.flowLikelihood(exactScore(sde), sde, x, { hutchinson, ...(signal && { signal }) });
    await assert.rejects(ask(AbortSignal.abort()), core.StoppedError);
    await assertStops(() => ask());
    x.dispose();
  });

  it("SDE.39 bits per dimension: 1 bit for the density ½, 8 bits for a uniform grey level", () => {
    assertClose([diffusion.bitsPerDimension(3 * Math.log(0.5), 3)], [1]);
    const uniform = 10 * Math.log(1 / 2); // density of U[−1, 1] in 10 dimensions
    assertClose([diffusion.bitsPerDimension(uniform, 10, { binWidth: 2 / 256 })], [8]);
  });
});
