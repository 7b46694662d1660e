import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { data, pipelines, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { classToImage, textToImage } from "../../support/pipelines";
import { OpenedModel, withFolder } from "../../support/saved-model";

const NEAR = { absolute: 2e-5, relative: 1e-4 };

/** Sample from the exported files alone, with the functions of the SavedModel. */
async function sampleFromFile(
  model: OpenedModel,
  start: tf.Tensor,
  condition: tf.NamedTensorMap,
  times: readonly number[],
): Promise<tf.Tensor> {
  let x = start.clone();
  for (const [i, t] of times.slice(0, -1).entries()) {
    const scalars = {
      t: tf.scalar(t, "int32"),
      t_next: tf.scalar(times[i + 1] as number, "int32"),
      guidance_scale: tf.scalar(2),
    };
    const next = await model.call("step", { x, ...scalars, ...condition });
    tf.dispose([x, next["x0"] as tf.Tensor, scalars]);
    x = next["x"] as tf.Tensor;
  }
  const decoded = await model.call("decode", { x });
  x.dispose();
  return decoded["pictures"] as tf.Tensor;
}

const CASES = [
  {
    title: "a U-Net of pixels with classes",
    make: classToImage,
    asked: { labels: [2, 0, 1] },
    condition: () => ({ labels: tf.tensor1d([2, 0, 1], "int32") }),
    shape: [3, 4, 4, 1],
  },
  {
    title: "a transformer of latents with captions, its text tower and decoder",
    make: textToImage,
    asked: { captions: ["a small red circle", "two large blue squares"] },
    condition: () => ({
      tokens: data.encodeCaptions(["a small red circle", "two large blue squares"]),
    }),
    shape: [2, 4, 4, 2],
  },
];

describe("exportPipeline", () => {
  for (const { title, make, asked, condition, shape } of CASES) {
    it(`${title}: gives from its file what it gives here`, () =>
      withFolder(async (folder) => {
        const pipeline = make();
        pipelines.exportPipeline(folder, pipeline);
        const model = new OpenedModel(folder);
        const given = condition();
        const x = new Rng(3).normal<tf.Tensor4D>(shape);
        const t = tf.fill([shape[0] as number], 20, "int32") as tf.Tensor1D;
        const [ids] = Object.values(given) as [tf.Tensor];
        const want = pipeline.predict(x, t, { ids });
        const got = await model.call("serving_default", { x, t, ...given });
        assertClose(got["noise"]?.dataSync() ?? [], want.dataSync(), NEAR);

        const options = { ...asked, numSteps: 3, guidanceScale: 2, sampler: "ddim" } as const;
        const pictures = await pipeline.generate({ ...options, rng: new Rng(3) });
        const times = pipeline.sampler("ddim").times(3);
        const fromFile = await sampleFromFile(model, x, given, times);
        assertClose(fromFile.dataSync(), pictures.dataSync(), NEAR);
        tf.dispose([x, t, want, got, pictures, fromFile, given]);
        await model.close();
        pipeline.dispose();
      }));
  }

  it("says in JSON what other programs need to know", () =>
    withFolder((folder) => {
      const pipeline = textToImage();
      pipelines.exportPipeline(folder, pipeline);
      const description = JSON.parse(readFileSync(join(folder, "latentlab.json"), "utf8")) as {
        readonly x: unknown;
        readonly alphaBar: readonly number[];
        readonly captions: { readonly words: readonly string[]; readonly length: number };
      };
      const { words, length } = description.captions;
      const ids = data.encodeCaptions(["a small red circle"]);
      const spelt = "a small red circle".split(" ").map((word) => words.indexOf(word));
      assert.deepEqual([...ids.dataSync()], [...spelt, ...Array<number>(length - 4).fill(0)]);
      assert.deepEqual(description.x, [null, 4, 4, 2]);
      assert.deepEqual(description.alphaBar, [...pipeline.parts.schedule.alphaBar]);
      ids.dispose();
      pipeline.dispose();
    }));
});
