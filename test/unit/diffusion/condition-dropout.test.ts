import { strict as assert } from "node:assert";

import { compile, diffusion, Rng, tf } from "latentlab";

import { int32 } from "../../support/tensors";

describe("dropLabels", () => {
  it("R.17 drops the share it is told to, and keeps the others", () => {
    tf.tidy(() => {
      const n = 20_000;
      const labels = tf.range(0, n, 1, "int32").mod(tf.scalar(10, "int32")) as tf.Tensor1D;
      const options = { nullLabel: 10, labelDropProbability: 0.2 };
      const graph = compile((y: tf.Tensor1D, rng: Rng) => diffusion.dropLabels(y, rng, options));
      for (const drop of [
        graph,
        (y: tf.Tensor1D, rng: Rng) => diffusion.dropLabels(y, rng, options),
      ]) {
        const dropped = drop(labels, new Rng(6)).dataSync();
        const count = dropped.filter((label) => label === 10).length;
        assert.ok(Math.abs(count / n - 0.2) < 4 * Math.sqrt((0.2 * 0.8) / n), `${count}`);
        assert.ok(dropped.every((label, i) => label === 10 || label === i % 10));
      }
      graph.dispose();
      const all = diffusion.dropLabels(int32(1, 2), new Rng(1), {
        nullLabel: 7,
        labelDropProbability: 1,
      });
      assert.deepEqual([...all.dataSync()], [7, 7]);
    });
  });
});

describe("dropCaptions", () => {
  it("R.17 drops whole captions, the share it is told to, compiled too", () => {
    tf.tidy(() => {
      const n = 20_000;
      const tokens = tf.fill<tf.Rank.R2>([n, 3], 5, "int32");
      const options = { captionDropProbability: 0.2 };
      const drop = (ids: tf.Tensor2D, rng: Rng): tf.Tensor2D =>
        diffusion.dropCaptions(ids, rng, options);
      const graph = compile(drop);
      const dropped = drop(tokens, new Rng(6)).dataSync();
      assert.deepEqual(graph(tokens, new Rng(6)).dataSync(), dropped);
      graph.dispose();
      const rows = Array.from({ length: n }, (_, i) => dropped.slice(3 * i, 3 * i + 3).join());
      const count = rows.filter((row) => row === "0,0,0").length;
      assert.ok(rows.every((row) => row === "0,0,0" || row === "5,5,5"));
      assert.ok(Math.abs(count / n - 0.2) < 4 * Math.sqrt((0.2 * 0.8) / n), `${count}`);
    });
  });
});
