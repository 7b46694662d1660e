import { strict as assert } from "node:assert";

import { core, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { assertTwiceDifferentiable } from "../../support/finite-difference";

type Tokens = number[][];

/** softmax(QKᵀ / scale) V by loops, for one head; `sees` says who may look at whom. */
function loopAttention(
  [query, key, value]: readonly [Tokens, Tokens, Tokens],
  scale: number,
  sees: (n: number, m: number) => boolean = () => true,
): Tokens {
  return query.map((q, n) => {
    const weights = key.map((k, m) =>
      sees(n, m) ? Math.exp(q.reduce((sum, x, i) => sum + x * k[i]!, 0) / scale) : 0,
    );
    const total = weights.reduce((sum, w) => sum + w, 0);
    return value[0]!.map((_, e) =>
      weights.reduce((sum, w, m) => sum + (w * value[m]![e]!) / total, 0),
    );
  });
}

function draw(shape: [number, number, number, number], seed: number): tf.Tensor4D {
  return new Rng(seed).normal(shape);
}

function head(x: tf.Tensor4D, b: number, h: number): Tokens {
  return x.arraySync()[b]![h]!;
}

describe("attention", () => {
  it("R.24 is a scalar loop, for every example and head", () => {
    tf.tidy(() => {
      const [q, k, v] = [draw([2, 3, 4, 5], 1), draw([2, 3, 6, 5], 2), draw([2, 3, 6, 2], 3)];
      const got = nn.attention(q, k, v);
      for (const [b, h] of [
        [0, 0],
        [0, 2],
        [1, 1],
      ] as const) {
        const parts = [head(q, b, h), head(k, b, h), head(v, b, h)] as const;
        const want = loopAttention(parts, Math.sqrt(5));
        assertClose(head(got, b, h).flat(), want.flat());
        for (const scale of [1, 5]) {
          const wrong = loopAttention(parts, scale);
          assert.throws(() => assertClose(head(got, b, h).flat(), wrong.flat()), /element/);
        }
      }
    });
  });

  it("R.24 masks keys, and the future if causal", () => {
    tf.tidy(() => {
      const [q, k, v] = [draw([1, 1, 4, 3], 1), draw([1, 1, 4, 3], 2), draw([1, 1, 4, 2], 3)];
      const parts = [head(q, 0, 0), head(k, 0, 0), head(v, 0, 0)] as const;
      const seen = [true, false, true, true];
      const mask = tf.tensor(seen, [1, 1, 1, 4], "bool");
      const root = Math.sqrt(3);
      const masked = loopAttention(parts, root, (_, m) => seen[m]!);
      assertClose(nn.attention(q, k, v, { mask }).dataSync(), masked.flat());
      const causal = loopAttention(parts, root, (n, m) => m <= n);
      assertClose(nn.attention(q, k, v, { isCausal: true }).dataSync(), causal.flat());
      const both = loopAttention(parts, root, (n, m) => m <= n && seen[m]!);
      assertClose(nn.attention(q, k, v, { mask, isCausal: true }).dataSync(), both.flat());
    });
  });

  it("stays finite for huge scores and for a query that may look at nothing", () => {
    tf.tidy(() => {
      const x = draw([1, 1, 3, 2], 1).mul(1e3) as tf.Tensor4D;
      const mask = tf.zeros([3, 3], "bool");
      for (const y of [nn.attention(x, x, x), nn.attention(x, x, x, { mask })]) {
        for (const value of y.dataSync()) assert.ok(Number.isFinite(value));
      }
    });
  });

  it("derivatives of first and second order", () => {
    tf.tidy(() => {
      const x = draw([1, 2, 3, 2], 4);
      const y = draw([1, 2, 3, 2], 5);
      assertTwiceDifferentiable((at) => nn.attention(at as tf.Tensor4D, y, y), x);
      assertTwiceDifferentiable((at) => nn.attention(y, at as tf.Tensor4D, at as tf.Tensor4D), x);
    });
  });

  it("refuses a mask of another dtype or shape", () => {
    tf.tidy(() => {
      const x = draw([1, 1, 3, 2], 1);
      for (const mask of [
        tf.ones([3, 3]),
        tf.ones([2, 3], "bool"),
        tf.ones([1, 1, 1, 1, 3], "bool"),
      ]) {
        assert.throws(() => nn.attention(x, x, x, { mask }), core.ShapeError);
      }
    });
  });
});

describe("MultiHeadAttention", () => {
  it("R.24 does not know the order of tokens: it permutes with them", () => {
    const layer = new nn.MultiHeadAttention(6, 3, new Rng(1));
    tf.tidy(() => {
      const x = new Rng(2).normal<tf.Tensor3D>([2, 4, 6]);
      const order = tf.tensor1d([2, 0, 3, 1], "int32");
      const before = layer.forward(x.gather(order, 1));
      const after = layer.forward(x).gather(order, 1);
      assertClose(before.dataSync(), after.dataSync());
      const causal = layer.forward(x.gather(order, 1), { isCausal: true });
      const other = layer.forward(x, { isCausal: true }).gather(order, 1);
      assert.throws(() => assertClose(causal.dataSync(), other.dataSync()), /element/);
    });
    layer.dispose();
  });

  it("R.24 each head sees its own consecutive features", () => {
    const layer = new nn.MultiHeadAttention(4, 2, new Rng(1));
    tf.tidy(() => {
      for (const { weight, bias } of [layer.query, layer.key, layer.value, layer.output]) {
        weight.assign(tf.eye(4));
        bias!.assign(tf.zeros([4]));
      }
      const x = new Rng(2).normal<tf.Tensor3D>([1, 3, 4]);
      const rows = x.arraySync()[0]!;
      const heads = [0, 2].map((first) => {
        const part = rows.map((row) => row.slice(first, first + 2));
        return loopAttention([part, part, part], Math.SQRT2);
      });
      const want = rows.map((_, n) => [...heads[0]![n]!, ...heads[1]![n]!]);
      assertClose(layer.forward(x).dataSync(), want.flat());
    });
    layer.dispose();
  });

  it("looks at a context of another length and size; splitting and merging undo each other", () => {
    const layer = new nn.MultiHeadAttention(4, 2, new Rng(1), { contextSize: 5 });
    tf.tidy(() => {
      const x = new Rng(2).normal<tf.Tensor3D>([2, 3, 4]);
      const context = new Rng(3).normal<tf.Tensor3D>([2, 7, 5]);
      assert.deepEqual(layer.forward(x, { context }).shape, [2, 3, 4]);
      assert.deepEqual(nn.mergeHeads(nn.splitHeads(x, 2)).dataSync(), x.dataSync());
    });
    layer.dispose();
  });

  it("refuses heads that do not divide the features", () => {
    assert.throws(() => new nn.MultiHeadAttention(6, 4, new Rng(1)), core.ValueError);
  });
});
