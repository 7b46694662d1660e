import { strict as assert } from "node:assert";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";

import { compile, core, tf } from "latentlab";

import { assertClose } from "../../support/close";

const X = [1, -2, 3, 0.5, -1, 4, 2];
const W = 0.7;

/** Σ_b (w·x_b)² / B and its gradient 2w·Σ_b x_b² / B, by hand. */
const sumOfSquares = X.reduce((sum, x) => sum + x * x, 0) / X.length;
const EXPECTED = { value: W * W * sumOfSquares, gradient: 2 * W * sumOfSquares };

/** Value and gradient of a compiled mean over examples, in at most so many parts. */
function compiled(
  maxParts: number,
  perExample: (x: tf.Tensor, w: tf.Variable) => tf.Tensor,
): { value: number; gradient: number } {
  const w = tf.tidy(() => tf.variable(tf.scalar(W)));
  const step = compile(
    (x: tf.Tensor1D) =>
      tf.tidy(() => {
        const loss = () => core.dataParallel([x], (part) => perExample(part, w)).mean<tf.Scalar>();
        const { value, grads } = tf.variableGrads(loss, [w]);
        return { value, gradient: grads[w.name] as tf.Tensor };
      }),
    { maxParts },
  );
  const x = tf.tensor1d(X);
  const result = step(x);
  const [value, gradient] = [result.value, result.gradient].map((t) => t.dataSync()[0] as number);
  const made = [x, result.value, result.gradient, w, step] as const;
  for (const one of made) one.dispose();
  return { value: value as number, gradient: gradient as number };
}

const square = (x: tf.Tensor, w: tf.Variable): tf.Tensor => x.mul(w).square();

/** Threads of this process; undefined where the system does not say. */
function threads(): number | undefined {
  return existsSync("/proc/self/task") ? readdirSync("/proc/self/task").length : undefined;
}

describe("dataParallel", () => {
  for (const maxParts of [1, 2, 3, 7, 8]) {
    it(`gives the value and the gradient of all examples, in up to ${maxParts} parts`, () => {
      const { value, gradient } = compiled(maxParts, square);
      assertClose([value, gradient], [EXPECTED.value, EXPECTED.gradient], { relative: 1e-6 });
    });
  }

  it("computes each part by itself: what mixes examples comes out otherwise", () => {
    const mixed = (x: tf.Tensor, w: tf.Variable): tf.Tensor => x.sub(x.mean()).mul(w).square();
    const [whole, cut] = [compiled(1, mixed).value, compiled(3, mixed).value];
    assert.ok(Math.abs(whole - cut) > 0.1, `${whole} and ${cut}`);
  });

  it("cuts records and leaves out what is undefined; functions in it are not cut again", () => {
    const sizes: number[] = [];
    const fn = compile(
      (a: tf.Tensor1D, b: tf.Tensor1D) =>
        core.dataParallel([{ a, b }, undefined, b], (record, nothing, last) => {
          assert.equal(nothing, undefined);
          const inner = core.dataParallel([record.a], (part) => {
            sizes.push(part.size);
            return part.neg();
          });
          return { inner, sum: record.b.add(last) };
        }),
      { maxParts: 3 },
    );
    const [a, b] = [tf.tensor1d(X), tf.tensor1d(X.map((x) => 10 * x))];
    const { inner, sum } = fn(a, b);
    assertClose(
      [...inner.dataSync()],
      X.map((x) => -x),
    );
    assertClose(
      [...sum.dataSync()],
      X.map((x) => 20 * x),
    );
    assert.deepEqual(sizes, [2, 2, 3, 2, 2, 3]); // it is traced twice
    for (const one of [a, b, inner, sum, fn]) one.dispose();
  });

  it("is the function itself outside of compile", () => {
    const x = tf.tensor1d(X);
    let calls = 0;
    const y = core.dataParallel([x], (all) => {
      calls++;
      return all.square();
    });
    assert.equal(calls, 1);
    assertClose(
      [...y.dataSync()],
      X.map((v) => v * v),
    );
    tf.dispose([x, y]);
  });

  it("gives each operation of a graph in parts its share of the threads", function () {
    if (threads() === undefined) return this.skip();
    const all = Number(process.env["TF_NUM_INTRAOP_THREADS"] ?? availableParallelism());
    const grown = [1, 128].map((maxParts) => {
      const fn = compile((x: tf.Tensor1D) => core.dataParallel([x], (part) => part.square()), {
        maxParts,
      });
      const x = tf.ones<tf.Rank.R1>([128]);
      const at = threads() as number;
      tf.dispose([x, fn(x)]);
      const more = (threads() as number) - at;
      fn.dispose();
      return more;
    });
    assert.deepEqual(grown, [all, 1]);
  });
});
