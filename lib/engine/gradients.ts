import { type Attr, nativeBackend, nativeOp, typeAttr } from "./native-op";
import { tf } from "./tf";

// TensorFlow's own ops for the backward pass: one pass over the numbers where formulas in tfjs's
// ops take two to five. All can be differentiated again.

/** dy where x > 0, else 0; y is relu(x), which TensorFlow's op reads. The caller owns the result. */
function reluGradient(dy: tf.Tensor, x: tf.Tensor, y: tf.Tensor): tf.Tensor {
  return gatedBy(x, y, (g, features) => nativeOp("ReluGrad", float32(), [g, features]))(dy);
}

/** dy where x > 0, else slope·dy; y is leakyRelu(x). The caller owns the result. */
function leakyReluGradient(
  dy: tf.Tensor,
  [x, y]: readonly [tf.Tensor, tf.Tensor],
  slope: number,
): tf.Tensor {
  const alpha = { name: "alpha", type: nativeBackend().binding.TF_ATTR_FLOAT, value: slope };
  const attrs = [...float32(), alpha];
  const features = slope < 0 ? x : y; // of one sign
  return gatedBy(x, features, (g, f) => nativeOp("LeakyReluGrad", attrs, [g, f]))(dy);
}

/** dy·y·(1 − y); y is what sigmoid gave. The caller owns the result. */
export function sigmoidGradient(dy: tf.Tensor, y: tf.Tensor): tf.Tensor {
  const operation = tf.customGrad((...args) => {
    const [g, value, save] = args as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([g, value]);
    const gradFunc = (dg: tf.Tensor, [gSaved, ySaved]: tf.Tensor[]): tf.Tensor[] => {
      const slope = tf.sub(1, (ySaved as tf.Tensor).mul(2));
      return [sigmoidGradient(dg, ySaved as tf.Tensor), dg.mul(gSaved as tf.Tensor).mul(slope)];
    };
    return { value: nativeOp("SigmoidGrad", float32(), [value, g]), gradFunc };
  });
  return operation(dy, y);
}

type Gate = (dy: tf.Tensor, features: tf.Tensor) => tf.Tensor;

/** dy ↦ gate(dy, features): linear and its own transpose, and constant in x almost everywhere. */
function gatedBy(x: tf.Tensor, features: tf.Tensor, gate: Gate): (dy: tf.Tensor) => tf.Tensor {
  const operation = tf.customGrad((...args) => {
    const [dy, input, save] = args as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([input, features]);
    const gradFunc = (dg: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [inputSaved, featuresSaved] = saved as [tf.Tensor, tf.Tensor];
      return [gatedBy(inputSaved, featuresSaved, gate)(dg), tf.zerosLike(inputSaved)];
    };
    return { value: gate(dy, features), gradFunc };
  });
  return (dy) => operation(dy, x);
}

function float32(): Attr[] {
  return [typeAttr("T", "float32")];
}

/**
 * tfjs's gradients of relu and leakyRelu build masks in several ops. They also read what goes in,
 * where TensorFlow needs only what comes out: then it fuses the activation into the layer before.
 */
function replaceGradients(): void {
  for (const kernelName of ["Relu", "LeakyRelu"]) tf.unregisterGradient(kernelName);
  const kept = { inputsToSave: ["x"], outputsToSave: [true] };
  tf.registerGradient({
    ...kept,
    kernelName: "Relu",
    gradFunc: (dy, saved) => {
      const [x, y] = saved as [tf.Tensor, tf.Tensor];
      return { x: () => reluGradient(dy as tf.Tensor, x, y) };
    },
  });
  tf.registerGradient({
    ...kept,
    kernelName: "LeakyRelu",
    gradFunc: (dy, saved, { alpha }) => {
      const both = saved as [tf.Tensor, tf.Tensor];
      return { x: () => leakyReluGradient(dy as tf.Tensor, both, alpha as number) };
    },
  });
}

replaceGradients();
