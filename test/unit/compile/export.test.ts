import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { core, exportedFunction, exportSavedModel, nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { OpenedModel, withFolder } from "../../support/saved-model";

const VECTOR = { shape: [null, 3] } as const;

/** What is thrown when the function is exported, which must leave no file. */
async function failure(run: (x: tf.Tensor) => tf.Tensor): Promise<Error> {
  return withFolder((folder) => {
    const fn = exportedFunction({ inputs: { x: VECTOR }, run: ({ x }) => ({ y: run(x) }) });
    try {
      exportSavedModel(folder, { serving_default: fn });
    } catch (error) {
      assert.equal(existsSync(join(folder, "saved_model.pb")), false);
      return error as Error;
    }
    return assert.fail("the function was exported");
  });
}

describe("exportSavedModel", () => {
  it("writes what any number of examples can be given to, whatever the function asks of the size", () =>
    withFolder(async (folder) => {
      const rng = new Rng(1);
      const [attention, table] = [new nn.MultiHeadAttention(4, 2, rng), rng.normal([1, 4])];
      const run = (x: tf.Tensor2D, scale: tf.Scalar): tf.Tensor => {
        const batch = x.shape[0];
        const twice = tf.concat([x, tf.ones([batch, 3])]); //        a row that repeats
        const [first, second] = tf.split(twice, [batch, batch]) as [tf.Tensor2D, tf.Tensor2D];
        const both = first.mul(second).tile([1, 4]).reshape<tf.Tensor3D>([batch, 3, 4]);
        const sizes = tf.fill([batch], 2).reshape([batch, 1, 1]);
        return attention.forward(both.add(table)).mul(sizes).mul(scale);
      };
      exportSavedModel(folder, {
        serving_default: exportedFunction({
          inputs: { x: VECTOR, scale: { shape: [] } },
          run: ({ x, scale }) => ({ y: run(x as tf.Tensor2D, scale as tf.Scalar) }),
        }),
      });
      const model = new OpenedModel(folder);
      for (const batch of [1, 2, 7]) {
        const [x, scale] = [rng.normal<tf.Tensor2D>([batch, 3]), tf.scalar(0.5)];
        const want = tf.tidy(() => run(x, scale));
        const got = await model.call("serving_default", { x, scale });
        assert.deepEqual(got["y"]?.shape, [batch, 3, 4]);
        assertClose(got["y"].dataSync(), want.dataSync(), { absolute: 1e-6 });
        tf.dispose([x, scale, want, got]);
      }
      await model.close();
      attention.dispose();
      table.dispose();
    }));

  it("keeps weights as they were at the time, shared by its functions", () =>
    withFolder(async (folder) => {
      const weight = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
      exportSavedModel(folder, {
        serving_default: exportedFunction({
          inputs: { x: VECTOR },
          run: ({ x }) => ({ product: x.mul(weight), same: x }),
        }),
        sum: exportedFunction({
          inputs: { x: VECTOR, k: { shape: [null], dtype: "int32" } },
          run: ({ x, k }) => ({ y: x.add(weight).sum(1).add(k.toFloat()) }),
        }),
      });
      tf.tidy(() => weight.assign(tf.zeros([3])));
      const [x, k] = [tf.tensor2d([[1, 1, 2]]), tf.tensor1d([10], "int32")];
      const model = new OpenedModel(folder);
      const product = await model.call("serving_default", { x });
      assert.deepEqual([...(product["product"]?.dataSync() ?? [])], [1, 2, 6]);
      assert.deepEqual([...(product["same"]?.dataSync() ?? [])], [1, 1, 2]);
      const sum = await model.call("sum", { x, k });
      assert.deepEqual([...(sum["y"]?.dataSync() ?? [])], [20]);
      await model.close();
      tf.dispose([x, k, product, sum, weight]);
    }));

  it("refuses what would be frozen into the file, and says what to do", async () => {
    const rng = new Rng(1);
    const random = await failure((x) => x.add(rng.normal(x.shape)));
    assert.match(random.message, /draws at random.*Take the noise as an input/);
    const variable = tf.tidy(() => tf.variable(tf.scalar(1)));
    const changing = (x: tf.Tensor): tf.Tensor => {
      variable.assign(variable.add(1));
      return x.mul(variable);
    };
    assert.match((await failure(changing)).message, /changes a variable/);
    assert.equal(variable.dataSync()[0], 1);
    variable.dispose();
    assert.match((await failure((x) => x.mul(Math.random()))).message, /host value that changes/);
    const mean = await failure((x) => x.sum(0).div(x.shape[0] as number));
    assert.match(mean.message, /depends on the number of examples/);
    const counted = await failure((x) => x.add(tf.range(0, x.shape[0] as number).expandDims(1)));
    assert.match(counted.message, /depends on the number of examples/);
    assert.match(
      (await failure((x) => x.mul(x.dataSync()[0] as number))).message,
      /reads a tensor/,
    );
  });

  it("refuses names and shapes that a signature cannot have", () => {
    const run = (): Record<string, tf.Tensor> => ({});
    assert.throws(
      () => exportSavedModel("nowhere", { "a b": { inputs: {}, run } }),
      new RegExp(`"a b" cannot be a name`),
    );
    assert.throws(
      () => exportSavedModel("nowhere", { f: { inputs: { x: { shape: [2, null] } }, run } }),
      core.ValueError,
    );
    assert.equal(existsSync("nowhere"), false);
  });
});
