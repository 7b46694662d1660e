import { strict as assert } from "node:assert";

import { compile, Rng, tf } from "latentlab";

/** What is thrown when the compiled function is called with a vector. */
function failure(fn: (x: tf.Tensor) => tf.Tensor): Error {
  const compiled = compile(fn);
  const x = tf.tensor1d([1, 2, 3]);
  try {
    compiled(x).dispose();
  } catch (error) {
    return error as Error;
  } finally {
    x.dispose();
    compiled.dispose();
  }
  return assert.fail("the function compiled");
}

describe("compile refuses", () => {
  it("reading values, and conditions on them", () => {
    const error = failure((x) => ((x.sum().dataSync()[0] as number) > 0 ? x.mul(2) : x.mul(3)));
    assert.equal(error.name, "CompileError");
    assert.match(error.message, /reads a tensor's values.*Compute with tensor operations/);
    const variable = tf.tidy(() => tf.variable(tf.scalar(1)));
    assert.match(failure((x) => x.mul(variable.dataSync()[0] as number)).message, /reads a tensor/);
    variable.dispose();
  });

  it("host randomness, counters and host-made tensors that change", () => {
    const expected = /host value that changes from call to call.*Draw from an Rng/;
    assert.match(failure((x) => x.mul(Math.random())).message, expected);
    let step = 0;
    assert.match(failure((x) => x.div(++step)).message, expected);
    assert.match(failure((x) => x.add(tf.tensor1d([performance.now(), 0, 0]))).message, expected);
    const rng = new Rng(1);
    assert.match(failure((x) => x.add(rng.normalArray(1)[0] as number)).message, /reads a tensor/);
  });

  it("a captured tensor that was disposed, saying what to do", () => {
    const captured = tf.tensor1d([1, 1, 1]);
    const add = compile((x: tf.Tensor) => x.add(captured));
    const x = tf.tensor1d([1, 2, 3]);
    add(x).dispose();
    captured.dispose();
    assert.throws(() => add(x), /tensor from outside that was disposed.*Keep it alive/);
    add.dispose();
    x.dispose();
  });

  it("a variable that was disposed", () => {
    const variable = tf.tidy(() => tf.variable(tf.scalar(2)));
    const scale = compile((x: tf.Tensor) => x.mul(variable));
    const x = tf.tensor1d([1, 2, 3]);
    scale(x).dispose();
    variable.dispose();
    assert.throws(() => scale(x), /variable .* was disposed/);
    scale.dispose();
    x.dispose();
  });

  it("arguments that are neither tensors nor plain values", () => {
    const compiled = compile((x: never) => x as tf.Tensor);
    assert.throws(() => compiled(new Map() as never), /was given Map: it takes tensors/);
    assert.throws(() => compiled((() => 1) as never), /was given a function/);
  });

  it("leaving the engine and the variables as they were after any failure", () => {
    const variable = tf.tidy(() => tf.variable(tf.scalar(1)));
    failure((x) => {
      variable.assign(variable.add(1));
      throw new Error(`planted ${x.shape.join()}`);
    });
    assert.equal(variable.dataSync()[0], 1);
    assert.equal(
      tf.tidy(() => tf.scalar(2).mul(3).dataSync()[0]),
      6,
    );
    variable.dispose();
  });
});
