import { tf } from "../engine/tf";
import type { Module } from "../nn/module";
import { isFiniteTensor } from "./non-finite";

type Forward = (...args: unknown[]) => unknown;
type Layer = Module & { forward: Forward };

/**
 * The layer in which values stop being finite while `compute` runs: the first, in the order in
 * which layers end, whose `forward` returns a NaN or an infinity. A block is named only if the
 * layers inside it are all right, and so the fault lies between them.
 *
 * @returns e.g. "encoder.hidden (Dense)", or undefined if every output is finite
 */
export function firstBadLayer(model: Module, compute: () => void): string | undefined {
  let found: string | undefined;
  const watched = layersOf(model);
  for (const [path, layer] of watched) {
    const forward = layer.forward.bind(layer);
    layer.forward = (...args) => {
      const output = forward(...args);
      if (found === undefined && output instanceof tf.Tensor && !isFiniteTensor(output)) {
        found = `${path === "" ? "the model" : path} (${layer.constructor.name})`;
      }
      return output;
    };
  }
  try {
    compute();
  } finally {
    // What was put over the method of the class.
    for (const [, layer] of watched) Reflect.deleteProperty(layer, "forward");
  }
  return found;
}

function layersOf(model: Module): (readonly [path: string, layer: Layer])[] {
  return [...model.namedModules()].filter((entry): entry is [string, Layer] => {
    const [, module] = entry;
    return "forward" in module && typeof module.forward === "function";
  });
}
