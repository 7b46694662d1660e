import { type core, type samplers, tf } from "latentlab";

/** Draws that were recorded, in their order; then zeros. */
export function recorded(draws: readonly tf.Tensor[]): samplers.NoiseSource {
  let next = 0;
  return {
    normal: <T extends tf.Tensor>(shape: readonly number[]) =>
      (draws[next++]?.clone() ?? tf.zeros([...shape])) as T,
  };
}

/** The steps of a sampler through these times, op by op: for use inside a tidy. */
export function walk<X extends core.Batch, C>(
  sampler: samplers.Sampler<X, C>,
  start: X,
  { times, noises = [] }: { readonly times: readonly number[]; readonly noises?: tf.Tensor[] },
): samplers.StepResult<X>[] {
  const rng = recorded(noises);
  let memory = Array.from({ length: sampler.memorySize ?? 0 }, () => tf.zerosLike(start));
  let x = start;
  return sampler.moves(times).map(({ numbers }) => {
    const scalars = Object.entries(numbers).map(([name, value]) => [name, tf.scalar(value)]);
    const input = { x, memory, condition: undefined, rng };
    const result = sampler.step(input, Object.fromEntries(scalars) as Record<string, tf.Scalar>);
    ({ x, memory = [] } = result);
    return result;
  });
}

/** N(mean, std²), whose noise can be predicted exactly. */
export type GaussianData = { readonly mean: tf.Tensor; readonly std: number };

/** The best ε in x = signal·x_0 + spread·ε: E[ε | x]. */
export function exactNoise<X extends tf.Tensor>(
  { mean, std }: GaussianData,
  x: X,
  { signal, spread }: Record<"signal" | "spread", tf.Tensor>,
): X {
  const variance = signal
    .square()
    .mul(std ** 2)
    .add(spread.square());
  return x.sub(signal.mul(mean)).mul(spread).div(variance);
}

/** The exact denoiser of Gaussian data on a schedule. */
export function gaussianDenoiser<X extends tf.Tensor>(
  data: GaussianData,
  { alphaBar }: { readonly alphaBar: Float64Array },
): core.Denoiser<X> {
  const table = tf.tensor1d(Float32Array.from(alphaBar));
  return (x, t) => {
    const perRow = tf.gather(table, t).reshape([-1, ...x.shape.slice(1).map(() => 1)]);
    return exactNoise(data, x, { signal: perRow.sqrt(), spread: tf.sub(1, perRow).sqrt() });
  };
}

/** The exact denoiser of Gaussian data at noise levels. */
export function gaussianSigmaDenoiser<X extends tf.Tensor>(
  data: GaussianData,
): core.SigmaDenoiser<X> {
  return (x, sigma) => {
    const spread = sigma.reshape([-1, ...x.shape.slice(1).map(() => 1)]);
    return x.sub(exactNoise(data, x, { signal: tf.onesLike(spread), spread }).mul(spread));
  };
}

/** Where the probability-flow ODE leads from x at noise level `from` to level `to`. */
export function exactFlow<X extends tf.Tensor>(
  { mean, std }: GaussianData,
  x: X,
  [from, to]: readonly [number, number],
): X {
  const scale = Math.sqrt((std ** 2 + to ** 2) / (std ** 2 + from ** 2));
  return x.sub(mean).mul(scale).add(mean);
}
