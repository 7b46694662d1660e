import { strict as assert } from "node:assert";

import { compile, core, diffusion, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { finiteDifferences } from "../../support/finite-difference";
import { integrate, normalLogPdf } from "../../support/quadrature";
import { int32 } from "../../support/tensors";

const SCHEDULE = new diffusion.NoiseSchedule([0.1, 0.2, 0.3, 0.5]);
const T = 3;
const ALPHA_BAR = 0.9 * 0.8 * 0.7;

/** Two classes of points on a line, both as likely: x_0 | y ~ N(±1, 0.3²). */
const CENTRES = [-1, 1];
const STD = Math.sqrt(ALPHA_BAR * 0.09 + 1 - ALPHA_BAR);

/** log p(x_t | y) in float64. */
function classLogDensity(x: number, y: number): number {
  return normalLogPdf(x, Math.sqrt(ALPHA_BAR) * CENTRES[y]!, STD);
}

function logDensity(x: number): number {
  return Math.log(0.5 * CENTRES.reduce((sum, _, y) => sum + Math.exp(classLogDensity(x, y)), 0));
}

function slope(f: (x: number) => number, x: number): number {
  return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5;
}

/** log p(y | x_t) of the same classes, as a network would give it. */
function classifier(xt: tf.Tensor, _t: tf.Tensor1D, labels?: tf.Tensor1D): tf.Tensor {
  const gain = (2 * Math.sqrt(ALPHA_BAR)) / STD ** 2; // the logit of y = 1 is linear in x_t
  const sign = labels!.mul(2).sub(1).cast("float32");
  return nn.logSigmoid(xt.squeeze([1]).mul(gain).mul(sign));
}

/** The exact noise estimate, of class y, or of all if y is 2. */
function exactNoise(x: number, y: number): number {
  const f = y === 2 ? logDensity : (at: number): number => classLogDensity(at, y);
  return -Math.sqrt(1 - ALPHA_BAR) * slope(f, x);
}

function denoise(xt: tf.Tensor, _t: tf.Tensor1D, labels?: tf.Tensor1D): tf.Tensor {
  const classes = labels?.dataSync();
  const noise = Array.from(xt.dataSync(), (x, i) => exactNoise(x, classes?.[i] ?? 2));
  return tf.tensor(noise, xt.shape);
}

const POINTS = [-1.2, -0.1, 0.4, 2];
const LABELS = [0, 1, 1, 0];
/** Float32 and a float64 slope by differences. */
const CLOSE = { absolute: 1e-5, relative: 1e-5 };

function inputs(): [tf.Tensor2D, tf.Tensor1D, tf.Tensor1D] {
  return [tf.tensor2d(POINTS, [4, 1]), int32(T, T, T, T), int32(...LABELS)];
}

/** ε̂ of the guided score, by differences of log densities in float64. */
function guidedExactly(guidanceScale: number): number[] {
  return POINTS.map((x, i) => {
    const logPosterior = (at: number): number => classLogDensity(at, LABELS[i]!) - logDensity(at);
    const score = slope(logDensity, x) + guidanceScale * slope(logPosterior, x);
    return -Math.sqrt(1 - ALPHA_BAR) * score;
  });
}

describe("guidance", () => {
  for (const guidanceScale of [0, 1, 2.5]) {
    it(`ADM.14 R.15 R.17 classifier and classifier-free agree with the guided score, s = ${guidanceScale}`, () => {
      tf.tidy(() => {
        const [xt, t, labels] = inputs();
        const want = guidedExactly(guidanceScale);
        const unconditional = (x: tf.Tensor, at: tf.Tensor1D): tf.Tensor => denoise(x, at);
        const options = { schedule: SCHEDULE, guidanceScale };
        const byClassifier = diffusion.guided(unconditional, classifier, options);
        assertClose(byClassifier(xt, t, labels).dataSync(), want, CLOSE);
        const nullCondition = diffusion.nullLabels(2);
        const free = diffusion.classifierFree(denoise, { guidanceScale, nullCondition });
        assertClose(free(xt, t, labels).dataSync(), want, CLOSE);
        const gradient = diffusion.logDensityGradient(classifier, xt, t, labels);
        const score = diffusion.scoreFromNoise(SCHEDULE, t, denoise(xt, t));
        const guided = diffusion.guidedScore({ score, gradient }, guidanceScale);
        assertClose(diffusion.noiseFromScore(SCHEDULE, t, guided).dataSync(), want, CLOSE);
      });
    });
  }

  it("R.15 is the score of p(x_t | y) at s = 1 only", () => {
    const exact = POINTS.map((x, i) => exactNoise(x, LABELS[i]!));
    assertClose(guidedExactly(1), exact, CLOSE);
    assert.throws(() => assertClose(guidedExactly(2), exact, { absolute: 0.1 }), /element/);
  });

  it("R.17 is Ho & Salimans' (1 + w) ε_c − w ε_u with w = s − 1", () => {
    tf.tidy(() => {
      const [conditional, unconditional] = [tf.tensor2d([[1, -2]]), tf.tensor2d([[0.5, 3]])];
      const w = 1.7;
      const got = diffusion.combineNoise({ conditional, unconditional }, w + 1).dataSync();
      assertClose(got, [(1 + w) * 1 - w * 0.5, (1 + w) * -2 - w * 3]);
    });
  });

  it("R.17 asks the network once for both, and once for one where that is enough", () => {
    tf.tidy(() => {
      const [xt, t, labels] = inputs();
      const asked: number[][] = [];
      const spy: typeof denoise = (x, at, y) => {
        asked.push([x.shape[0]!, at.shape[0], ...y!.dataSync()]);
        return x;
      };
      for (const guidanceScale of [3, 1, 0]) {
        diffusion.classifierFree(spy, { guidanceScale, nullCondition: diffusion.nullLabels(2) })(
          xt,
          t,
          labels,
        );
      }
      assert.deepEqual(asked, [[8, 8, 0, 1, 1, 0, 2, 2, 2, 2], [4, 4, 0, 1, 1, 0], [4, 4, 2, 2, 2, 2]]); // prettier-ignore
      const free = diffusion.classifierFree(spy, {
        guidanceScale: 3,
        nullCondition: diffusion.nullLabels(2),
      });
      assert.throws(() => free(xt, t), core.ValueError);
    });
  });

  it("R.16 is exact where log p(y | x) is linear: the mean of N(μ, Σ) e^{s a x}", () => {
    const [mu, variance, slopeOfLog, s] = [0.4, 0.3, -1.3, 2];
    const tilted = (x: number): number =>
      Math.exp(normalLogPdf(x, mu, Math.sqrt(variance)) + s * slopeOfLog * x);
    const range: [number, number] = [-12, 12];
    const want = integrate((x) => x * tilted(x), range) / integrate(tilted, range);
    tf.tidy(() => {
      const gaussian = { mean: tf.fill([1, 2], mu), logVar: tf.fill([1, 1], Math.log(variance)) };
      const gradient = tf.fill([1, 2], slopeOfLog);
      assertClose(diffusion.guidedMean(gaussian, gradient, s).dataSync(), [want, want]);
      const kernel = diffusion.guidedKernel(() => gaussian, (x) => x.mul(slopeOfLog).sum(1), s); // prettier-ignore
      assertClose(kernel(tf.zeros([1, 2]), int32(2)).mean.dataSync(), [want, want]);
    });
  });

  it("R.A1 shifts by the variance, scatters by its root, and adds no noise in the last step", () => {
    tf.tidy(() => {
      const gaussian = { mean: tf.tensor2d([[1], [1]]), logVar: tf.fill([2, 1], Math.log(0.25)) };
      const [gradient, noise] = [tf.tensor2d([[2], [2]]), tf.tensor2d([[3], [3]])];
      const step = { gradient, noise, guidanceScale: 4 };
      const got = diffusion.guidedStep(gaussian, int32(1, 2), step).dataSync();
      assertClose(got, [1 + 4 * 0.25 * 2, 1 + 4 * 0.25 * 2 + 0.5 * 3]);
    });
  });

  it("rescaling brings back the conditional spread, wholly at 1 and not at 0", () => {
    tf.tidy(() => {
      const rng = new Rng(8);
      const [conditional, guided] = [rng.normal([2, 3, 3, 2]), rng.normal([2, 3, 3, 2], 1, 4)];
      const spread = (x: tf.Tensor): number[] =>
        x.unstack(0).map((example) => {
          const values = Array.from(example.dataSync());
          const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
          return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
        });
      const whole = diffusion.rescaleGuided({ guided, conditional }, 1);
      assertClose(spread(whole), spread(conditional));
      const none = diffusion.rescaleGuided({ guided, conditional }, 0);
      assertClose(none.dataSync(), guided.dataSync());
    });
  });

  it("a function of clean pictures guides through the implied x̂_0", () => {
    tf.tidy(() => {
      const network = (xt: tf.Tensor): tf.Tensor => xt.mul(0.4).sin();
      const value = (x0: tf.Tensor): tf.Tensor => x0.square().sum(1);
      const onNoisy = diffusion.onImpliedX0(value, network, SCHEDULE);
      const xt = tf.tensor2d([[0.3, -1], [0.8, 0.1]]); // prettier-ignore
      const t = int32(1, T);
      const want = finiteDifferences((x) => onNoisy(x, t).sum(), xt);
      const gradient = diffusion.logDensityGradient(onNoisy, xt, t);
      assertClose(gradient.dataSync(), want, { absolute: 1e-3 });
      const factor = [0.1, 1 - ALPHA_BAR].map(Math.sqrt);
      const noise = diffusion.guided(network, onNoisy, { schedule: SCHEDULE, guidanceScale: 2 })(
        xt,
        t,
      );
      const expected = Array.from(
        network(xt).dataSync(),
        (e, i) => e - 2 * factor[i >> 1]! * want[i]!,
      );
      assertClose(noise.dataSync(), expected, { absolute: 2e-3 });
    });
  });

  it("compiles, gradients and all", () => {
    const network = (xt: tf.Tensor, _t: tf.Tensor1D, labels?: tf.Tensor1D): tf.Tensor =>
      xt.mul(labels!.cast("float32").expandDims(1));
    const options = { schedule: SCHEDULE, guidanceScale: 2 };
    const free = { guidanceScale: 3, nullCondition: diffusion.nullLabels(2), rescale: 0.5 };
    const denoisers = [
      diffusion.guided(network, classifier, options),
      diffusion.classifierFree(network, free),
    ];
    for (const eager of denoisers) {
      const graph = compile(eager as (xt: tf.Tensor, t: tf.Tensor1D, y: tf.Tensor1D) => tf.Tensor);
      tf.tidy(() => {
        const [xt, t, labels] = inputs();
        const wide = eager === denoisers[1] ? tf.concat([xt, xt.add(1)], 1) : xt;
        assertClose(graph(wide, t, labels).dataSync(), eager(wide, t, labels).dataSync());
      });
      graph.dispose();
    }
  });
});
