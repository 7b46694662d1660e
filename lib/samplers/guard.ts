import { assertReal } from "../core/guard";
import { tf } from "../engine/tf";

/** Refuse what is neither a finite number nor a tensor, whose value cannot be seen. @throws ValueError */
export function assertNumber(where: string, name: string, value: number | tf.Scalar): void {
  if (!(value instanceof tf.Tensor)) assertReal(where, name, value);
}
