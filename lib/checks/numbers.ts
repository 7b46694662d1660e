/** Numbers as nested lists, the way a person writes a small tensor. */
export type Numbers = number | readonly Numbers[];

/** All numbers in row-major order. */
export function flatten(numbers: Numbers): number[] {
  return typeof numbers === "number" ? [numbers] : numbers.flatMap(flatten);
}

/** Sizes of the nesting, read along the first entries: `[[1, 2, 3]]` is `[1, 3]`. */
export function shapeOf(numbers: Numbers): number[] {
  if (typeof numbers === "number") return [];
  return [numbers.length, ...(numbers.length > 0 ? shapeOf(numbers[0] as Numbers) : [])];
}

/** The same numbers, the one at flat position `index` moved by `delta`. */
export function perturbed<N extends Numbers>(numbers: N, index: number, delta: number): N {
  let position = 0;
  const walk = (part: Numbers): Numbers =>
    typeof part === "number" ? part + (position++ === index ? delta : 0) : part.map(walk);
  return walk(numbers) as N;
}
