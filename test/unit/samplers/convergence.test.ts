import { strict as assert } from "node:assert";

import { type core, diffusion, oracles, samplers, tf } from "latentlab";

import { walk } from "../../support/sampling";

type AnySampler = samplers.Sampler<tf.Tensor, never>;

/** Two narrow bumps and a wide one on a line. */
const MIXTURE = [
  { weight: 0.5, mean: -1.5, variance: 0.09 },
  { weight: 0.2, mean: 0.5, variance: 0.64 },
  { weight: 0.3, mean: 2, variance: 0.04 },
];
const ORACLE = new oracles.GaussianMixture({
  means: MIXTURE.map(({ mean }) => [mean]),
  std: MIXTURE.map(({ variance }) => Math.sqrt(variance)),
  weights: MIXTURE.map(({ weight }) => weight),
});
const RANGE = { sigmaMin: 0.05, sigmaMax: 20 };
const STARTS = [-35, -14, -4, 3, 9, 30];

/** E[x_0 | x] in float64. */
function denoise(x: number, sigma: number): number {
  const terms = MIXTURE.map(({ weight, mean, variance }) => {
    const total = variance + sigma ** 2;
    const density = (weight / Math.sqrt(total)) * Math.exp((-0.5 * (x - mean) ** 2) / total);
    return { density, clean: mean + (variance / total) * (x - mean) };
  });
  const sum = terms.reduce((all, { density }) => all + density, 0);
  return terms.reduce((all, { density, clean }) => all + (density / sum) * clean, 0);
}

type Limit = (x0: number) => number;

/** dx/dlog σ = x − E[x_0 | x], or with that limited, by 4,000 Runge–Kutta steps in float64. */
function exactEnd(start: number, limit: Limit = (x0) => x0): number {
  const [first, last] = [Math.log(RANGE.sigmaMax), Math.log(RANGE.sigmaMin)];
  const h = (last - first) / 4000;
  const slope = (x: number, logSigma: number): number => x - limit(denoise(x, Math.exp(logSigma)));
  let x = start;
  for (let i = 0; i < 4000; i++) {
    const at = first + i * h;
    const k1 = slope(x, at);
    const k2 = slope(x + (h / 2) * k1, at + h / 2);
    const k3 = slope(x + (h / 2) * k2, at + h / 2);
    const k4 = slope(x + h * k3, at + h);
    x += (h / 6) * (k1 + 2 * k2 + 2 * k3 + k4);
  }
  return x;
}

const EXACT = STARTS.map((start) => exactEnd(start));
/** Two of the three bumps lie outside. */
const CUT = [-1, 1] as const;
const EXACT_CUT = STARTS.map((start) =>
  exactEnd(start, (x0) => Math.min(CUT[1], Math.max(CUT[0], x0))),
);

/** Noise levels of n steps, even in log σ, without the closing 0. */
function ladder(n: number): number[] {
  return [...diffusion.exponentialSigmas(n + 1, RANGE).slice(0, -1)];
}

function endBySigma(make: (denoiser: (x: tf.Tensor, s: tf.Tensor1D) => tf.Tensor) => AnySampler) {
  const sampler = make((x, sigma) => ORACLE.denoise(x, { scale: 1, sigma }));
  return (n: number): number[] =>
    tf.tidy(() => {
      const start = tf.tensor2d(STARTS, [STARTS.length, 1]);
      return [
        ...walk(sampler, start, { times: ladder(n) })
          .at(-1)!
          .x.dataSync(),
      ];
    });
}

/** On the schedule that has just these noise levels; x there is scaled by √ᾱ. */
function endBySchedule(
  make: (network: core.Denoiser<tf.Tensor, never>, schedule: diffusion.NoiseSchedule) => AnySampler,
) {
  return (n: number): number[] =>
    tf.tidy(() => {
      const schedule = diffusion.scheduleFromSigmas(ladder(n).reverse());
      const root = (t: number): number => Math.sqrt(schedule.alphaBar[t]!);
      const sampler = make(ORACLE.denoiser(schedule) as never, schedule);
      const start = tf.tensor2d(STARTS, [STARTS.length, 1]).mul(root(n + 1));
      const times = Array.from({ length: n + 1 }, (_, i) => n + 1 - i);
      return [...walk(sampler, start, { times }).at(-1)!.x.div(root(1)).dataSync()];
    });
}

function meanError(ends: readonly number[], exact: readonly number[]): number {
  return ends.reduce((sum, x, i) => sum + Math.abs(x - exact[i]!), 0) / ends.length;
}

const DDIM = endBySchedule((...args) => samplers.ddim(...args));
const EULER = endBySigma((denoiser) => samplers.euler(denoiser));

describe("samplers against the exact ODE of a Gaussian mixture: error on 40 and 80 steps", () => {
  const cut = { limitX0: samplers.clipTo(...CUT) };
  const orders: readonly [string, (n: number) => number[], readonly [number, number]][] = [
    ["DDIM.12 DDIM", DDIM, [0.8, 1.3]],
    ["EDM.1 Euler", EULER, [0.8, 1.3]],
    ["EDM.1 Heun", endBySigma((denoiser) => samplers.heun(denoiser)), [1.7, 2.5]],
    ["DPMPP.A2 DPM-Solver++(2M)", endBySchedule(samplers.dpmSolver), [1.7, 2.5]],
    ["PNDM.12 PNDM", endBySchedule((...args) => samplers.pndm(...args)), [1.7, 5]],
  ];
  const cutOrders: typeof orders = [
    ["DDIM.12 DDIM", endBySchedule((...args) => samplers.ddim(...args, cut)), [0.8, 1.3]],
    [
      "DPMPP.A2 DPM-Solver++(2M)",
      endBySchedule((...args) => samplers.dpmSolver(...args, cut)),
      [1.7, 5],
    ],
    ["PNDM.12 PNDM", endBySchedule((...args) => samplers.pndm(...args, cut)), [1.7, 5]],
  ];
  const expectOrders = (of: typeof orders, how: string, exact: readonly number[]): void => {
    for (const [title, end, [least, most]] of of) {
      it(`${title}${how} has an order of ${least}…${most}`, () => {
        const [few, many] = [meanError(end(40), exact), meanError(end(80), exact)];
        const order = Math.log2(few / many);
        assert.ok(order > least && order < most, `errors ${few}, ${many}: order ${order}`);
      });
    }
  };
  expectOrders(orders, "", EXACT);
  expectOrders(cutOrders, " with predicted x0 cut", EXACT_CUT);

  it("DDIM.12 DDIM is Euler's method in x/√ᾱ: the same end to rounding", () => {
    const [ddim, euler] = [DDIM(32), EULER(32)];
    ddim.forEach((x, i) => assert.ok(Math.abs(x - euler[i]!) < 1e-4, `${x} and ${euler[i]}`));
  });

  it("DDIM.12 inversion leads back to the noise that sampling started from", () => {
    tf.tidy(() => {
      const schedule = diffusion.scheduleFromSigmas(ladder(120).reverse());
      const denoiser = ORACLE.denoiser(schedule) as never;
      const start = tf.tensor2d([-1.2, 0.1, 0.9], [3, 1]);
      const down = samplers.ddim<tf.Tensor, never>(denoiser, schedule);
      const { x } = walk(down, start, { times: down.times().slice(0, -1) }).at(-1)!;
      const up = samplers.ddimInversion<tf.Tensor, never>(denoiser, schedule);
      const back = walk(up, x, { times: up.times() }).at(-1)!.x;
      const off = back.sub(start).abs().max().dataSync()[0]!;
      const moved = x.sub(start).abs().min().dataSync()[0]!;
      assert.ok(off < 0.05 && moved > 0.1, `off by ${off}, moved by ${moved}`);
    });
  });
});
