/** Mean of samples and its standard error, s / √n. */
export function meanWithError(values: ArrayLike<number>): { mean: number; standardError: number } {
  const samples = Array.from(values);
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  return { mean, standardError: Math.sqrt(sampleVariance(samples) / samples.length) };
}

/** Σ (x − mean)² / (n − 1) */
export function sampleVariance(values: ArrayLike<number>): number {
  const samples = Array.from(values);
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  const squares = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return squares / (samples.length - 1);
}
