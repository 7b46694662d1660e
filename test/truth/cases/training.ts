import { nn, Rng, tf, training } from "latentlab";

import type { Inputs } from "../inputs";
import type { Mappings } from "../run";

/** A module that is one weight, to average. */
class Weight extends nn.Module {
  readonly weight: tf.Variable;

  constructor(value: tf.Tensor) {
    super();
    this.weight = nn.parameter(value.shape, () => value.clone(), new Rng(0));
  }
}

function rows(inputs: Inputs, name: string): tf.Tensor[] {
  return inputs.tensor(name).unstack();
}

/** The average after each row but the first, which it starts from. */
function averages(inputs: Inputs, warmUp: boolean): tf.Tensor {
  const [first, ...rest] = rows(inputs, "parameters") as [tf.Tensor, ...tf.Tensor[]];
  const model = new Weight(first);
  const ema = new training.Ema(model, { decay: inputs.number("decay"), warmUp });
  const seen = rest.map((row) => {
    model.weight.assign(row);
    ema.update();
    return tf.clone(ema.state().averages["weight"] as tf.Tensor);
  });
  ema.dispose();
  model.dispose();
  return tf.stack(seen);
}

/** The weight after each step of an optimiser on the given gradients. */
function weights(
  inputs: Inputs,
  create: (parameters: training.NamedParameters) => training.Optimizer,
): tf.Tensor {
  const model = new Weight(inputs.tensor("p0"));
  const optimizer = create(model.namedParameters());
  const seen = rows(inputs, "gradients").map((gradient) => {
    optimizer.apply(new Map([["weight", gradient]]));
    return model.weight.clone();
  });
  optimizer.dispose();
  model.dispose();
  return tf.stack(seen);
}

function decays(inputs: Inputs): number[] {
  const model = new Weight(tf.zeros([1]));
  const ema = new training.Ema(model, { decay: inputs.number("decay"), warmUp: true });
  const updates = (inputs.shape("parameters")[0] as number) - 1;
  const values = Array.from({ length: updates }, (_, k) => ema.decayOf(k));
  ema.dispose();
  model.dispose();
  return values;
}

/** Learning rates of steps 0…total after a warm-up; the decay takes the steps that are left. */
function rates(
  inputs: Inputs,
  decay: (peak: number, steps: number) => training.LearningRateSchedule,
): number[] {
  const [warmUp, total] = [inputs.number("warmup_steps"), inputs.number("total_steps")];
  const rate = training.withWarmUp(warmUp, decay(1, total - warmUp));
  return Array.from({ length: total + 1 }, (_, step) => rate(step));
}

export const trainingCases: Mappings = {
  ema: (inputs) => ({
    constant: averages(inputs, false),
    warmup: averages(inputs, true),
    warmup_decays: decays(inputs),
  }),

  optimizers: (inputs) => {
    const learningRate = inputs.number("lr");
    const [beta1, beta2] = [inputs.number("beta1"), inputs.number("beta2")];
    const epsilon = inputs.number("eps");
    const adam = { learningRate, beta1, beta2, epsilon };
    const weightDecay = inputs.number("weight_decay");
    return {
      adam: weights(inputs, (p) => training.adam(p, adam)),
      adam_beta1_half: weights(inputs, (p) =>
        training.adam(p, { ...adam, beta1: inputs.number("dcgan_beta1") }),
      ),
      adam_eps_1e7: weights(inputs, (p) => training.adam(p, { ...adam, epsilon: 1e-7 })),
      adamw: weights(inputs, (p) => training.adamW(p, { ...adam, weightDecay })),
      // The case fixes PyTorch's momentum 0.9 and RMSprop's alpha 0.99.
      sgd_momentum: weights(inputs, (p) => training.sgd(p, { learningRate, momentum: 0.9 })),
      rmsprop: weights(inputs, (p) => training.rmsprop(p, { learningRate, alpha: 0.99, epsilon })),
    };
  },

  "clip-lr": (inputs) => {
    const gradients = new Map([
      ["a", inputs.tensor("grad_a")],
      ["b", inputs.tensor("grad_b")],
    ]);
    const norm = training.globalNorm(gradients);
    const clipped = training.clipByGlobalNorm(gradients, norm, inputs.number("max_norm"));
    return {
      global_norm: norm,
      clipped_a: clipped.get("a") as tf.Tensor,
      clipped_b: clipped.get("b") as tf.Tensor,
      cosine_lr: rates(inputs, training.cosineDecay),
      linear_lr: rates(inputs, training.linearDecay),
    };
  },
};
