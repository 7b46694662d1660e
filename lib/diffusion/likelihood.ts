import { compile } from "../compile";
import { assertInRange, assertInteger } from "../core/guard";
import type { Rng } from "../core/random";
import type { Batch, ScoreFunction } from "../core/types";
import { tf } from "../engine/tf";
import { assertBatch } from "./at-timesteps";
import { exactDivergence, hutchinsonDivergence } from "./divergence";
import { assertTolerances, integrate, type Tolerances } from "./ode";
import { probabilityFlow, type Sde } from "./sde/sde";

export type LikelihoodOptions<X extends Batch = Batch> = Tolerances & {
  /** Where the integral begins: a network's score is unbounded at 0. Default 1e-5. */
  readonly minTime?: number;
  /**
   * log-density at t = 1, `[B, ...]` → `[B]`; unless told that of N(0, priorStd² I), from which
   * models sample, though a little of the data is still left in x_1.
   */
  readonly prior?: (x1: X) => tf.Tensor1D;
  /** Estimate the divergence with so many random probes of each example instead of exactly. */
  readonly hutchinson?: { readonly rng: Rng; readonly probes: number };
  /** Ends it early, after the step it is in. */
  readonly signal?: AbortSignal;
  /** False computes op by op instead of as one graph. Default true. */
  readonly compile?: boolean;
};

/** What the flow says of data; the caller owns the tensors. */
export type FlowLikelihood<X extends Batch> = {
  /** log p(x_0), nats, `[B]`; with probes, the mean over them. */
  readonly logDensity: tf.Tensor1D;
  /** Standard error over the probes, `[B]`; 0 for one probe or none. */
  readonly standardError: tf.Tensor1D;
  /** The noise that the flow makes of x_0, shaped like it. */
  readonly x1: X;
  /** How often the score was asked for. */
  readonly evaluations: number;
};

/**
 * Exact log-likelihood under a score: data are carried to noise along the probability flow, and the
 * density is what the prior says there, corrected by how much the flow was squeezed on the way.
 *
 * @eq SDE.39  log p_0(x_0) = log p_1(x_1) + ∫ ∇·f̃(x_t, t) dt
 * @param x `[B, ...]`
 * @throws as `integrate`; ShapeError
 * @see Song et al. 2021, arXiv:2011.13456v2, §4.3 and appendix D.2
 */
export async function flowLikelihood<X extends Batch>(
  score: ScoreFunction<X>,
  sde: Sde,
  x: X,
  options: LikelihoodOptions<X> = {},
): Promise<FlowLikelihood<X>> {
  const { minTime = 1e-5, hutchinson } = options;
  assertBatch("flowLikelihood", "x", x);
  assertInRange("flowLikelihood", "minTime", minTime, [0, 1]);
  assertTolerances("flowLikelihood", options);
  if (hutchinson !== undefined) assertInteger("flowLikelihood", "probes", hutchinson.probes);
  const copies = hutchinson?.probes ?? 1;
  const all = tf.tidy(() => tf.concat(new Array<X>(copies).fill(x), 0) as X); // (probes · B, …)
  const probe = hutchinson && tf.tidy(() => signs<X>(hutchinson.rng, all.shape));
  const flow = new Flow(score, { sde, probe, isCompiled: options.compile ?? true });
  try {
    return await flow.likelihood(all, { ...options, minTime, copies });
  } finally {
    flow.dispose();
    tf.dispose([all, ...(probe === undefined ? [] : [probe])]);
  }
}

/**
 * Bits per dimension of a density: −log₂ p(x) / D.
 *
 * @param logDensity nats
 * @param dim D, how many numbers an example has
 * @param options `binWidth`: of data that are whole levels, spread over their bins by uniform noise;
 *   2/256 for grey levels in [−1, 1]. Without it the number is that of the density itself.
 */
export function bitsPerDimension(
  logDensity: number,
  dim: number,
  { binWidth = 1 }: { readonly binWidth?: number } = {},
): number {
  assertInteger("bitsPerDimension", "dim", dim);
  assertInRange("bitsPerDimension", "binWidth", binWidth, [Number.MIN_VALUE, Number.MAX_VALUE]);
  assertInRange("bitsPerDimension", "logDensity", logDensity, [
    -Number.MAX_VALUE,
    Number.MAX_VALUE,
  ]);
  return -logDensity / (dim * Math.LN2) - Math.log2(binWidth);
}

type Run<X extends Batch> = LikelihoodOptions<X> & {
  readonly minTime: number;
  readonly copies: number;
};

/** The probability flow of x and, as one more number of each example, of its log-density. */
class Flow<X extends Batch> {
  private readonly sde: Sde;
  private readonly scoreAndTrace: (x: tf.Tensor, t: tf.Tensor) => tf.Tensor[];
  readonly dispose: () => void;

  constructor(
    score: ScoreFunction<X>,
    options: { readonly sde: Sde; readonly probe: X | undefined; readonly isCompiled: boolean },
  ) {
    const { sde, probe, isCompiled } = options;
    const measure = (x: tf.Tensor, t: tf.Tensor): tf.Tensor[] => {
      const field = (at: X): X => score(at, t as tf.Tensor1D);
      const trace =
        probe === undefined
          ? exactDivergence(field, x as X)
          : hutchinsonDivergence(field, x as X, probe);
      return [field(x as X), trace];
    };
    const run = isCompiled ? compile(measure) : undefined;
    this.sde = sde;
    this.scoreAndTrace = run ?? measure;
    this.dispose = () => run?.dispose();
  }

  /** @param x `[copies · B, ...]` */
  async likelihood(
    x: X,
    { minTime, copies, prior, ...tolerances }: Run<X>,
  ): Promise<FlowLikelihood<X>> {
    const [count, ...sizes] = x.shape as [number, ...number[]];
    const dim = sizes.reduce((product, size) => product * size, 1);
    const start = tf.tidy(() => tf.concat([x.reshape([count, dim]), tf.zeros([count, 1])], 1));
    const end = await integrate((state, t) => this.velocity(state, t, x.shape), start, {
      from: minTime,
      to: 1,
      ...tolerances,
    }).finally(() => start.dispose());
    const result = tf.tidy(() => {
      const x1 = end.x.slice([0, 0], [count, dim]).reshape(x.shape) as X;
      const gained = end.x.slice([0, dim], [count, 1]).reshape([count]);
      const atNoise = prior === undefined ? normalLogDensity(x1, this.sde.priorStd) : prior(x1);
      const densities = gained.add(atNoise).reshape([copies, count / copies]);
      const { mean, variance } = tf.moments(densities, 0);
      return {
        logDensity: mean as tf.Tensor1D,
        standardError: variance.div(Math.max(copies - 1, 1)).sqrt() as tf.Tensor1D,
        x1: x1.slice(0, count / copies) as X,
      };
    });
    end.x.dispose();
    return { ...result, evaluations: end.evaluations };
  }

  /** @param state `[B, D + 1]` */
  private velocity(state: tf.Tensor, t: number, shape: readonly number[]): tf.Tensor {
    const [count, width] = state.shape as [number, number];
    const x = state.slice([0, 0], [count, width - 1]).reshape([...shape]);
    const [score, trace] = this.scoreAndTrace(x, tf.fill([count], t)) as [tf.Tensor, tf.Tensor];
    const coefficients = this.sde.coefficients(t);
    const flow = probabilityFlow({ x, score }, coefficients).reshape([count, width - 1]);
    const ofDrift = coefficients.driftRate * (width - 1);
    const divergence = trace.mul(-0.5 * coefficients.diffusion ** 2).add(ofDrift);
    return tf.concat([flow, divergence.reshape([count, 1])], 1);
  }
}

/** log N(x; 0, std² I), `[B]`. */
function normalLogDensity(x: tf.Tensor, std: number): tf.Tensor {
  const rows = x.reshape([x.shape[0] as number, -1]);
  const logNormaliser = Math.log(2 * Math.PI * std * std);
  return rows
    .square()
    .div(std * std)
    .add(logNormaliser)
    .sum(1)
    .mul(-0.5);
}

/** ±1 with equal chance: the probe of the least variance. */
function signs<X extends Batch>(rng: Rng, shape: readonly number[]): X {
  return tf.sign(rng.uniform(shape).sub(0.5).add(1e-8)) as X;
}
