import { assertDtype, assertFloats, assertSameShape } from "../core/guard";
import type { Batch } from "../core/types";
import { tf } from "../engine/tf";
import { perExample } from "./sde/noise";

/** The two ends of a flow, of one shape `[B, …]`. */
export type FlowEnds<X extends Batch> = { readonly noise: X; readonly data: X };

/**
 * A point on the straight way from noise, t = 0, to data, t = 1.
 *
 * @eq FM.22 x_t = (1 − t) x_noise + t x_data
 * @param t `[B]`, float32, 0…1
 * @returns same shape; the caller owns it
 * @throws ShapeError
 * @see Lipman et al. 2023, arXiv:2210.02747v2, with σ_min = 0; Liu et al. 2022, arXiv:2209.03003v1
 */
export function flowSample<X extends Batch>({ noise, data }: FlowEnds<X>, t: tf.Tensor1D): X {
  assertEnds("flowSample", noise, data);
  assertFloats("flowSample", "t", t, [noise.shape[0] as number]);
  return tf.tidy(() => noise.add<X>(data.sub(noise).mul(perExample(t, noise))));
}

/** What a flow-matching network learns: u = x_data − x_noise. @eq FM.23 @throws ShapeError */
export function flowVelocity<X extends Batch>({ noise, data }: FlowEnds<X>): X {
  assertEnds("flowVelocity", noise, data);
  return data.sub(noise);
}

function assertEnds(where: string, noise: Batch, data: Batch): void {
  assertDtype(where, "noise", noise, "float32");
  assertDtype(where, "data", data, "float32");
  assertSameShape(where, ["noise", "data"], [noise, data]);
}
