import { assertInteger, assertTensor } from "../core/guard";
import type { Rng } from "../core/random";
import { type Estimate, estimate } from "../core/statistics";
import type { Latents } from "../core/types";
import { tf } from "../engine/tf";
import { type Autoencoder, elbo, type ElboOptions, type ElboParts } from "./elbo";

/** The bound and its parts over a set of pictures: nats per picture, with standard errors. */
export type ElboMeasurement = { readonly [Part in keyof ElboParts]: Estimate };

/**
 * The mean ELBO of a set of pictures, one sample of q for each, batch by batch.
 *
 * @eq R.3
 * @param x at least two pictures, `[N, ...]`
 * @param options `batchSize` bounds the memory, default 500; the rest as in `elbo`
 */
export function measureElbo(
  model: Autoencoder,
  x: tf.Tensor,
  rng: Rng,
  { batchSize = 500, ...options }: ElboOptions & { readonly batchSize?: number } = {},
): ElboMeasurement {
  assertInteger("measureElbo", "batchSize", batchSize);
  assertTensor("measureElbo", "x", x);
  const values: Record<keyof ElboParts, number[]> = { elbo: [], reconstruction: [], kl: [] };
  const count = x.shape[0] ?? 0;
  for (let start = 0; start < count; start += batchSize) {
    tf.tidy(() => {
      const batch = x.slice(start, Math.min(batchSize, count - start));
      const noise = rng.normal<Latents>(model.encode(batch).mean.shape);
      const parts = elbo(model, batch, noise, options);
      for (const part of Object.keys(values) as (keyof ElboParts)[]) {
        values[part].push(...parts[part].dataSync());
      }
    });
  }
  return {
    elbo: estimate(values.elbo),
    reconstruction: estimate(values.reconstruction),
    kl: estimate(values.kl),
  };
}
