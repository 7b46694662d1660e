/**
 * Train text-to-image of captioned shapes and save it: `npm run train:text-to-image -- autoencoder clip
 * clip-images unet dit`, all of them without names; `unet-2` is the U-Net of seed 2 alone. Each network
 * takes some minutes on one core.
 */
import {
  type core,
  data,
  diffusion,
  metrics,
  models,
  objectives,
  pipelines,
  Rng,
  tf,
  training,
} from "latentlab";

import { save, SEEDS, startClock } from "./checkpoints";

const PICTURES = { split: "train", count: 16_000, size: 32, seed: 1 } as const;

/** The captions that were trained on, and what was measured on others. */
function factsOf(measured: Readonly<Record<string, number>>): pipelines.Provenance {
  return { trainingCaptions: data.splitHash("train"), ...measured };
}

async function trainAutoencoder(): Promise<void> {
  const [seed, steps] = [1, 1500];
  const started = startClock();
  const autoencoder = new models.Autoencoder(pipelines.SHAPES_AUTOENCODER, new Rng(seed));
  const pictures = data.captionedShapes(PICTURES);
  const side = autoencoder.latentSize;
  const loss: training.LossFunction = ({ x }, rng) => {
    const noise = rng.normal<core.Images>([x.shape[0] as number, side, side, 4]);
    const options = { klWeight: 1e-2, error: "l2" } as const;
    return objectives.firstStageLoss(autoencoder, x as core.Images, noise, options).loss;
  };
  const ema = new training.Ema(autoencoder, { decay: 0.99, warmUp: true });
  const run = training.train(autoencoder, loss, {
    batches: data.captionBatches(pictures, { batchSize: 32, seed }),
    steps,
    optimizer: training.adam(autoencoder.namedParameters()),
    learningRate: training.withWarmUp(50, training.cosineDecay(3e-3, steps - 50)),
    ema,
    rng: new Rng(seed).fold(1),
    reportEvery: 50,
  });
  for await (const { step, loss: error, seconds } of run) {
    console.log(`autoencoder ${step}: ${error.toFixed(1)}, ${seconds.toFixed(0)} s`);
    if (step % 300 !== 0 && step !== steps) continue;
    await ema.whileAveraged(() => {
      const { scale } = latentsOf(autoencoder, pictures, 2000);
      const measured = { latentScale: scale, ...readBack(autoencoder) };
      save("shapes-autoencoder", autoencoder, { seed, steps: step, started }, factsOf(measured));
    });
  }
}

/** How well the parser reads what comes back of pictures that were not trained on. */
function readBack(autoencoder: models.Autoencoder): Record<string, number> {
  const { images, scenes } = data.captionedShapes({ ...PICTURES, split: "heldOut", count: 300 });
  return tf.tidy(() => {
    const { x } = data.sequentialBatches(images, { batchSize: 300, range: "signed" }).at(0);
    const back = autoencoder.reconstruct(x);
    const captions = scenes.map(({ caption }) => caption);
    const { exactAccuracy } = data.scorePictures(back, captions, { range: [-1, 1] });
    const psnr = metrics.psnr(x, back, { dataRange: 2 }).mean().dataSync()[0] as number;
    return { heldOutExact: exactAccuracy, heldOutPsnr: psnr };
  });
}

function latentsOf(
  autoencoder: models.Autoencoder,
  { images }: data.CaptionedShapes,
  count = images.count,
): data.CachedLatents {
  const options = { batchSize: 200, range: "signed" } as const;
  const source = data.sequentialBatches(images.take(count), options);
  const batches = Array.from({ length: source.batchesPerEpoch }, (_, i) => i);
  const pictures = (function* (): Generator<core.Images> {
    for (const i of batches) yield source.at(i).x;
  })();
  return data.cacheLatents((x) => autoencoder.encode(x), pictures);
}

/** Both towers; then, for "clip-images", the image tower alone: captions mean what they meant. */
async function trainClip(isImageAlone: boolean): Promise<void> {
  const [seed, steps] = isImageAlone ? [2, 1000] : [1, 1500];
  const started = startClock();
  const clip = new models.Clip(pipelines.SHAPES_CLIP, new Rng(seed));
  const made = isImageAlone && pipelines.loadCourseWeights("shapes-clip", clip);
  const loss: training.LossFunction = ({ x, tokens }) => {
    const { image, text } = clip.forward(x as core.Images, tokens as core.Tokens);
    return objectives.contrastiveLoss(image, text, clip.logScale).loss;
  };
  const trained = isImageAlone ? clip.imageTower : clip;
  const warmUp = isImageAlone ? 1 : 100;
  const run = training.train(trained, loss, {
    batches: data.captionBatches(data.captionedShapes(PICTURES), { batchSize: 128, seed }),
    steps,
    optimizer: training.adamW(trained.namedParameters(), { weightDecay: 0.01 }),
    learningRate: training.withWarmUp(warmUp, training.cosineDecay(1e-3, steps - warmUp)),
    maxGradNorm: 1,
    rng: new Rng(seed).fold(1),
    reportEvery: 100,
  });
  for await (const { step, loss: nats, seconds } of run) {
    console.log(`clip ${step}: ${nats.toFixed(3)}, ${seconds.toFixed(0)} s`);
  }
  const jointly = made && { jointSteps: made.steps, jointSeconds: made.seconds };
  save("shapes-clip", clip, { seed, steps, started }, { ...factsOf(retrieval(clip)), ...jointly });
}

/** Which caption belongs to the picture? R@1 among all captions of one object, and of a batch. */
function retrieval(clip: models.Clip): Record<string, number> {
  const [one, any] = (["one", "all"] as const).map((kind) => {
    const options = { ...PICTURES, split: "heldOut", count: 200 } as const;
    const shapes = data.captionedShapes(kind === "one" ? { ...options, kinds: ["one"] } : options);
    const texts =
      kind === "one"
        ? data.SPLITS.flatMap((split) => data.captionsOf(split, "one")).map(data.formatCaption)
        : [...new Set(shapes.captions)];
    return tf.tidy(() => {
      const { x } = data
        .sequentialBatches(shapes.images, { batchSize: 200, range: "signed" })
        .at(0);
      const text = clip.embedCaptions(data.encodeCaptions(texts));
      const logits = objectives.contrastiveLogits(clip.embedImages(x), text, clip.logScale);
      return metrics.recallAt(logits, 1, (i, j) => shapes.captions[i] === texts[j]);
    });
  });
  return { recallAt1OneObject: one as number, recallAt1AllKinds: any as number };
}

/** About as many processor seconds for each. */
const STEPS = { unet: 9000, dit: 20_000 } as const;

/** What all denoisers see: pictures of two groups as often as all others, as latents. */
function denoiserData(): { pictures: data.CaptionedShapes; latents: data.CachedLatents } {
  const { autoencoder, provenance } = pipelines.loadShapesAutoencoder();
  const kinds = ["one", "several", "related", "related"] as const;
  const pictures = data.captionedShapes({ ...PICTURES, kinds });
  const latents = { ...latentsOf(autoencoder, pictures), scale: provenance.latentScale };
  autoencoder.dispose();
  return { pictures, latents };
}

async function trainDenoiser(
  kind: pipelines.ShapesDenoiser,
  seed: number,
  { pictures, latents }: ReturnType<typeof denoiserData>,
): Promise<void> {
  const started = startClock();
  const { autoencoder } = pipelines.loadShapesAutoencoder();
  const textTower = pipelines.loadShapesTextTower();
  const denoiser = pipelines.newShapesDenoiser(kind, new Rng(seed));
  const schedule = pipelines.shapesSchedule();
  const steps = STEPS[kind];
  const denoise: core.Denoiser<core.Images, core.TextContext> = (x, t, text) =>
    denoiser.forward(x, t, text);
  const loss: training.LossFunction = ({ x, tokens }, rng) => {
    const condition = textTower.forward(diffusion.dropCaptions(tokens as core.Tokens, rng));
    const options = { schedule, rng, condition, target: "v" } as const;
    return objectives.denoisingLoss(denoise, x as core.Images, options);
  };
  const ema = new training.Ema(denoiser, { decay: 0.998, warmUp: true });
  const run = training.train(denoiser, loss, {
    batches: data.latentBatches(latents, {
      batchSize: 64,
      seed,
      conditionsAt: (ids) => ({ tokens: pictures.tokensAt(ids) }),
    }),
    steps,
    optimizer: training.adam(denoiser.namedParameters()),
    learningRate: training.withWarmUp(100, training.cosineDecay(2e-3, steps - 100)),
    maxGradNorm: 1,
    ema,
    rng: new Rng(seed).fold(1),
    reportEvery: 100,
  });
  const pipeline = new pipelines.DiffusionPipeline({
    ...{ denoiser, schedule, predicts: "v", autoencoder, latentScale: latents.scale, textTower },
  });
  for await (const { step, loss: error, seconds } of run) {
    console.log(`${kind} ${step}: ${error.toFixed(4)}, ${seconds.toFixed(0)} s`);
    if (step % 2500 !== 0 && step !== steps) continue;
    await ema.whileAveraged(async () => {
      const measured = await accuracyOf(pipeline);
      save(`shapes-${kind}-${seed}`, denoiser, { seed, steps: step, started }, factsOf(measured));
    });
  }
  ema.dispose();
  pipeline.dispose();
}

/** A quick look; the notebooks measure with more pictures and tell the attributes apart. */
async function accuracyOf(pipeline: pipelines.DiffusionPipeline): Promise<Record<string, number>> {
  const measured: Record<string, number> = {};
  for (const kind of data.CAPTION_KINDS) {
    const options = { split: "heldOut", count: 50, size: 8, seed: 2, kinds: [kind] } as const;
    const scores = await pipelines.captionAccuracy(pipeline, data.captionedShapes(options), {
      rng: new Rng(3),
      guidanceScale: 3,
    });
    measured[`heldOutAccuracy-${kind}`] = scores.attributeAccuracy;
  }
  return measured;
}

async function main(names: readonly string[]): Promise<void> {
  const wants = (name: string): boolean => names.length === 0 || names.includes(name);
  if (wants("autoencoder")) await trainAutoencoder();
  if (wants("clip")) await trainClip(false);
  if (wants("clip-images")) await trainClip(true);
  const jobs = SEEDS.flatMap((seed) =>
    pipelines.SHAPES_DENOISERS.map((kind) => ({ kind, seed })),
  ).filter(({ kind, seed }) => wants(kind) || wants(`${kind}-${seed}`));
  if (jobs.length === 0) return;
  const shapes = denoiserData();
  for (const { kind, seed } of jobs) await trainDenoiser(kind, seed, shapes);
}

void main(process.argv.slice(2));
