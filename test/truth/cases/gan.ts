import { core, objectives, oracles, tf } from "latentlab";

import type { Inputs } from "../inputs";
import type { Mapping, Mappings, Output } from "../run";

const game: Mapping = (inputs) => {
  const [p, g] = [inputs.array("p"), inputs.array("g")];
  const best = oracles.optimalDiscriminator(p, g);
  const middle = p.map((value, i) => (value + g[i]!) / 2);
  return {
    d_star: best,
    value: oracles.gameValue(oracles.optimalLogits(p, g), p, g),
    jsd: oracles.jensenShannon(p, g),
    kl_p_m: oracles.klDiscrete(p, middle),
    kl_g_m: oracles.klDiscrete(g, middle),
    value_when_equal: oracles.gameValue(oracles.optimalLogits(p, p), p, p),
  };
};

const losses: Mapping = (inputs) => {
  const [real, fake] = [inputs.tensor("real_logits"), inputs.tensor("fake_logits")];
  const { discriminatorLoss, generatorLoss } = objectives;
  const [gradReal, gradFake] = tf.grads((r, f) => discriminatorLoss(r!, f!))([real, fake]);
  const loss = discriminatorLoss(real, fake);
  return {
    d_loss: loss,
    d_loss_half: loss.div(2),
    d_loss_label_smooth_0_9: discriminatorLoss(real, fake, { realTarget: 0.9 }),
    g_loss_non_saturating: generatorLoss(fake),
    g_loss_saturating: objectives.saturatingGeneratorLoss(fake),
    value_function: loss.neg(),
    d_hinge: objectives.hingeDiscriminatorLoss(real, fake),
    g_hinge: objectives.criticGeneratorLoss(fake),
    d_wasserstein: objectives.wassersteinCriticLoss(real, fake),
    d_lsgan: objectives.leastSquaresDiscriminatorLoss(real, fake),
    g_lsgan: objectives.leastSquaresGeneratorLoss(fake),
    grad_d_real: gradReal!,
    grad_d_fake: gradFake!,
    grad_g_non_saturating: tf.grad(generatorLoss)(fake),
  };
};

/** A critic of the given weights: the loss and its gradients, named after the weights. */
function penalty(
  inputs: Inputs,
  critic: (x: tf.Tensor, ...weights: tf.Tensor[]) => tf.Tensor,
  names: readonly string[],
): Record<string, Output> {
  const [real, fake] = [inputs.tensor("real"), inputs.tensor("fake")];
  const u = inputs.tensor("alpha").reshape<tf.Tensor1D>([-1]);
  const weights = names.map((name) => inputs.tensor(name));
  const options = { weight: inputs.number("lam") };
  const loss = (...values: tf.Tensor[]): tf.Scalar =>
    objectives.gradientPenalty((x) => critic(x, ...values), { real, fake, u }, options);
  const between = fake.add(u.expandDims(1).mul(real.sub(fake)));
  const grads = tf.grads(loss)(weights);
  return {
    penalty: loss(...weights),
    gradient_norms: objectives.inputGradientNorms((x) => critic(x, ...weights), between),
    ...Object.fromEntries(names.map((name, i) => [`grad_${name}`, grads[i]!])),
  };
}

const linear: Mapping = (inputs) => {
  const bias = inputs.number("b");
  return penalty(inputs, (x, w) => x.matMul(w!.expandDims(1)).add(bias), ["w"]);
};

const mlp: Mapping = (inputs) => {
  const names = ["W1", "b1", "w2"];
  const critic = (x: tf.Tensor, W1?: tf.Tensor, b1?: tf.Tensor, w2?: tf.Tensor): tf.Tensor =>
    core.tanh(x.matMul(W1!).add(b1!)).matMul(w2!.expandDims(1));
  const weights = names.map((name) => inputs.tensor(name));
  const r1 = (...values: tf.Tensor[]): tf.Scalar =>
    objectives.r1Penalty((x) => critic(x, ...values), inputs.tensor("real"), {
      gamma: inputs.number("r1_gamma"),
    });
  const [gradW1, , gradW2] = tf.grads(r1)(weights);
  return {
    ...penalty(inputs, critic, names),
    r1: r1(...weights),
    r1_grad_W1: gradW1!,
    r1_grad_w2: gradW2!,
  };
};

export const gan: Mappings = {
  "optimal-discriminator*": game,
  "losses*": losses,
  "gradient-penalty-linear*": linear,
  "gradient-penalty-mlp*": mlp,
};
