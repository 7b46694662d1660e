import { strict as assert } from "node:assert";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { core, data, models, pipelines, Rng, samplers, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { classToImage, SCHEDULE, textToImage } from "../../support/pipelines";

const ASKED = { captions: ["a small red circle", "two large blue squares"], numSteps: 3 };

describe("DiffusionPipeline", () => {
  it("gives after saving and loading the very same pictures", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pipeline-"));
    const path = join(folder, "shapes");
    const pipeline = textToImage();
    pipelines.savePipeline(path, pipeline, { seed: 1, device: "cpu" });
    const loaded = pipelines.loadPipeline(path);
    const [first, second] = [
      await pipeline.generate({ ...ASKED, guidanceScale: 2, rng: new Rng(5) }),
      await loaded.generate({ ...ASKED, guidanceScale: 2, rng: new Rng(5) }),
    ];
    assert.deepEqual(first.shape, [2, 8, 8, 3]);
    assert.deepEqual(second.dataSync(), first.dataSync());
    assert.deepEqual(pipelines.pipelineProvenance(path), { seed: 1, device: "cpu" });
    tf.dispose([first, second]);
    loaded.dispose();
    pipeline.dispose();
    rmSync(folder, { recursive: true });
  });

  it("R.17 R.23 is sampling in latents with two estimates combined, then decoding", async () => {
    const pipeline = textToImage();
    const { denoiser, textTower, autoencoder } = pipeline.parts;
    const tokens = data.encodeCaptions(ASKED.captions);
    const estimate = (x: tf.Tensor4D, t: tf.Tensor1D, ids: tf.Tensor2D): tf.Tensor4D =>
      denoiser.forward(x, t, textTower!.forward(ids));
    const guided: core.Denoiser = (x, t) => {
      const [none, some] = [estimate(x, t, tf.zerosLike(tokens)), estimate(x, t, tokens)];
      return none.mul(1 - 3).add(some.mul(3));
    };
    const shape = [2, 4, 4, 2];
    const z = await samplers.sampleAll(samplers.ddim(guided, SCHEDULE), {
      shape,
      numSteps: 3,
      rng: new Rng(5),
      compile: false,
    });
    const want = tf.tidy(() => autoencoder!.decode(z.div(0.5)).clipByValue(-1, 1));
    const options = { ...ASKED, guidanceScale: 3, sampler: "ddim", rng: new Rng(5) } as const;
    const got = await pipeline.generate(options);
    assertClose(got.dataSync(), want.dataSync(), { absolute: 1e-4 });
    tf.dispose([got, want, z, tokens]);
    pipeline.dispose();
  });

  it("says what a network is asked by, and which word it does not know", async () => {
    const pipeline = textToImage();
    const rng = new Rng(1);
    await assert.rejects(pipeline.generate({ labels: [1], rng }), /asked by captions, got labels/);
    await assert.rejects(
      pipeline.generate({ captions: ["a red dog"], rng }),
      /"dog" is not a word/,
    );
    pipeline.dispose();
  });

  it("refuses parts that do not belong together", () => {
    const { denoiser, textTower, autoencoder } = textToImage().parts;
    const make = (parts: Partial<pipelines.PipelineParts>) => (): unknown =>
      new pipelines.DiffusionPipeline({ denoiser, schedule: SCHEDULE, ...parts });
    assert.throws(make({}), /takes captions of 8 features, the text tower gives none/);
    const other = new models.Autoencoder({ ...autoencoder!.config, latentChannels: 3 }, new Rng(1));
    assert.throws(make({ textTower: textTower!, autoencoder: other }), /latents are 4×4×3/);
    for (const part of [denoiser, textTower, autoencoder, other]) part?.dispose();
  });
});

describe("a stored pipeline", () => {
  let folder: string;
  let path: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "pipeline-"));
    path = join(folder, "digits");
    const pipeline = classToImage();
    pipelines.savePipeline(path, pipeline);
    pipeline.dispose();
  });
  after(() => rmSync(folder, { recursive: true }));

  it("is loaded by its path, and the course's by their names", () => {
    for (const name of [path, "digits-ddpm", "shapes-dit-1", "shapes-unet-1"]) {
      pipelines.loadSampler(name).dispose();
    }
    assert.throws(() => pipelines.loadSampler("shapes-dit-99"), core.DataMissingError);
    assert.throws(() => pipelines.loadSampler("none"), core.CheckpointError);
  });

  it("answers classes, and those out of range with an error", async () => {
    const pipeline = pipelines.loadPipeline(path);
    const pictures = await pipeline.generate({ labels: [0, 2], numSteps: 2, rng: new Rng(1) });
    assert.deepEqual(pictures.shape, [2, 4, 4, 1]);
    pictures.dispose();
    await assert.rejects(pipeline.generate({ labels: [4], rng: new Rng(1) }), core.ValueError);
    pipeline.dispose();
  });

  it("that is missing, changed or no pipeline is refused, and nothing leaks", () => {
    assert.throws(() => pipelines.loadPipeline(join(folder, "none")), /could not be read/);
    const described = JSON.parse(readFileSync(`${path}.json`, "utf8")) as object;
    const undescribed = [{ denoiser: undefined }, { denoiser: { kind: "unet", config: {} } }];
    for (const change of [...undescribed, { betas: [2] }, { textTower: { size: -1 } }]) {
      writeFileSync(`${path}.json`, JSON.stringify({ ...described, ...change }));
      assert.throws(() => pipelines.loadPipeline(path), core.CheckpointError);
    }
    writeFileSync(`${path}.json`, JSON.stringify(described));
    const bytes = readFileSync(`${path}.safetensors`);
    writeFileSync(`${path}.safetensors`, bytes.subarray(0, bytes.length / 2));
    assert.throws(() => pipelines.loadPipeline(path), /is not what digits.json was written for/);
    writeFileSync(`${path}.safetensors`, bytes);
    pipelines.loadPipeline(path).dispose();
    appendFileSync(`${path}.safetensors`, "x");
    assert.throws(() => pipelines.loadPipeline(path), /is not what digits.json was written for/);
    writeFileSync(`${path}.json`, "{}");
    assert.throws(() => pipelines.loadPipeline(path), /no pipeline of version 1/);
    writeFileSync(`${path}.json`, "{");
    assert.throws(() => pipelines.loadPipeline(path), /not JSON/);
  });
});
