import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

import { data, pipelines, Rng, tf } from "latentlab";

import { assertClose } from "../support/close";
import { classToImage, textToImage } from "../support/pipelines";
import { withFolder } from "../support/saved-model";

/** A Python with TensorFlow, as the benchmarks use it: see bench/README.md. */
const PYTHON = resolve(process.env["BENCH_PYTHON"] ?? ".latentlab/bench-python/bin/python");

interface Answer {
  readonly version: string;
  readonly prediction: readonly number[];
  readonly pictures: readonly number[];
}

function python(args: readonly string[], input = ""): { ok: boolean; out: string; err: string } {
  const options = { input, encoding: "utf8", maxBuffer: 1 << 28 } as const;
  const { status, stdout, stderr } = spawnSync(PYTHON, args, options);
  return { ok: status === 0, out: stdout, err: stderr };
}

const CAPTIONS = ["a small red circle", "two large blue squares"];

describe("an exported sampler in Python", () => {
  before(function () {
    if (python(["-c", "import tensorflow"]).ok) return;
    console.log(`      NOT TESTED: ${PYTHON} has no TensorFlow. Set BENCH_PYTHON to one that has.`);
    this.skip();
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
        const { ok, out, err } = python(["test/export/sample.py", folder], JSON.stringify(request));
        if (!ok) throw new Error(err);
        const answer = JSON.parse(out) as Answer;
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
