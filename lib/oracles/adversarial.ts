import { assertFinite, assertInRange, assertInteger } from "../core/guard";
import { assertDensities, assertSameLength } from "./guard";

/**
 * The best discriminator against a fixed generator, at points of known density (or probability).
 *
 * @eq GAN.2  D*(x) = p(x) / (p(x) + q(x))
 * @param p the data's density at each point, ≥ 0
 * @param q the generator's, ≥ 0; where both are 0 any D is as good, and ½ is given
 * @throws ShapeError, ValueError, NonFiniteError
 * @see Goodfellow et al. 2014, arXiv:1406.2661v1, proposition 1
 */
export function optimalDiscriminator(p: ArrayLike<number>, q: ArrayLike<number>): Float64Array {
  assertDensities("optimalDiscriminator", p, q);
  return Float64Array.from(p, (value, i) => {
    const total = value + (q[i] as number);
    return total === 0 ? 0.5 : value / total;
  });
}

/**
 * The logits of the best discriminator, log p − log q: exact where D* is too near 0 or 1 to be told
 * from them.
 *
 * @eq GAN.2  D* = σ(log p − log q)
 * @param p the data's density at each point, ≥ 0
 * @param q the generator's, ≥ 0; where both are 0 the logit is given as 0
 * @throws ShapeError, ValueError, NonFiniteError
 */
export function optimalLogits(p: ArrayLike<number>, q: ArrayLike<number>): Float64Array {
  assertDensities("optimalLogits", p, q);
  return Float64Array.from(p, (value, i) => {
    const other = q[i] as number;
    return value === other ? 0 : Math.log(value) - Math.log(other);
  });
}

/**
 * The value of the game for a discriminator on points of probabilities p (data) and q (generator).
 *
 * @eq R.4  V(D, G) = Σ p log D + Σ q log(1 − D), D = σ(logit)
 * @param logits of D at each point; may be infinite
 * @throws ShapeError, ValueError, NonFiniteError
 */
export function gameValue(
  logits: ArrayLike<number>,
  p: ArrayLike<number>,
  q: ArrayLike<number>,
): number {
  assertDensities("gameValue", p, q);
  assertSameLength("gameValue", logits, p);
  return Array.from(p, (probability, i) => {
    const logit = logits[i] as number;
    assertInRange("gameValue", "a logit", logit, [-Infinity, Infinity]);
    return weighted(probability, logSigmoid(logit)) + weighted(q[i] as number, logSigmoid(-logit));
  }).reduce((sum, term) => sum + term, 0);
}

/** Σ p log(p/q), nats, for probabilities; infinite if q is 0 where p is not. */
export function klDiscrete(p: ArrayLike<number>, q: ArrayLike<number>): number {
  assertDensities("klDiscrete", p, q);
  return Array.from(p, (value, i) =>
    weighted(value, Math.log(value) - Math.log(q[i] as number)),
  ).reduce((sum, term) => sum + term, 0);
}

/**
 * The Jensen–Shannon divergence of two lists of probabilities, in nats: 0 where they agree, log 2
 * where they never meet.
 *
 * @eq GAN.6  JS = ½ KL(p ‖ m) + ½ KL(q ‖ m), m = (p + q)/2
 */
export function jensenShannon(p: ArrayLike<number>, q: ArrayLike<number>): number {
  assertDensities("jensenShannon", p, q);
  const middle = Float64Array.from(p, (value, i) => (value + (q[i] as number)) / 2);
  return (klDiscrete(p, middle) + klDiscrete(q, middle)) / 2;
}

export type QuadratureOptions = {
  readonly from: number;
  readonly to: number;
  /** Intervals of equal width; 4000 unless told. */
  readonly intervals?: number;
};

/**
 * Densities on a line as probabilities of small intervals, by the midpoint rule: what the functions
 * above take.
 *
 * @returns the midpoints and p, q there times the width, each of `intervals` numbers
 */
export function onGrid(
  densities: { readonly p: (x: number) => number; readonly q: (x: number) => number },
  { from, to, intervals = 4000 }: QuadratureOptions,
): { readonly x: Float64Array; readonly p: Float64Array; readonly q: Float64Array } {
  assertFinite("onGrid", "the ends", [from, to]);
  assertInteger("onGrid", "intervals", intervals);
  assertInRange("onGrid", "to", to, [from, Number.MAX_VALUE]);
  const width = (to - from) / intervals;
  const x = Float64Array.from({ length: intervals }, (_, i) => from + (i + 0.5) * width);
  const { p, q } = densities;
  return { x, p: x.map((at) => p(at) * width), q: x.map((at) => q(at) * width) };
}

/** probability · value, 0 where the probability is. */
function weighted(probability: number, value: number): number {
  return probability === 0 ? 0 : probability * value;
}

/** log σ(x) = −log(1 + e^−x), finite for any finite x. */
function logSigmoid(x: number): number {
  return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
}
