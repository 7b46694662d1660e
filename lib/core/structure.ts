import { tf } from "../engine/tf";

/** The same structure of arrays and records with every tensor replaced; all else stays. */
export function replaceTensors<T>(value: T, replace: (tensor: tf.Tensor) => tf.Tensor): T {
  const visit = (item: unknown): unknown => {
    if (item instanceof tf.Tensor) return replace(item);
    if (Array.isArray(item)) return item.map(visit);
    if (!isRecord(item)) return item;
    return Object.fromEntries(Object.entries(item).map(([name, child]) => [name, visit(child)]));
  };
  return visit(value) as T;
}

/** The tensors of a structure of arrays and records, in the order of `replaceTensors`. */
export function tensorsIn(value: unknown): tf.Tensor[] {
  const found: tf.Tensor[] = [];
  replaceTensors(value, (tensor) => {
    found.push(tensor);
    return tensor;
  });
  return found;
}

/** A plain object. */
export function isRecord(value: unknown): value is object {
  return (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}
