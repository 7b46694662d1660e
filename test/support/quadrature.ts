/** ∫ f(x) dx over [from, to] by the trapezoid rule, which converges fast for Gaussian tails. */
export function integrate(
  f: (x: number) => number,
  [from, to]: readonly [number, number],
  intervals = 4000,
): number {
  const width = (to - from) / intervals;
  let sum = (f(from) + f(to)) / 2;
  for (let i = 1; i < intervals; i++) sum += f(from + i * width);
  return sum * width;
}

/** log N(x; mean, std²) in float64. */
export function normalLogPdf(x: number, mean = 0, std = 1): number {
  return -0.5 * Math.log(2 * Math.PI) - Math.log(std) - (x - mean) ** 2 / (2 * std * std);
}
