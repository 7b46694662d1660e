import { strict as assert } from "node:assert";

import pl from "nodejs-polars";

import { Rng, tf, viz } from "latentlab";

import { assertNoMarkup, decode, HOSTILE, PLOTLY_MIME, shown } from "../../support/outputs";

describe("values show themselves", () => {
  it("a matrix by dtype, shape, extremes and values", () => {
    const x = tf.tensor2d([
      [1.5, -2],
      [0.25, 8],
    ]);
    const bundle = shown(x);
    x.dispose();
    assert.match(
      String(bundle["text/plain"]),
      /^Tensor float32 \[2, 2\], values in \[-2\.000, 8\.000\]/,
    );
    assert.match(String(bundle["text/html"]), /0\.25/);
    assert.ok(!("image/png" in bundle));
  });

  it("a batch of images by its first 64 pictures", () => {
    const x = new Rng(1).uniform([70, 8, 8, 1]);
    const bundle = shown(x);
    x.dispose();
    assert.deepEqual(decode(bundle["image/png"]).shape, [8 * 56 + 7 * 4, 8 * 56 + 7 * 4, 1]);
  });

  it("a disposed, an empty, a string and a NaN tensor in words", () => {
    const [gone, empty, words] = [tf.scalar(1), tf.zeros([0, 3]), tf.tensor1d(["<b>"])];
    gone.dispose();
    assert.equal(shown(gone)["text/plain"], "Tensor float32 [], disposed");
    assert.match(String(shown(empty)["text/plain"]), /\[0, 3\]/);
    assert.match(String(shown(words)["text/plain"]), /<b>/);
    const nan = tf.tensor4d([NaN, ...Array.from({ length: 15 }, () => 0)], [1, 4, 4, 1]);
    assert.ok(!("image/png" in shown(nan)));
    tf.dispose([empty, words, nan]);
  });

  it("a polars frame by itself, and as a table of ours, escaped", () => {
    const frame = pl.DataFrame({ name: [HOSTILE, "b"], value: [1.23456789, null], n: [3, 4] });
    assertNoMarkup(shown(frame));
    const bundle = shown(viz.table(frame, { title: HOSTILE }));
    assertNoMarkup(bundle);
    const html = String(bundle["text/html"]);
    assert.match(html, /<td style="text-align:right">1\.235<\/td>/);
    assert.match(html, /<td style="text-align:right">–<\/td>/);
    assert.match(html, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
    assert.match(String(bundle["text/plain"]), /\nname +value {2}n\n/);
  });

  it("a long table by its first rows", () => {
    const rows = Array.from({ length: 60 }, (_, step) => ({ step }));
    assert.match(viz.table(rows).text(), /\n +49\n10 more rows$/);
  });

  it("a plain Plotly object as a figure, and nothing else", () => {
    const bundle = shown({ data: [{ y: new Float32Array([1, 2]) }], layout: {} });
    const figure = bundle[PLOTLY_MIME] as { data: { y: number[] }[] };
    assert.deepEqual(figure.data[0]?.y, [1, 2]);
    for (const other of [3, "x", null, {}, { data: 1, layout: {} }, { data: [1], layout: {} }])
      assert.deepEqual(shown(other), {});
  });
});
