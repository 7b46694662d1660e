import { assertFinite, assertInteger, assertReal } from "./guard";

/** `n` evenly spaced float64 numbers from `first` to `last`, both included; n = 1 gives `first`. */
export function linspace(first: number, last: number, n: number): Float64Array {
  assertReal("linspace", "first", first);
  assertReal("linspace", "last", last);
  assertInteger("linspace", "n", n);
  const step = n === 1 ? 0 : (last - first) / (n - 1);
  return Float64Array.from({ length: n }, (_, i) =>
    i > 0 && i === n - 1 ? last : first + step * i,
  );
}

/** Round to the nearest integer, ties to even, as IEEE 754, NumPy and PyTorch do. */
export function roundHalfToEven(value: number): number {
  assertReal("roundHalfToEven", "value", value);
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The index on which u ~ U[0, 1) falls, so that it is i with probability `probabilities[i]`. */
export function categoryAt(probabilities: readonly number[], u: number): number {
  assertReal("categoryAt", "u", u);
  assertFinite("categoryAt", "probabilities", probabilities);
  assertInteger("categoryAt", "the number of probabilities", probabilities.length);
  let above = u;
  const index = probabilities.findIndex((probability) => (above -= probability) < 0);
  return index < 0 ? probabilities.length - 1 : index;
}
