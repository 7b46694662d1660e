import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { data, pipelines, Rng, tf } from "latentlab";

import { pythonEnvironment } from "../../scripts/python-environment";
import { assertClose } from "../support/close";
import { classToImage, textToImage } from "../support/pipelines";
import { withFolder } from "../support/saved-model";

interface Answer {
  readonly version: string;
  readonly prediction: readonly number[];
  readonly pictures: readonly number[];
}

const CAPTIONS = ["a small red circle", "two large blue squares"];

describe("an exported sampler in Python", () => {
  let python: string;
  /** What `sample.py` answers. */
  function sample(folder: string, request: object): Answer {
    const options = { encoding: "utf8", maxBuffer: 1 << 28 } as const;
    const input = JSON.stringify(request);
    const args = ["test/export/sample.py", folder];
    const { status, stdout, stderr } = spawnSync(python, args, { ...options, input });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as Answer;
  }

  before(async function () {
    this.timeout(600_000);
    try {
      python = join(await pythonEnvironment("export", join("test", "export")), "python");
    } catch (error) {
      if (process.env["CI"] !== undefined) throw error;
      console.log(`      skipped: TensorFlow's Python package is not to be had: ${String(error)}`);
      this.skip();
    }
  });

  const cases = [
    {
      title: "a U-Net of pixels with classes",
      make: classToImage,
      asked: { labels: [2, 0, 1] },
      ids: () => tf.tensor1d([2, 0, 1], "int32") as tf.Tensor,
      shape: [3, 4, 4, 1],
    },
    {
      title: "a transformer of latents with captions and a decoder",
      make: textToImage,
      asked: { captions: CAPTIONS },
      ids: () => data.encodeCaptions(CAPTIONS) as tf.Tensor,
      shape: [2, 4, 4, 2],
    },
  ];
  for (const { title, make, asked, ids, shape } of cases) {
    it(`${title}: the same prediction and pictures from the same noise`, () =>
      withFolder(async (folder) => {
        const pipeline = make();
        pipelines.exportPipeline(folder, pipeline);
        const [x, condition] = [new Rng(3).normal<tf.Tensor4D>(shape), ids()];
        const times = pipeline.sampler("ddim").times(4);
        const request = {
          ...{ x: x.arraySync(), times, guidance_scale: 2 },
          ["labels" in asked ? "labels" : "tokens"]: condition.arraySync(),
        };
        const answer = sample(folder, request);
        const t = tf.fill([shape[0] as number], times[0] as number, "int32") as tf.Tensor1D;
        const prediction = pipeline.predict(x, t, { ids: condition });
        const options = { ...asked, numSteps: 4, guidanceScale: 2, sampler: "ddim" } as const;
        const pictures = await pipeline.generate({ ...options, rng: new Rng(3) });
        const near = { absolute: 2e-5, relative: 1e-4 };
        assertClose(answer.prediction, prediction.dataSync(), near);
        assertClose(answer.pictures, pictures.dataSync(), near);
        tf.dispose([x, t, condition, prediction, pictures]);
        pipeline.dispose();
      }));
  }
});
