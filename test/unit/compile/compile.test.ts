import { strict as assert } from "node:assert";

import { core, compile, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

/** A momentum step of a small network, as one would write it. */
class Trainer {
  readonly scope = new core.Scope();
  readonly rng = new Rng(1);
  readonly hidden = this.scope.own(new nn.Dense(3, 16, this.rng));
  readonly output = this.scope.own(new nn.Dense(16, 2, this.rng));
  readonly parameters = [...this.hidden.parameters(), ...this.output.parameters()];
  readonly momenta = this.parameters.map(({ shape }) =>
    this.scope.own(tf.tidy(() => tf.variable(tf.zeros(shape), false))),
  );
  readonly noiseRng = new Rng(7);

  readonly step = (x: tf.Tensor): { loss: tf.Scalar } =>
    tf.tidy(() => {
      const target = this.noiseRng.normal([4, 2]);
      const { value, grads } = tf.variableGrads(
        () => this.output.forward(this.hidden.forward(x).relu()).sub(target).square().mean(),
        this.parameters,
      );
      this.parameters.forEach((parameter, i) => {
        const momentum = this.momenta[i] as tf.Variable;
        momentum.assign(momentum.mul(0.9).add(grads[parameter.name] as tf.Tensor));
        parameter.assign(parameter.sub(momentum.mul(0.05)));
      });
      return { loss: value };
    });

  train(step: (x: tf.Tensor) => { loss: tf.Scalar }, steps = 20): number[] {
    const x = new Rng(2).normal([4, 3]);
    const losses = Array.from({ length: steps }, () => {
      const { loss } = step(x);
      const [value] = loss.dataSync();
      loss.dispose();
      return value as number;
    });
    x.dispose();
    return losses;
  }

  weights(): number[] {
    return this.parameters.flatMap((parameter) => [...parameter.dataSync()]);
  }
}

describe("compile", () => {
  it("trains exactly as eager code does: losses, weights and generator after 20 steps", () => {
    const eager = new Trainer();
    const expected = eager.train(eager.step);
    const graph = new Trainer();
    const compiled = compile(graph.step);
    assertClose(graph.train(compiled), expected, { absolute: 0, relative: 1e-5 });
    assertClose(graph.weights(), eager.weights(), { absolute: 1e-7, relative: 1e-5 });
    assert.deepEqual(graph.noiseRng.state(), eager.noiseRng.state());
    assert.equal(compiled.traceCount, 1);
    compiled.dispose();
    assertClose(graph.weights(), eager.weights(), { absolute: 1e-7, relative: 1e-5 });
    for (const trainer of [eager, graph]) trainer.scope.dispose();
  });

  it("sees what is assigned outside, and shares variables between compiled functions", () => {
    const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
    const double = compile(() => {
      variable.assign(variable.mul(2));
    });
    const sum = compile(() => variable.sum());
    const read = (): number => tf.tidy(() => sum().dataSync()[0] as number);
    double();
    assert.equal(read(), 6);
    double();
    assert.equal(read(), 12);
    tf.tidy(() => {
      variable.assign(tf.tensor1d([10, 10]));
    });
    assert.equal(read(), 20);
    double();
    assert.deepEqual([...variable.dataSync()], [20, 20]);
    for (const item of [double, sum, variable]) item.dispose();
  });

  it("leaves clones of a variable with the value they were made with", () => {
    const variable = tf.tidy(() => tf.variable(tf.scalar(1)));
    const increment = compile(() => {
      variable.assign(variable.add(1));
    });
    increment();
    const clone = variable.clone();
    increment();
    assert.deepEqual([clone.dataSync()[0], variable.dataSync()[0]], [2, 3]);
    for (const item of [increment, clone, variable]) item.dispose();
  });

  it("leaves a clone its value when the variable gets another and the function goes on, or goes", () => {
    for (const end of ["runs", "is disposed"]) {
      const variable = tf.tidy(() => tf.variable(tf.scalar(1)));
      const increment = compile(() => {
        variable.assign(variable.add(1));
      });
      const read = compile(() => variable.mul(1));
      increment();
      const clone = variable.clone(); // 2, which only the session of `increment` has
      tf.tidy(() => {
        variable.assign(tf.scalar(10));
        assert.equal((read() as tf.Scalar).dataSync()[0], 10);
      });
      if (end === "runs") increment();
      else increment.dispose();
      variable.assign(clone);
      tf.tidy(() => assert.equal((read() as tf.Scalar).dataSync()[0], 2, end));
      assert.equal(clone.dataSync()[0], 2, end);
      for (const item of [increment, read, clone, variable]) item.dispose();
    }
  });

  it("keeps apart two variables that began with the same data", () => {
    const weight = tf.tidy(() => tf.variable(tf.scalar(1)));
    const average = tf.tidy(() => tf.variable(weight.clone(), false));
    const step = compile(() => {
      weight.assign(weight.add(1));
      average.assign(average.add(weight).div(2));
    });
    step();
    step();
    assert.deepEqual([weight.dataSync()[0], average.dataSync()[0]], [3, 2.25]);
    for (const item of [step, weight, average]) item.dispose();
  });

  it("makes a graph per shape, and per host value among the arguments", () => {
    const scale = compile((x: tf.Tensor, factor: number) => x.mul(factor));
    tf.tidy(() => {
      assertClose(scale(tf.tensor1d([1, 2]), 3).dataSync(), [3, 6]);
      assertClose(scale(tf.tensor1d([1, 2]), 4).dataSync(), [4, 8]);
      assertClose(scale(tf.tensor1d([5]), 3).dataSync(), [15]);
      assertClose(scale(tf.tensor1d([7, 8]), 3).dataSync(), [21, 24]);
    });
    assert.equal(scale.traceCount, 3);
    scale.dispose();
  });

  it("gives back several outputs in their structure, also untouched arguments", () => {
    const split = compile((x: tf.Tensor) => ({ parts: tf.split(x, 2), same: x }));
    tf.tidy(() => {
      const { parts, same } = split(tf.tensor1d([1, 2, 3, 4]));
      assertClose(parts[0]?.dataSync() ?? [], [1, 2]);
      assertClose(parts[1]?.dataSync() ?? [], [3, 4]);
      assertClose(same.dataSync(), [1, 2, 3, 4]);
    });
    split.dispose();
  });

  it("continues a generator given as an argument exactly as eager draws", () => {
    const draw = compile((rng: Rng) => [rng.normal([3]), rng.uniform([2])]);
    const [graph, eager] = [new Rng(11), new Rng(11)];
    tf.tidy(() => {
      for (let i = 0; i < 3; i++) {
        const got = draw(graph);
        const want = [eager.normal([3]), eager.uniform([2])];
        got.forEach((tensor, j) => {
          assert.deepEqual(tensor.dataSync(), (want[j] as tf.Tensor).dataSync());
        });
      }
    });
    assert.equal(draw.traceCount, 1);
    draw.dispose();
  });

  it("compiles a plain tf.layers model with tfjs's own Adam", () => {
    const losses = [false, true].map((isCompiled) => trainLayersModel(isCompiled));
    assertClose(losses[1] as number[], losses[0] as number[], { absolute: 0, relative: 1e-5 });
  });

  it("says how far it is when tracing takes more than two seconds, in the notebook", () => {
    const shown: string[] = [];
    const host = {
      display: (bundle: Readonly<Record<string, unknown>>) => {
        shown.push(String(bundle["text/plain"]));
      },
      clearOutput: () => undefined,
      signal: undefined,
    };
    core.registerKernelHost(host);
    const slow = compile((x: tf.Tensor) => {
      const end = performance.now() + 2100;
      while (performance.now() < end);
      return x.add(1);
    });
    try {
      tf.tidy(() => void slow(tf.scalar(1)));
      assert.match(shown[0] ?? "", /^Compiling for \d\.\d s: recorded \d+ operations …$/);
      assert.match(shown.at(-1) ?? "", /^Compiled a function in \d\.\d s\.$/);
    } finally {
      core.registerKernelHost(undefined as never);
      slow.dispose();
    }
  });

  it("runs eagerly on request", () => {
    const calls: number[] = [];
    const eager = compile(() => void calls.push(1), { compile: false });
    eager();
    eager();
    assert.deepEqual([calls.length, eager.traceCount], [2, 0]);
  });
});

function trainLayersModel(isCompiled: boolean): number[] {
  const scope = new core.Scope();
  const dense = tf.layers.dense({ units: 4, inputShape: [6], activation: "relu" });
  const model = tf.sequential({ layers: [dense, tf.layers.batchNormalization()] });
  const rng = new Rng(3);
  for (const weight of model.weights) {
    if (weight.name.includes("kernel"))
      tf.tidy(() => {
        weight.write(rng.normal(weight.shape as number[]));
      });
  }
  const optimizer = tf.train.adam(0.01);
  const x = scope.own(rng.normal([8, 6]));
  const step = compile(
    () =>
      tf.tidy(
        () =>
          optimizer.minimize(
            () => (model.apply(x, { training: true }) as tf.Tensor).sub(1).square().mean(),
            true,
          ) as tf.Scalar,
      ),
    { compile: isCompiled },
  );
  const losses = Array.from({ length: 5 }, () => {
    const loss = step();
    const [value] = loss.dataSync();
    loss.dispose();
    return value as number;
  });
  for (const item of [step, optimizer, model, scope]) item.dispose();
  return losses;
}
