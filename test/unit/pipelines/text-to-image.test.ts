import { strict as assert } from "node:assert";
import { statSync } from "node:fs";

import { data, metrics, objectives, pipelines, Rng, tf } from "latentlab";

import { drawTruth } from "../../support/drawn";

const SIZE = 32;

function pictures(kinds: readonly data.CaptionKind[], count: number): data.CaptionedShapes {
  return data.captionedShapes({ split: "heldOut", count, size: SIZE, seed: 77, kinds });
}

describe("text-to-image of the course", () => {
  it("captionAccuracy gives 1 to the truth, in batches, less to the truth of other captions", async () => {
    const shapes = pictures(data.CAPTION_KINDS, 20);
    const asked: number[] = [];
    const right = await pipelines.captionAccuracy(
      {
        generate: ({ captions = [] }) => {
          asked.push(captions.length);
          return Promise.resolve(drawTruth(captions));
        },
      },
      shapes,
      { rng: new Rng(1), batchSize: 8 },
    );
    assert.deepEqual([right.n, right.exactAccuracy, asked], [20, 1, [8, 8, 4]]);
    const reversed = { generate: () => Promise.resolve(drawTruth([...shapes.captions].reverse())) };
    const wrong = await pipelines.captionAccuracy(reversed, shapes, { rng: new Rng(1) });
    assert.ok(wrong.attributeAccuracy < 0.8 && wrong.exactAccuracy < 0.3);
  });

  it("R.23 the course's autoencoder keeps what the parser reads, and its latents have deviation 1", () => {
    const { autoencoder, provenance } = pipelines.loadShapesAutoencoder();
    const shapes = pictures(data.CAPTION_KINDS, 60);
    tf.tidy(() => {
      const { x } = shapes.batchAt(Int32Array.from({ length: 60 }, (_, i) => i));
      const { mean, logVar } = autoencoder.encode(x);
      const noise = new Rng(1).normal(mean.shape);
      const z = mean.add(logVar.mul(0.5).exp().mul(noise)).mul(provenance.latentScale);
      const std = tf.moments(z).variance.sqrt().dataSync()[0] as number;
      assert.ok(Math.abs(std - 1) < 0.05, `${std}`);
      const captions = shapes.scenes.map(({ caption }) => caption);
      const read = data.scorePictures(autoencoder.reconstruct(x), captions, { range: [-1, 1] });
      assert.ok(read.exactAccuracy >= 0.95, `${read.exactAccuracy}`);
    });
    autoencoder.dispose();
  });

  it("the course's CLIP finds the caption of one object among all 36", () => {
    const clip = pipelines.loadShapesClip();
    const shapes = pictures(["one"], 100);
    const texts = data.SPLITS.flatMap((split) => data.captionsOf(split, "one")).map(
      data.formatCaption,
    );
    assert.equal(texts.length, 36);
    const recall = tf.tidy(() => {
      const { x } = shapes.batchAt(Int32Array.from({ length: 100 }, (_, i) => i));
      const text = clip.embedCaptions(data.encodeCaptions(texts));
      const logits = objectives.contrastiveLogits(clip.embedImages(x), text, clip.logScale);
      return metrics.recallAt(logits, 1, (i, j) => shapes.captions[i] === texts[j]);
    });
    assert.ok(recall >= 0.9, `${recall}`);
    clip.dispose();
  });

  for (const kind of pipelines.SHAPES_DENOISERS) {
    it(`the ${kind} draws captions that it was not trained on`, async () => {
      const pipeline = pipelines.loadTextToImage(kind);
      const scores = await pipelines.captionAccuracy(pipeline, pictures(["one"], 8), {
        rng: new Rng(1),
        guidanceScale: 3,
        numSteps: 10,
      });
      pipeline.dispose();
      assert.ok(scores.attributeAccuracy >= 0.85, `${scores.attributeAccuracy}`);
    });
  }

  it("every checkpoint is there for three seeds and smaller than 3 MB", () => {
    const trained = pipelines.SHAPES_DENOISERS.flatMap((kind) =>
      [1, 2, 3].map((seed) => `shapes-${kind}-${seed}`),
    );
    for (const name of ["shapes-autoencoder", "shapes-clip", ...trained]) {
      const { size } = statSync(`${pipelines.checkpointPath(name)}.safetensors`);
      assert.ok(size > 100_000 && size < 3e6, `${name}: ${size}`);
    }
  });
});
