import { assertInteger, assertReal } from "./guard";

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
