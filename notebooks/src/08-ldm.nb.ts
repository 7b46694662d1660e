// Source of notebook 08. Edit here, then run `npm run notebooks`.

// %% [markdown] id="title" equations="R.23" difficulty="2" minutes="110"
// # 08 · Latent diffusion: text to image
//
// **Goals.** Build Stable Diffusion's whole chain in miniature and measure every link: an autoencoder
// that leaves an easier space, a CLIP that ties words to pictures, a denoiser in that space which
// listens to words, guidance, and a decoder. Type a caption, see it denoise, and count what comes out.
//
// You need notebooks 04 and 05. Pictures are 32×32 shapes, since an exact parser can read them: no
// score below is an opinion. The networks come with the course (`npm run train:text-to-image` makes
// them); the cells alone run in some minutes on two CPU cores.
//
// **How to work.** Under each **Predict** write down your guess before you run the next cell. In an
// exercise replace the `throw` line; the cell below checks your function and names the probable
// mistake. Later cells use the library's version. Answers are in `solutions/`.

// %% id="imports"
import {
  Rng,
  check,
  core,
  data,
  diffusion,
  engine,
  metrics,
  models,
  objectives,
  pipelines,
  results,
  samplers,
  tf,
  training,
  viz,
} from "latentlab";

const isQuick = process.env["LATENTLAB_PROFILE"] === "quick"; // shorter trainings, for CI
const { device, reason, tensorflow } = engine.deviceReport();
console.log(`Computing on the ${device} (${reason}), TensorFlow ${tensorflow}.`);
const { verdict } = results; // prints a claim, and whether the numbers bear it out
const scores = new results.Scores("08-ldm");
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const signed = { range: [-1, 1] } as const;

// %% [markdown] id="stage-text"
// ## 1 · The first stage
//
// Most numbers of a picture say nothing: of 3072 pixels here, nearly all are black. Diffusion would spend
// its steps on them. Latent diffusion trains an autoencoder once, $z_0 = E(x)$, $x \approx D(z_0)$, and
// diffuses $z_0$, a map of 8×8×4. It is notebook 01's VAE with one change of weight:
//
// $$ \| x - D(z) \| + \lambda\, D_\mathrm{KL}(q(z \mid x) \,\|\, \mathcal N(0, I)),
// \qquad z \sim q(z \mid x),\ \lambda \ll 1 $$
//
// (plus a perceptual distance and a patch discriminator for photographs: options of the library that
// these shapes do not need). **Predict.** What does λ = 1 do to the pictures, and what does λ = 0 do
// to the size of the latents?

// %% exercise="lib/objectives/first-stage.ts#firstStageLoss" hint="Encode, draw z with the noise, decode. Sum the error over pixels, and weigh the KL term."
const { firstStageLoss } = objectives;

// %% id="check-stage"
check("R.23", firstStageLoss);

// %% id="verdict-sweep"
const tinyPictures = data.captionedShapes({ split: "train", count: 600, size: 16, seed: 1 });
const tinyTest = data.captionedShapes({ split: "heldOut", count: 60, size: 16, seed: 2 });
const allOf = ({ images }: data.CaptionedShapes): core.Images =>
  data.sequentialBatches(images, { batchSize: images.count, range: "signed" }).at(0).x;
const tinyReal = allOf(tinyTest);
/** A small first stage of 16×16 pictures, trained for a moment. */
async function tinyStage(klWeight: number): Promise<Record<string, number>> {
  const config = { imageSize: 16, imageChannels: 3, latentChannels: 4, numResBlocks: 1 };
  const channels = { baseChannels: 16, channelMultipliers: [1, 1] };
  const stage = new models.Autoencoder({ ...config, ...channels }, new Rng(1));
  const steps = isQuick ? 80 : 800;
  const loss: training.LossFunction = ({ x }, rng) => {
    const noise = rng.normal<core.Images>([16, 8, 8, 4]);
    return objectives.firstStageLoss(stage, x as core.Images, noise, { klWeight, error: "l2" })
      .loss;
  };
  const run = training.train(stage, loss, {
    batches: data.captionBatches(tinyPictures, { batchSize: 16, seed: 1 }),
    ...{ steps, reportEvery: steps, rng: new Rng(2) },
    compile: !isQuick, // so few steps do not pay for a graph
    optimizer: training.adam(stage.namedParameters(), { learningRate: 3e-3 }),
  });
  for await (const { loss: error } of run) console.log(`λ = ${klWeight}: ${error.toFixed(1)}`);
  const measured = tf.tidy(() => {
    const { mean, logVar } = stage.encode(tinyReal);
    const back = stage.reconstruct(tinyReal);
    const values = [
      metrics.psnr(tinyReal, back, { dataRange: 2 }).mean(),
      tf.moments(mean).variance.sqrt(),
      logVar.div(2).exp().mean(),
    ];
    return tf.stack(values).dataSync() as never;
  }) as Float32Array;
  stage.dispose();
  const [decibel, spread, noise] = measured;
  return { λ: klWeight, "PSNR, dB": decibel, "std of μ": spread, "mean σ": noise };
}
const sweep: Record<string, number>[] = [];
for (const klWeight of [0, 0.01, 1]) sweep.push(await tinyStage(klWeight));
const [free, light, heavy] = sweep;
verdict(
  heavy["PSNR, dB"] < light["PSNR, dB"],
  `λ = 1 blurs: ${heavy["PSNR, dB"].toFixed(1)} dB, λ = 0.01 ${light["PSNR, dB"].toFixed(1)} dB, λ = 0 ${free["PSNR, dB"].toFixed(1)} dB`,
);
verdict(
  heavy["mean σ"] > light["mean σ"] && light["mean σ"] > free["mean σ"],
  `λ buys noise that the decoder must bear: σ is ${sweep.map((row) => row["mean σ"].toFixed(2)).join(", ")}`,
);
viz.table(sweep, { title: "A small first stage by the weight of the KL term", digits: 3 });

// %% [markdown] id="scale-text"
// ## 2 · The scale factor
//
// Noise schedules are made for data of standard deviation 1. Nothing gives the latents that: λ is too
// small to. So they are multiplied by $1 / \sqrt{\operatorname{Var} \mu + \mathbb E\, \sigma^2}$ before
// diffusion, and divided by it before decoding. Stable Diffusion's famous 0.18215 is that number.
//
// **Predict.** Without it, and with latents of standard deviation 5: is there too much noise at
// $t = T/2$, or too little?

// %% exercise="lib/data/latents.ts#latentScale" hint="A draw of q varies by where its mean lies and by its own noise: variances add up."
const { latentScale } = data;

// %% id="check-scale"
check("R.23a", latentScale);

// %% id="verdict-scale"
const { autoencoder, provenance: stageMade } = pipelines.loadShapesAutoencoder();
const unet = pipelines.loadTextToImage("unet", 1);
const { schedule } = unet.parts;
const testCount = isQuick ? 100 : 400;
const heldOut = data.captionedShapes({ split: "heldOut", count: testCount, size: 32, seed: 3 });
const real = allOf(heldOut);
const q = autoencoder.encode(real);
const scale = data.latentScale({
  mean: q.mean.dataSync<"float32">(),
  std: tf.tidy(() => q.logVar.div(2).exp().dataSync<"float32">() as never) as Float32Array,
});
const latents = tf.tidy(() => q.mean.mul<core.Images>(stageMade.latentScale));
const tokens = data.encodeCaptions(heldOut.captions);
/** Error of the trained denoiser's v at t, on latents that are `factor` times too large. */
const errorAt = (t: number, factor: number): number =>
  tf.tidy(() => {
    const x0 = latents.mul<core.Images>(factor);
    const times = tf.fill([testCount], t, "int32") as core.Timesteps;
    const denoise: core.Denoiser<core.Images, tf.Tensor> = (x, at, ids) =>
      unet.predict(x, at, ids && { ids });
    const noise = new Rng(t).normal<core.Images>(x0.shape);
    const options = { schedule, noise, condition: tokens, target: "v" } as const;
    return objectives.denoisingErrors(denoise, x0, times, options).mean().dataSync()[0] as never;
  });
const middle = schedule.numTimesteps / 2;
const [onScale, offScale] = [errorAt(middle, 1), errorAt(middle, 5)];
verdict(
  Math.abs(scale / stageMade.latentScale - 1) < 0.05,
  `1 / std of held-out latents is ${scale.toFixed(3)}, of those trained on ${stageMade.latentScale.toFixed(3)}`,
);
const snrAt = (std: number): number => std ** 2 * schedule.snr(middle);
verdict(
  offScale > 2 * onScale,
  `latents 5 times too large: at t = ${middle} the signal is ${snrAt(5).toFixed(1)} times the noise, not ${snrAt(1).toFixed(1)}; the denoiser's error is ${offScale.toFixed(2)}, not ${onScale.toFixed(2)}`,
);
/** Pictures of latents that are decoded with and without dividing by the scale, as the parser reads them. */
const asked = heldOut.scenes.map(({ caption }) => caption);
const readOf = (images: core.Images, captions = asked): data.PictureScores =>
  data.scorePictures(images, captions, signed);
const [divided, forgotten] = [unet.decode(latents), autoencoder.decode(latents)];
const dividing = [divided, forgotten].map(
  (x) =>
    tf.tidy(() => metrics.psnr(real, x, { dataRange: 2 }).mean().dataSync()[0] as never) as number,
);
verdict(
  dividing[0] > dividing[1] + 1,
  `decoded without dividing by the scale: PSNR ${dividing[1].toFixed(1)} dB, with it ${dividing[0].toFixed(1)} dB`,
);

// %% [markdown] id="ceiling-text"
// ## 3 · The decoder's ceiling
//
// A latent model's pictures all come out of $D$. However good the denoiser, no sample can be better than
// what $D$ makes of the *true* latents. **Predict.** What share of attributes does the parser read right in
// reconstructions, and in the originals?

// %% id="verdict-ceiling"
const ceiling = readOf(divided);
const reread = readOf(real);
const [decibels, similarity] = tf.tidy(() => [
  Array.from(metrics.psnr(real, divided, { dataRange: 2 }).dataSync()),
  Array.from(metrics.ssim(real, divided, { dataRange: 2 }).dataSync()),
]) as unknown as [number[], number[]];
const stageScore = { subject: "first stage", better: "higher", n: testCount, seed: 1 } as const;
for (const [metric, value, floor] of [
  ["PSNR, dB", core.estimate(decibels), null],
  ["SSIM", core.estimate(similarity), 1],
  ["attributes, reconstructed", ceiling.attributeAccuracy, reread.attributeAccuracy],
] as const) {
  scores.record({ ...stageScore, metric, value, floor, seconds: stageMade.seconds });
}
verdict(
  ceiling.attributeAccuracy >= 0.97,
  `of reconstructions the parser reads ${percent(ceiling.attributeAccuracy)} right, of originals ${percent(reread.attributeAccuracy)}: that is the ceiling (PSNR ${core.formatEstimate(core.estimate(decibels), 1)} dB, n = ${testCount})`,
);
const eight = (x: core.Images): core.Images => x.slice([0, 0, 0, 0], [8, -1, -1, -1]);
viz.imageGrid(
  tf.tidy(() => tf.concat([eight(real), eight(divided)]) as core.Images),
  {
    ...{ range: [-1, 1], columns: 8, rowLabels: ["held out", "reconstructed"] },
  },
);

// %% [markdown] id="clip-text"
// ## 4 · CLIP: words and pictures in one space
//
// Two encoders, of pictures and of captions, trained so that a picture lies closest to its own caption.
// In a batch of N pairs there are N right answers and N² − N wrong ones. The logits are cosines over a
// temperature that is learned; the loss is a cross-entropy in both directions (InfoNCE):
//
// $$ \ell_{ij} = e^{\beta} \cos(u_i, v_j), \qquad
// L = \tfrac12\Big( -\tfrac1N \sum_i \log \operatorname{softmax}_j(\ell_{ij})_{j=i}
// - \tfrac1N \sum_j \log \operatorname{softmax}_i(\ell_{ij})_{i=j} \Big) $$
//
// **Predict.** What is L for embeddings that know nothing, with N = 128?

// %% exercise="lib/objectives/contrastive.ts#contrastiveLogits" hint="Rows of length 1; all products with all rows; the factor is the exponential of logScale."
const { contrastiveLogits } = objectives;

// %% id="check-logits"
check("R.23b", contrastiveLogits);

// %% exercise="lib/objectives/contrastive.ts#contrastiveLoss" hint="The right answer is the diagonal, by rows and by columns."
const { contrastiveLoss } = objectives;

// %% id="check-infonce"
check("R.23c", contrastiveLoss);

// %% exercise="lib/metrics/retrieval.ts#recallAt" hint="Sort the candidates of each row; is a right one among the first k?"
const { recallAt } = metrics;

// %% id="check-recall"
check("R.23d", recallAt);

// %% id="verdict-clip"
const clip = pipelines.loadShapesClip();
type ClipMade = pipelines.CheckpointProvenance & { jointSeconds: number };
const clipMade = pipelines.loadCourseWeights("shapes-clip", clip) as ClipMade;
const clipSeconds = clipMade.jointSeconds + clipMade.seconds; // both towers, then the pictures' alone
const singles = data.captionedShapes({
  ...{ split: "heldOut", count: 600, size: 32, seed: 4, kinds: ["one"] },
});
const everyCaption = data.SPLITS.flatMap((split) => data.captionsOf(split, "one"));
const everyText = everyCaption.map(data.formatCaption);
const match = (pictures: core.Images, texts: readonly string[]): tf.Tensor2D =>
  tf.tidy(() => {
    const text = clip.embedCaptions(data.encodeCaptions(texts));
    return objectives.contrastiveLogits(clip.embedImages(pictures), text, clip.logScale);
  });
const oneLogits = match(allOf(singles), everyText); // all 36 captions of one object are candidates
const otherTexts = [...new Set(heldOut.captions)];
const anyLogits = match(real, otherTexts);
const clipScores = [
  ["one object, of 36 captions", oneLogits, singles.captions, everyText],
  [`all kinds, of ${otherTexts.length} captions`, anyLogits, heldOut.captions, otherTexts],
] as const;
const recalls = clipScores.flatMap(([subject, logits, captions, texts]) =>
  [1, 5].map((k) => {
    const value = metrics.recallAt(logits, k, (i, j) => captions[i] === texts[j]);
    const what = { subject: `CLIP, ${subject}`, metric: `R@${k}`, better: "higher" } as const;
    const of = { n: captions.length, floor: 1, seed: clipMade.seed, seconds: clipSeconds };
    scores.record({ ...what, value, ...of });
    return value;
  }),
);
verdict(
  recalls[0] >= 0.9,
  `the caption of one object is found at once in ${percent(recalls[0])} of held-out pictures; chance ${percent(1 / 36)}`,
);
/** Zero-shot: the caption that fits best says the class, though no classifier was ever trained. */
const best = Array.from(tf.tidy(() => oneLogits.argMax(1).dataSync() as never) as Int32Array);
const zeroShot = (["colour", "shape", "size"] as const).map((what) => {
  const right = best.filter(
    (j, i) => everyCaption[j].groups[0][what] === singles.scenes[i].caption.groups[0][what],
  );
  return {
    classes: what,
    accuracy: right.length / best.length,
    chance: { colour: 1 / 6, shape: 1 / 3, size: 1 / 2 }[what],
  };
});
viz.display(
  viz.table(zeroShot, { title: `Zero-shot classification, n = ${best.length}`, digits: 3 }),
);
const shownTexts = [...new Set(heldOut.captions)].slice(0, 12);
const shownRows = Int32Array.from(shownTexts, (text) => heldOut.captions.indexOf(text));
const matrix = tf.tidy(() =>
  match(tf.gather(real, Array.from(shownRows)) as core.Images, shownTexts).div(clip.logScale.exp()),
) as tf.Tensor2D;
console.log(shownTexts.map((text, i) => `${i + 1}. ${text}`).join("\n"));
const numbers = shownTexts.map((_, i) => String(i + 1));
viz.heatmap({
  title: "Cosines of 12 held-out pictures and their captions",
  ...{ x: "caption", y: "picture of", colour: "cosine", downwards: true, height: 520 },
  ...{ z: matrix, columns: numbers, rows: numbers },
});

// %% [markdown] id="latent-text"
// ## 5 · A caption becomes a picture (R.23)
//
// The rest is notebook 04 in another space, with the caption $c = \tau(y)$ as context: each block of the
// U-Net lets every place look at the caption's words (cross-attention, notebook 09).
//
// $$ L = \mathbb E_{z_0 = E(x),\ \varepsilon,\ t}
// \big\| \varepsilon - \varepsilon_\theta(\sqrt{\bar\alpha_t}\, z_0 + \sqrt{1 - \bar\alpha_t}\, \varepsilon,\ t,\ c) \big\|^2
// \tag{R.23} $$
//
// (Ours predicts $v$, which says the same in other units.) One caption in ten was dropped in training, so
// the network can be guided. **Type a caption of your own below** and run the cell: words are
// `a two three small large red green blue yellow magenta cyan circle(s) square(s) triangle(s) above below
// left right of`.

// %% id="verdict-live"
const caption = "two small red circles above a large green square"; // your own here
const warm = await unet.generate({ captions: [caption], guidanceScale: 3, rng: new Rng(1) });
const captionFilm = viz.liveDenoising({ range: [-1, 1], title: caption, columns: 4 });
const four = { captions: Array.from({ length: 4 }, () => caption), guidanceScale: 3 };
for await (const moment of unet.stream({ ...four, rng: new Rng(2) })) {
  const [x, x0] = [unet.decode(moment.x), moment.pictures()];
  captionFilm.push({ ...moment, x, x0 });
  tf.dispose([x, x0]);
}
captionFilm.end();
const began = performance.now();
const timed = await unet.generate({ captions: [caption], guidanceScale: 3, rng: new Rng(3) });
const secondsEach = (performance.now() - began) / 1000;
tf.dispose([warm, timed]);
verdict(
  secondsEach <= 3,
  `caption to picture takes ${secondsEach.toFixed(2)} s: 20 steps, guided, decoded`,
);

// %% [markdown] id="sweep-text"
// ## 6 · Does it draw what it was told?
//
// The parser asks of each picture: right count, colour, size, shape, and how two groups lie. *Seen*
// captions are held out, but each colour was seen with each of their shapes; *unseen* ones name blue
// circles, yellow squares or red triangles, which no training picture ever showed. Three trainings each.
//
// **Predict.** Which attribute is learned last? Which falls most for unseen combinations?

// %% id="verdict-guidance"
const perKind = isQuick ? 16 : 100;
const guidances = isQuick ? [1, 3] : [0, 1, 2, 3, 5, 8];
const testOf = (split: data.CaptionSplit): data.CaptionedShapes =>
  data.captionedShapes({ split, count: 3 * perKind, size: 8, seed: 11 });
const tests = { seen: testOf("heldOut"), unseen: testOf("unseen") };
type Run = { seen: string; s: number; seed: number; got: data.PictureScores };
const runs: Run[] = [];
for (const seed of [1, 2, 3]) {
  const started = performance.now();
  const sampler = seed === 1 ? unet : pipelines.loadTextToImage("unet", seed);
  for (const s of seed === 1 ? guidances : [3]) {
    for (const seen of ["seen", "unseen"] as const) {
      const options = { guidanceScale: s, rng: new Rng(seed) };
      const got = await pipelines.captionAccuracy(sampler, tests[seen], options);
      runs.push({ seen, s, seed, got });
      if (s !== 3) continue;
      const seconds = (performance.now() - started) / 1000;
      const what = { subject: `latent U-Net, ${seen}`, better: "higher", n: got.n, seed } as const;
      const floor = ceiling.attributeAccuracy;
      scores.record({
        ...what,
        metric: "attributes",
        value: got.attributeAccuracy,
        floor,
        seconds,
      });
      scores.record({
        ...what,
        metric: "all right",
        value: got.exactAccuracy,
        floor: ceiling.exactAccuracy,
        seconds,
      });
    }
  }
  if (seed !== 1) sampler.dispose();
}
const shareOf = (run: Run, attribute: data.Attribute): number =>
  run.got.attributes[attribute].right / run.got.attributes[attribute].asked;
const attributeNames = Object.keys(runs[0].got.attributes) as data.Attribute[];
const guidanceFigure = viz.slider(
  (["seen", "unseen"] as const).map((seen) =>
    viz.curves({
      title: `What the parser reads right, ${seen} combinations`,
      x: "guidance scale s",
      y: { label: "share", range: [0, 1.05] },
      note: `n = ${3 * perKind} captions, training seed 1`,
      curves: attributeNames.map((attribute) => ({
        name: attribute,
        x: guidances,
        y: guidances.map((s) =>
          shareOf(runs.find((r) => r.seen === seen && r.s === s && r.seed === 1) as Run, attribute),
        ),
        markers: true,
      })),
    }),
  ),
  { label: "combinations", positions: ["seen", "unseen"] },
);
const over = (seen: string, attribute: data.Attribute): string =>
  core.formatEstimate(
    core.estimate(
      runs.filter((r) => r.seen === seen && r.s === 3).map((r) => shareOf(r, attribute)),
    ),
    3,
  );
const attributeRows = attributeNames.map((attribute) => ({
  attribute,
  seen: over("seen", attribute),
  unseen: over("unseen", attribute),
  "reconstructed (ceiling)":
    ceiling.attributes[attribute].right / ceiling.attributes[attribute].asked,
}));
const [seenScore, unseenScore] = ["seen", "unseen"].map((seen) =>
  scores.of(`latent U-Net, ${seen}`, "attributes"),
);
const easy = (run: Run): number => {
  const kept = run.got.each.filter((_, i) => tests.seen.scenes[i].caption.relation === undefined);
  return data.addScores(kept).attributeAccuracy;
};
const easySeen = core.estimate(runs.filter((r) => r.seen === "seen" && r.s === 3).map(easy));
verdict(
  seenScore.mean >= 0.9,
  `seen combinations are drawn with at least 90 % of their attributes: ${results.formatScore(seenScore)} over three trainings; captions of one group alone ${core.formatEstimate(easySeen, 3)}`,
);
verdict(
  unseenScore.mean < seenScore.mean,
  `what was never seen together is harder: ${results.formatScore(unseenScore)} of attributes against ${results.formatScore(seenScore)} (s = 3)`,
);
const atScale = (s: number): number =>
  (runs.find((r) => r.seen === "seen" && r.s === s && r.seed === 1) as Run).got.attributeAccuracy;
verdict(
  atScale(3) > atScale(1),
  `guidance helps: ${percent(atScale(1))} of attributes at s = 1, ${percent(atScale(3))} at s = 3`,
);
viz.display(guidanceFigure);
viz.table(attributeRows, { title: "s = 3, mean ± standard error over three trainings", digits: 3 });

// %% [markdown] id="pixel-text"
// ## 7 · Latents or pixels, for the same seconds
//
// The claim of the paper is not that latents are *better*, but that they are *cheaper*: 8·8·4 numbers instead
// of 32·32·3, once the autoencoder is paid for. Two U-Nets of the same kind, one in each space, get the
// same few seconds on captions of one object. (The first stage's own minutes are not counted here: it serves
// every later model. At 32×32 the saving is far smaller than at 512×512.)
//
// **Predict.** How many steps does each get? Which obeys its captions better after so short a time?

// %% id="verdict-pixels"
const secondsOfTraining = isQuick ? 6 : 120;
const onePictures = data.captionedShapes({
  ...{ split: "train", count: isQuick ? 600 : 4000, size: 32, seed: 1, kinds: ["one"] },
});
const clipTower = unet.parts.textTower as models.TextTower;
type Space = "latents" | "pixels";
type Contest = { space: Space; steps: number; accuracy: number; pictures: core.Images };
const tokensOf = (ids: Int32Array): { tokens: core.Tokens } => ({
  tokens: onePictures.tokensAt(ids),
});
/** The same captions, with the pictures or with their latents. */
function batchesOf(space: Space): core.BatchSource {
  if (space === "pixels") return data.captionBatches(onePictures, { batchSize: 32, seed: 1 });
  const source = data.sequentialBatches(onePictures.images, { batchSize: 200, range: "signed" });
  const pictures = Array.from({ length: source.batchesPerEpoch }, (_, i) => source.at(i).x);
  const encoded = data.cacheLatents((x) => autoencoder.encode(x), pictures);
  return data.latentBatches(
    { ...encoded, scale: stageMade.latentScale },
    { batchSize: 32, seed: 1, conditionsAt: tokensOf },
  );
}
/** A fresh U-Net and what makes pictures of what it draws. */
function drawerOf(space: Space): pipelines.DiffusionPipeline {
  const textTower = new models.TextTower(pipelines.SHAPES_CLIP.text, new Rng(0));
  textTower.loadStateDict(clipTower.stateDict());
  const common = { schedule, predicts: "v", textTower } as const;
  if (space === "latents") {
    const denoiser = pipelines.newShapesDenoiser("unet", new Rng(5));
    const stage = pipelines.loadShapesAutoencoder();
    const latentScale = stageMade.latentScale;
    const parts = { ...common, denoiser, autoencoder: stage.autoencoder, latentScale };
    return new pipelines.DiffusionPipeline(parts);
  }
  const sizes = { imageSize: 32, imageChannels: 3, channelMultipliers: [1, 2, 2] };
  const config = { ...pipelines.SHAPES_UNET, ...sizes, attentionSizes: [8] };
  return new pipelines.DiffusionPipeline({
    ...common,
    denoiser: new models.Unet(config, new Rng(5)),
  });
}
/** Train for so many seconds, compiling not counted. @returns the steps that fitted */
async function trainFor(
  network: pipelines.PipelineParts["denoiser"],
  space: Space,
): Promise<number> {
  const denoise: core.Denoiser<core.Images, core.TextContext> = (xt, t, text) =>
    network.forward(xt, t, text);
  const loss: training.LossFunction = ({ x, tokens: words }, rng) => {
    const condition = clipTower.forward(diffusion.dropCaptions(words as core.Tokens, rng));
    const options = { schedule, rng, condition, target: "v" } as const;
    return objectives.denoisingLoss(denoise, x as core.Images, options);
  };
  const stop = new AbortController();
  let [steps, first] = [0, 0];
  for await (const { step } of training.train(network, loss, {
    ...{ batches: batchesOf(space), steps: 100_000, rng: new Rng(6), maxGradNorm: 1 },
    ...{ signal: stop.signal, compile: !isQuick },
    optimizer: training.adam(network.namedParameters(), { learningRate: 1e-3 }),
  })) {
    if (first === 0) first = performance.now(); // compiling is over
    steps = step;
    if (performance.now() - first > 1000 * secondsOfTraining) stop.abort();
  }
  return steps;
}
/** Train a fresh U-Net until the time is up, and let it draw. */
async function contest(space: Space): Promise<Contest> {
  const drawer = drawerOf(space);
  const steps = await trainFor(drawer.parts.denoiser, space);
  const options = { guidanceScale: 3, rng: new Rng(7) };
  const subset = data.captionedShapes({
    ...{ split: "heldOut", count: isQuick ? 16 : 100, size: 8, seed: 12, kinds: ["one"] },
  });
  const { attributeAccuracy: accuracy } = await pipelines.captionAccuracy(drawer, subset, options);
  const pictures = await drawer.generate({ captions: subset.captions.slice(0, 8), ...options });
  drawer.dispose();
  return { space, steps, accuracy, pictures };
}
const contests = [await contest("latents"), await contest("pixels")];
const [inLatents, inPixels] = contests;
verdict(
  inLatents.steps > inPixels.steps,
  `in ${secondsOfTraining} s latents allow ${inLatents.steps} steps, pixels ${inPixels.steps}`,
);
console.log(
  `Attributes read right after that: latents ${percent(inLatents.accuracy)}, pixels ${percent(inPixels.accuracy)}.`,
);
viz.imageGrid(
  tf.tidy(() => tf.concat([inLatents.pictures, inPixels.pictures]) as core.Images),
  {
    ...{ range: [-1, 1], columns: 8, rowLabels: ["latents", "pixels"] },
  },
);

// %% [markdown] id="inpaint-text"
// ## 8 · Filling a hole, and walking between pictures
//
// **Inpainting.** At each step the network says what clean picture it has in mind, $\hat z_0$. Where the
// picture is known, we know better: put the known latents in, and let the rest adapt. A place of the
// latents is 4×4 pixels, so the mask is drawn at that grain.
//
// Below, the known half has one of two red circles. **Predict.** What fills the other half if the caption
// says "two large red circles", and what if it says "two large green circles"?

// %% exercise="lib/diffusion/known.ts#keepKnown" hint="Known where the mask is 1, predicted where it is 0, a mixture between."
const { keepKnown } = diffusion;

// %% id="check-known"
check("R.23e", keepKnown);

// %% id="verdict-inpaint"
const told = ["two large red circles", "two large green circles"];
const numHoles = 8;
const places = new Rng(21);
const halves: data.Scene[] = []; // a red circle in each half
while (halves.length < numHoles) {
  const scene = data.sampleScene(data.parseCaption(told[0]), places);
  const [left, right] = data.sceneObjects(scene).sort((a, b) => a.x - b.x);
  if (left.x + left.radius < 0.5 && right.x - right.radius > 0.5) halves.push(scene);
}
const whole = tf.tidy(() => {
  const drawn = halves.map((scene) => data.drawObjects(data.sceneObjects(scene), 32));
  const pixels = drawn.map((bytes) => tf.tensor3d(bytes, [32, 32, 3], "int32"));
  return tf.stack(pixels).div<core.Images>(127.5).sub(1);
}) as core.Images;
const known = tf.tidy(() => autoencoder.encode(whole).mean.mul<core.Images>(stageMade.latentScale));
/** 1 in the left half of each row of pixels or latents. */
const leftOf = (x: core.Images): core.Images => {
  const [rows, columns] = [x.shape[1], x.shape[2]];
  const isLeft = tf
    .range(0, columns)
    .less(columns / 2)
    .cast("float32");
  return isLeft.reshape([1, 1, columns, 1]).tile([1, rows, 1, 1]) as core.Images;
};
const mask = tf.tidy(() => leftOf(known).tile([numHoles, 1, 1, 4])) as core.Images;
/** The known half, and in the other what the caption makes of it. */
async function fill(text: string): Promise<core.Images> {
  const filling = samplers.dpmSolver<core.Images, core.Tokens>(
    (x, t, ids) => unet.predict(x, t, ids && { ids, guidanceScale: tf.scalar(3) }),
    schedule,
    { predicts: "v", limitX0: (x0) => diffusion.keepKnown(x0, { clean: known, mask }) },
  );
  const z = await samplers.sampleAll(filling, {
    ...{ shape: known.shape, numSteps: 20, rng: new Rng(8) },
    condition: data.encodeCaptions(halves.map(() => text)),
  });
  return unet.decode(z);
}
const fillings = [await fill(told[0]), await fill(told[1])];
/** Pictures with the left half black. */
const withoutLeft = (x: core.Images): core.Images =>
  tf.tidy(() =>
    x
      .add<core.Images>(1)
      .mul<core.Images>(tf.sub(1, leftOf(x)))
      .sub(1),
  );
const inHole = fillings.map((x, i) => {
  const wanted = data.parseCaption(told[i].replace("two", "a").replace("circles", "circle"));
  return readOf(
    withoutLeft(x),
    halves.map(() => wanted),
  ).attributes.colour;
});
const leftHalf = tf.tidy(() => {
  const far = (x: core.Images): core.Images => x.slice([0, 0, 0, 0], [-1, -1, 12, -1]);
  const before = far(unet.decode(known));
  const each = fillings.map((x) => metrics.psnr(before, far(x), { dataRange: 2 }).min());
  return tf.stack(each).min().dataSync()[0] as never;
}) as number;
verdict(leftHalf > 25, `the known side stays as it was: PSNR at least ${leftHalf.toFixed(1)} dB`);
verdict(
  inHole.every(({ right, asked: questions }) => right >= 0.75 * questions),
  `the hole obeys its caption, whatever is beside it: red where told so in ${inHole[0].right} of ${inHole[0].asked} pictures, green in ${inHole[1].right} of ${inHole[1].asked}`,
);
const holes = tf.tidy(() => {
  const shown = unet.decode(known);
  return shown.mul<core.Images>(leftOf(shown)); // 0 is grey
}) as core.Images;
viz.imageGrid(
  tf.tidy(() => tf.concat([holes, ...fillings]) as core.Images),
  {
    ...{ range: [-1, 1], columns: numHoles },
    rowLabels: ["known", ...told.map((text) => `told “${text}”`)],
  },
);

// %% exercise="lib/diffusion/interpolate.ts#slerp" hint="The angle of each example from its cosine; two sines weigh the two ends."
const { slerp } = diffusion;

// %% id="check-slerp"
check("R.23f", slerp);

// %% id="verdict-walk"
const walkCaption = "a large magenta circle";
const ends = [new Rng(31), new Rng(32)].map((rng) => rng.normal<core.Images>([1, 8, 8, 4]));
const weights = Array.from(core.linspace(0, 1, 8));
/** Pictures along a path of first noises, sampled without further noise. */
async function walk(path: (w: number) => core.Images): Promise<core.Images> {
  const start = tf.tidy(() => tf.concat(weights.map(path)) as core.Images);
  const denoise: core.Denoiser<core.Images, core.Tokens> = (x, t, ids) =>
    unet.predict(x, t, ids && { ids, guidanceScale: tf.scalar(3) });
  const z = await samplers.sampleAll(samplers.ddim(denoise, schedule, { predicts: "v" }), {
    ...{ start, numSteps: 20, rng: new Rng(9) },
    condition: data.encodeCaptions(weights.map(() => walkCaption)),
  });
  return unet.decode(z);
}
const [from, to] = ends;
const curved = await walk((w) => diffusion.slerp(from, to, w));
const straight = await walk((w) => from.mul<core.Images>(1 - w).add(to.mul(w)));
const lengthOf = (x: core.Images): number => tf.tidy(() => x.norm().dataSync()[0] as never);
const halfway = [
  diffusion.slerp(from, to, 0.5),
  tf.tidy(() => from.add<core.Images>(to).div<core.Images>(2)),
];
const [onCircle, onLine] = halfway.map(lengthOf);
verdict(
  onLine < 0.8 * onCircle,
  `half way a straight line's noise has length ${onLine.toFixed(1)}, the circle's ${onCircle.toFixed(1)}; noise of N(0, I) ${Math.sqrt(256).toFixed(1)}`,
);
viz.imageGrid(
  tf.tidy(() => tf.concat([curved, straight]) as core.Images),
  {
    ...{ range: [-1, 1], columns: 8, rowLabels: ["slerp", "straight"], title: walkCaption },
  },
);

// %% [markdown] id="cut-text"
// ## 9 · What is cut
//
// The same parts, in numbers: ours from the networks in this notebook, Stable Diffusion v1's from its paper
// (Rombach et al. 2022, arXiv:2112.10752v2), its repository's README and configuration, and its model card.

// %% id="cut-table"
const denoiserMade = pipelines.loadCourseWeights("shapes-unet-1", unet.parts.denoiser);
const secondsOfUnet = denoiserMade.processorSeconds ?? denoiserMade.seconds;
const minutesOfTraining = Math.round((stageMade.seconds + clipSeconds + secondsOfUnet) / 60);
const parametersOf = (module: { parameterCount(): number }): string =>
  module.parameterCount().toLocaleString("en");
viz.table(
  [
    {
      part: "pictures",
      here: "32×32, drawn",
      "Stable Diffusion v1": "512×512, LAION-5B (subsets)",
    },
    { part: "latents", here: "8×8×4, a side ÷ 4", "Stable Diffusion v1": "64×64×4, a side ÷ 8" },
    {
      part: "scale factor",
      here: stageMade.latentScale.toFixed(3),
      "Stable Diffusion v1": "0.18215",
    },
    {
      part: "KL weight, in the loss's own unit",
      here: "0.01",
      "Stable Diffusion v1": "0.000001, with a perceptual loss and a patch discriminator",
    },
    {
      part: "text encoder",
      here: `${parametersOf(clipTower)} weights, our CLIP's`,
      "Stable Diffusion v1": "123 M, CLIP ViT-L/14's, frozen as well",
    },
    {
      part: "words",
      here: `${data.VOCABULARY.length} tokens, up to ${data.MAX_CAPTION_WORDS}`,
      "Stable Diffusion v1": "49,408 tokens, up to 77",
    },
    {
      part: "denoiser",
      here: `${parametersOf(unet.parts.denoiser)} weights`,
      "Stable Diffusion v1": "860 M",
    },
    {
      part: "training",
      here: `${minutesOfTraining} minutes of one CPU core`,
      "Stable Diffusion v1": "150,000 hours of A100, says its model card",
    },
  ],
  { title: "The same chain" },
);

// %% [markdown] id="errata-text"
// ## 10 · What the review prints, what is right, and a recap
//
// Section 3.4 and equation 23 as printed in our copy; each entry is measured by the next cell.

// %% id="verdict-errata"
/** Error of v at t if noise is added to the picture and the noisy picture encoded, or to the latent. */
const encodedNoisy = tf.tidy(() => {
  const t = tf.fill([testCount], middle, "int32") as core.Timesteps;
  const rng = new Rng(41);
  const noisy = diffusion.qSample(schedule, t, {
    x0: real,
    noise: rng.normal<core.Images>(real.shape),
  });
  const zt = autoencoder.encode(noisy).mean.mul<core.Images>(stageMade.latentScale);
  const right = diffusion.qSample(schedule, t, {
    x0: latents,
    noise: rng.normal<core.Images>(latents.shape),
  });
  return [right, zt].map((z) => {
    const v = unet.predict(z, t, { ids: tokens });
    const [signal, spread] = [
      Math.sqrt(schedule.alphaBar[middle]),
      Math.sqrt(1 - schedule.alphaBar[middle]),
    ];
    const x0 = unet.decode(z.mul<core.Images>(signal).sub(v.mul(spread)));
    return metrics.psnr(divided, x0, { dataRange: 2 }).mean().dataSync()[0];
  }) as never;
}) as number[];
verdict(
  encodedNoisy[0] > encodedNoisy[1],
  `noise in the latent can be taken off: ${encodedNoisy[0].toFixed(1)} dB at t = ${middle}; of an encoded noisy picture ${encodedNoisy[1].toFixed(1)} dB`,
);
viz.table(
  [
    {
      where: "section 3.4",
      printed: "z_t = g(x_t): the noisy picture is encoded",
      correct: "only z_0 = E(x_0) is; then z_t = √ᾱ_t z_0 + √(1 − ᾱ_t) ε",
      measured: `PSNR of x̂_0 at t = ${middle}: ${encodedNoisy[1].toFixed(1)} dB as printed, ${encodedNoisy[0].toFixed(1)} dB as is right`,
    },
    {
      where: "(23)",
      printed: "ε for the encoder and for the noise, g for the encoder before",
      correct: "E for the encoder, ε for the noise; with a caption, ε_θ(z_t, t, τ(y))",
      measured: `the encoder gives ${latents.shape.slice(1).join("×")}, of which ε has the shape`,
    },
    {
      where: "section 3.4",
      printed: "nothing of a scale",
      correct: "z_0 is multiplied by 1 / std(z) before it is noised",
      measured: `5 times off, the error of v at t = ${middle} is ${offScale.toFixed(2)}, not ${onScale.toFixed(2)}`,
    },
  ],
  { title: "Errata" },
);

// %% id="verdict-recap"
console.log(scores.save());
scores.recap`Reconstructions keep ${scores.of("first stage", "attributes, reconstructed")} of the attributes;
that is the ceiling. The latent U-Net draws ${scores.of("latent U-Net, seen", "attributes")} of them right for
seen combinations, ${scores.of("latent U-Net, unseen", "attributes")} for unseen ones:
${scores.compare("latent U-Net, seen", "latent U-Net, unseen", "attributes")}.`;

// %% id="scores"
scores;

// %% [markdown] id="quiz"
// ## 11 · Quiz
//
// <details><summary>1. Why is the KL weight so small here, and 1 in a VAE?</summary>
// A VAE samples from the prior, so q must fill it. Here the denoiser learns what the latents are like;
// the KL term only keeps their size in check, and every nat of it costs sharpness.</details>
//
// <details><summary>2. A friend trains with scaled latents and decodes them unscaled. What does she see?</summary>
// Pictures of the wrong contrast and colour: the decoder gets latents that it never saw.</details>
//
// <details><summary>3. Samples score 99 %, reconstructions 97 %. What is wrong?</summary>
// Nothing, if it is within the errors of n. Else the two were asked different captions.</details>
//
// <details><summary>4. Why does InfoNCE of a batch with two equal captions never reach 0?</summary>
// Each is counted as a wrong answer to the other's picture, though it is right.</details>
//
// <details><summary>5. Why can guidance make more attributes right than the training captions' share?</summary>
// It follows the caption more strongly than the data do; notebook 05 shows the price.</details>
//
// <details><summary>6. Where may latent inpainting change pixels outside the hole?</summary>
// At its border: a latent's place touches neighbours through the decoder's convolutions.</details>
//
// **Further.** Rombach et al. 2022 (arXiv:2112.10752), Radford et al. 2021 (arXiv:2103.00020), Wang, Yu &
// Zhang 2022 on inpainting (arXiv:2212.00490). Next: notebook 09, where a transformer denoises.
