import type { Inputs } from "../inputs";

/** A tensor's numbers as rows of `width`. */
export function rows(inputs: Inputs, name: string, width: number): number[][] {
  const data = inputs.array(name);
  const count = data.length / width;
  return Array.from({ length: count }, (_, i) => data.slice(i * width, (i + 1) * width));
}
