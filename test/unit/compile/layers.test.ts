import { compile, core, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

/** Every kind of layer in one network, with a gradient step; all of its randomness is seeded. */
class Everything {
  readonly scope = new core.Scope();
  readonly rng = new Rng(1);
  readonly down = new nn.Conv2d(1, 4, this.rng, { stride: 2, padding: 1 });
  readonly wide = new nn.Conv2d(4, 4, this.rng, { dilation: 2 });
  readonly group = new nn.GroupNorm(2, 4);
  readonly batch = new nn.BatchNorm(4);
  readonly layer = new nn.LayerNorm(4);
  readonly attention = new nn.MultiHeadAttention(4, 2, this.rng);
  readonly up = new nn.ConvTranspose2d(4, 1, this.rng, { kernelSize: 4, stride: 2 });
  readonly labels = new nn.LabelEmbedding(3, 4, this.rng);
  readonly dropout = new nn.Dropout(0.2, new Rng(9));
  readonly modules = [
    this.down,
    this.wide,
    this.group,
    this.batch,
    this.layer,
    this.attention,
    this.up,
    this.labels,
  ];
  readonly parameters = this.modules.flatMap((module) => module.parameters());

  constructor() {
    for (const module of this.modules) this.scope.own(module);
  }

  forward(x: tf.Tensor4D, y: tf.Tensor1D): tf.Tensor4D {
    const condition = this.labels.forward(y).add(nn.sinusoidalEmbedding(y, 4)); // (B, 4)
    const small = nn.silu(this.group.forward(this.down.forward(x))); // (B, 4, 4, 4)
    const shifted = this.batch.forward(small.add<tf.Tensor4D>(condition.reshape([-1, 1, 1, 4])));
    const pooled = nn.upsampleNearest(nn.averagePool(nn.gelu(this.wide.forward(shifted))));
    const tokens = nn.patchify(nn.upsampleBilinear(pooled), 2).slice([0, 0, 0], [-1, -1, 4]);
    const seen = this.attention.forward(this.layer.forward(tokens) as tf.Tensor3D);
    const back = this.dropout.forward(seen).reshape<tf.Tensor4D>([-1, 4, 4, 4]);
    return this.up.forward(nn.leakyRelu(back));
  }

  readonly step = (x: tf.Tensor, y: tf.Tensor): { loss: tf.Scalar } =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(
        () =>
          this.forward(x as tf.Tensor4D, y as tf.Tensor1D)
            .sub(x)
            .square()
            .mean(),
        this.parameters,
      );
      for (const parameter of this.parameters) {
        parameter.assign(parameter.sub((grads[parameter.name] as tf.Tensor).mul(0.05)));
      }
      return { loss: value };
    });

  /** Losses of some steps, and the running mean after them. */
  train(step: Everything["step"]): number[] {
    const x = new Rng(2).normal([2, 8, 8, 1]);
    const y = tf.tensor1d([0, 3], "int32");
    const losses = [0, 1, 2, 3].map(() => {
      const { loss } = step(x, y);
      const [value] = loss.dataSync();
      loss.dispose();
      return value as number;
    });
    const moments = [...this.batch.runningMean.dataSync()];
    for (const owned of [x, y, this.scope]) owned.dispose();
    return [...losses, ...moments];
  }
}

describe("layers in a compiled step", () => {
  it("give eager's losses and running moments, dropout and all", () => {
    const [eager, compiled] = [new Everything(), new Everything()];
    const step = compile(compiled.step);
    const got = compiled.train(step);
    step.dispose();
    assertClose(got, eager.train(eager.step), { absolute: 1e-4, relative: 1e-4 });
  });
});
