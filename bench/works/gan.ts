import { compile, core, engine, nn, Rng, tf, training } from "latentlab";

import { checkDraws, data, models } from "../numbers";
import { loadParameters, type Runnable, type RunOptions, sumOfMagnitudes } from "./training-work";

const same = { kernelSize: 4, stride: 2, useBias: false } as const;
const valid = { kernelSize: 4, padding: "valid", useBias: false } as const;

class Generator extends nn.Module {
  readonly t: readonly nn.ConvTranspose2d[];
  readonly n: readonly nn.BatchNorm[];

  constructor(rng: Rng) {
    super();
    const { nz } = models.dcgan;
    this.t = [
      new nn.ConvTranspose2d(nz, 128, rng, valid),
      new nn.ConvTranspose2d(128, 64, rng, same),
      new nn.ConvTranspose2d(64, 32, rng, same),
      new nn.ConvTranspose2d(32, 1, rng, same),
    ];
    this.n = [128, 64, 32].map((channels) => new nn.BatchNorm(channels));
  }

  forward(z: tf.Tensor): tf.Tensor4D {
    const seed = z.reshape<tf.Tensor4D>([z.shape[0] as number, 1, 1, -1]);
    const [first, ...rest] = this.t as [nn.ConvTranspose2d, ...nn.ConvTranspose2d[]];
    const last = rest.reduce((h, layer, i) => {
      const norm = this.n[i] as nn.BatchNorm;
      return layer.forward(tf.relu(norm.forward(h)));
    }, first.forward(seed));
    return nn.tanh(last);
  }
}

class Discriminator extends nn.Module {
  readonly c: readonly nn.Conv2d[];
  /** The first convolution has none. */
  readonly n: Readonly<Record<string, nn.BatchNorm>>;

  constructor(rng: Rng) {
    super();
    this.c = [
      new nn.Conv2d(1, 32, rng, same),
      new nn.Conv2d(32, 64, rng, same),
      new nn.Conv2d(64, 128, rng, same),
      new nn.Conv2d(128, 1, rng, valid),
    ];
    this.n = { 1: new nn.BatchNorm(64), 2: new nn.BatchNorm(128) };
  }

  forward(x: tf.Tensor4D): tf.Tensor1D {
    const [c0, c1, c2, c3] = this.c as [nn.Conv2d, nn.Conv2d, nn.Conv2d, nn.Conv2d];
    let h = nn.leakyRelu(c0.forward(x));
    h = nn.leakyRelu((this.n["1"] as nn.BatchNorm).forward(c1.forward(h)));
    h = nn.leakyRelu((this.n["2"] as nn.BatchNorm).forward(c2.forward(h)));
    return c3.forward(h).reshape([-1]);
  }
}

/** A path such as "t.0.weight" or "n.1.bias" as works.json names it. */
function nameIn(part: "gen" | "disc"): (path: string) => string {
  return (path) =>
    `${part}.${path.replace(/^(\w)\.(\d)/, "$1$2").replace(/^(n\d)\.weight/, "$1.gain")}`.replace(
      "weight",
      "kernel",
    );
}

type Numbers = { readonly forG: training.StepNumbers; readonly forD: training.StepNumbers };

/** DCGAN: the discriminator on real and fake batches, then the generator through it. */
export class Gan implements Runnable {
  readonly checkSteps = 3;
  private readonly rng = new Rng(0);
  private readonly generator = new Generator(this.rng);
  private readonly discriminator = new Discriminator(this.rng);
  private readonly x = data("dcgan") as tf.Tensor4D;
  private readonly optimizers: { readonly g: training.Optimizer; readonly d: training.Optimizer };
  private readonly run: (z: tf.Tensor | undefined, numbers: Numbers) => tf.Tensor;

  constructor(private readonly options: RunOptions) {
    const { params, optimizer, batch, nz } = models.dcgan;
    for (const [part, module] of Object.entries({
      gen: this.generator,
      disc: this.discriminator,
    })) {
      const rows = params.filter(([name]) => name.startsWith(part));
      loadParameters(module, rows, nameIn(part as "gen" | "disc"));
    }
    const { lr: learningRate, betas, eps: epsilon } = optimizer;
    const adam = (module: nn.Module) =>
      training.adam(module.namedParameters(), {
        learningRate,
        beta1: betas[0],
        beta2: betas[1],
        epsilon,
      });
    this.optimizers = { g: adam(this.generator), d: adam(this.discriminator) };
    this.run = compile((z, numbers) => this.compute(z ?? this.rng.normal([batch, nz]), numbers), {
      compile: options.isCompiled,
    });
  }

  step(i: number): number {
    const { g, d } = this.optimizers;
    const scope = new core.Scope();
    const z = this.options.isChecking
      ? scope.own(checkDraws("dcgan", i)["z"] as tf.Tensor)
      : undefined;
    const numbers = { forG: g.nextNumbers(), forD: d.nextNumbers() };
    for (const tensor of Object.values(numbers).flatMap((n) => Object.values(n))) scope.own(tensor);
    const loss = scope.own(this.run(z, numbers));
    const [value] = loss.dataSync();
    g.countStep();
    d.countStep();
    scope.dispose();
    return value as number;
  }

  sums(): { weights: number; ema: null } {
    const variables = [...this.generator.parameters(), ...this.discriminator.parameters()];
    return { weights: sumOfMagnitudes(variables), ema: null };
  }

  /** G's forward pass is made once: D is trained on its pictures before it judges them. */
  private compute(z: tf.Tensor, { forG, forD }: Numbers): tf.Tensor {
    return tf.tidy(() => {
      const { values, gradients } = training.lossAndGradients(
        this.generator.namedParameters(),
        () => {
          const fake = this.generator.forward(z);
          const dLoss = engine.offTape(() => this.trainDiscriminator(fake, forD));
          return { loss: tf.softplus(this.discriminator.forward(fake).neg()).mean(), dLoss };
        },
      );
      this.optimizers.g.change(gradients, forG);
      return values.sum();
    });
  }

  private trainDiscriminator(fake: tf.Tensor4D, numbers: training.StepNumbers): tf.Scalar {
    const { discriminator } = this;
    const { values, gradients } = training.lossAndGradients(discriminator.namedParameters(), () => {
      const real = tf.softplus(discriminator.forward(this.x).neg()).mean();
      return real.add<tf.Scalar>(tf.softplus(discriminator.forward(fake)).mean());
    });
    this.optimizers.d.change(gradients, numbers);
    return values.asScalar();
  }
}
