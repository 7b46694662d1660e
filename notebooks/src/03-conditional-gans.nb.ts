// Source of notebook 03. Edit here, then run `npm run notebooks`.

// %% [markdown] id="title" equations="R.5 STACKGAN.2 ATTNGAN.2 ATTNGAN.10 ATTNGAN.11" difficulty="3" minutes="100"
// # 03 · Conditional and hierarchical GANs
//
// **Goals.** Ask a GAN for something and measure whether it obeys; see it ignore the question; pull
// texts and pictures into one space; draw pictures of captions in two stages (StackGAN) and with
// attention to single words (AttnGAN), scored by a parser that reads the pictures back; grow a
// network while it trains (Progressive GAN).
//
// You need notebook 02. The cells alone run in a few minutes on two CPU cores: what would take
// longer comes from checkpoints of the course, and section 7 trains one live.
//
// **How to work.** Under each **Predict** write down your guess before you run the next cell. In an
// exercise replace the `throw` line; the cell below checks your function. Later cells use the
// library's version. Answers are in `solutions/`.

// %% id="imports"
import {
  Rng,
  check,
  core,
  data,
  engine,
  metrics,
  models,
  nn,
  objectives,
  pipelines,
  results,
  tf,
  training,
  viz,
} from "latentlab";

const isQuick = process.env["LATENTLAB_PROFILE"] === "quick"; // shorter trainings, for CI
const { device, reason, tensorflow } = engine.deviceReport();
console.log(`Training on the ${device} (${reason}), TensorFlow ${tensorflow}.`);
const { verdict } = results; // prints a claim, and whether the numbers bear it out
const scores = new results.Scores("03-conditional-gans");
const SEEDS = [1, 2, 3];
const percent = ({ mean: value, plusMinus }: results.Score): string =>
  `${(100 * value).toFixed(1)} ± ${(100 * (plusMinus ?? NaN)).toFixed(1)} %`;

// %% [markdown] id="cgan-text"
// ## 1 · Ask, and see whether it obeys (R.5)
//
// Give both players the wish $y$: the generator draws $G(z, y)$, the discriminator judges the pair.
//
// $$ \min_G \max_D \; \mathbb{E}_{x, y}\left[\log D(x, y)\right] +
// \mathbb{E}_{z, y}\left[\log(1 - D(G(z, y), y))\right] \tag{R.5} $$
//
// The review writes $D(x \mid y)$, which looks like a density; $D$ is a function of two arguments. And
// it must *use* the second: if $D$ never looks at $y$, nothing punishes a generator that draws a fine
// 3 when asked for an 8. One remedy is a third kind of pair, a real picture with the wrong $y$, which
// $D$ must refuse too (Reed et al. 2016).
//
// **Predict.** Two games on real digits, equal but for one thing: in the second, $D$ sees no label.
// Which share of their pictures shows the digit that was asked for?

// %% exercise="lib/objectives/adversarial.ts#matchingAwareLoss" hint="−log D = softplus(−logit), −log(1 − D) = softplus(logit); the two kinds of wrong pairs share one weight."
const { matchingAwareLoss } = objectives;

// %% id="check-matching-aware"
check("R.5", matchingAwareLoss);

// %% id="judge"
const digits = data.readSmallDigits();
const { train, heldOut } = digits.split({ heldOut: 400, seed: 1 });
const judge = new models.Classifier(models.CLASSIFIER_PRESETS["digits-8"], new Rng(1));
const judgeRun = training.train(
  judge,
  ({ x, labels }) =>
    objectives.crossEntropy(judge.forward(x as core.Images), labels as core.Labels),
  {
    batches: data.shuffledBatches(train, { batchSize: 64, seed: 1, range: "signed" }),
    steps: isQuick ? 150 : 400,
    optimizer: training.adam(judge.namedParameters(), { learningRate: 3e-3 }),
    rng: new Rng(2),
  },
);
for await (const _ of judgeRun);
judge.setTraining(false);
/** Share of pictures that the judge reads as their label. */
function obeyed(images: core.Images, labels: core.Labels): number {
  return tf.tidy(() => {
    const read = judge.forward(images).argMax<core.Labels>(1);
    return read.equal(labels).cast("float32").mean().dataSync()[0] as never;
  }) as number;
}
const whole = data.sequentialBatches(heldOut, { batchSize: heldOut.count, range: "signed" }).at(0);
const ceiling = obeyed(whole.x, whole.labels as core.Labels);
console.log(`The judge reads ${(100 * ceiling).toFixed(1)} % of ${heldOut.count} held-out digits.`);

// %% id="cgan"
const config = {
  imageShape: [8, 8, 1],
  latentDim: 16,
  channels: [64, 32],
  numClasses: 10,
} as const;
const asked = tf.tensor1d(
  Array.from({ length: 500 }, (_, i) => i % 10),
  "int32",
);
async function playCgan(
  seesLabels: boolean,
  seed: number,
  live?: viz.TrainingDashboard,
): Promise<{ images: core.Images; obeyed: number; seconds: number }> {
  const rng = new Rng(seed);
  const generator = new models.CganGenerator(config, rng);
  const blind = new models.DcganDiscriminator({ ...config, norm: "spectral" }, rng);
  const seeing = new models.CganDiscriminator({ ...config, norm: "spectral" }, rng);
  const discriminator = seesLabels ? seeing : blind;
  const losses = objectives.ganLosses({
    latentDim: config.latentDim,
    generate: (z, labels) => generator.forward(z, labels as core.Labels),
    discriminate: (x, labels) =>
      (seesLabels
        ? seeing.forward(x as core.Images, labels as core.Labels)
        : blind.forward(x as core.Images)
      ).mul(10), // spectral norm keeps D's slope below 1
  });
  const players = { generator, discriminator };
  const ema = new training.Ema(generator, { decay: 0.99, warmUp: true });
  const rules = { learningRate: 1e-3, beta1: 0.5 };
  const started = performance.now();
  const run = training.trainGan(players, losses, {
    batches: data.shuffledBatches(train, { batchSize: 64, seed, range: "signed" }),
    steps: isQuick ? 250 : 1500,
    optimizers: {
      generator: training.adam(generator.namedParameters(), rules),
      discriminator: training.adam(discriminator.namedParameters(), rules),
    },
    ema,
    rng,
    reportEvery: 10,
  });
  for await (const { step, generator: g } of run) {
    live?.push({ step, loss: g.loss });
    if (live === undefined || step % 50 !== 0) continue;
    const first = asked.slice([0], [40]);
    const samples = generator.sample(first, new Rng(9));
    live.pictures(viz.imageGrid(samples, { range: [-1, 1], columns: 10 }));
    tf.dispose([first, samples]);
  }
  ema.copyTo(generator);
  generator.setTraining(false);
  const images = generator.sample(asked, new Rng(9));
  for (const owner of [generator, blind, seeing, ema]) owner.dispose();
  const seconds = (performance.now() - started) / 1000;
  return { images, obeyed: obeyed(images, asked), seconds };
}
const board = viz.liveTraining({
  ...{ title: "CGAN", y: "loss of G", picturesTitle: "asked for 0, 1, …, 9" },
  steps: isQuick ? 250 : 1500,
});
const first = await playCgan(true, 1, board).finally(() => board.end());

// %% id="verdict-cgan"
const games = [{ sees: true, seed: 1, ...first }];
for (const seed of SEEDS.slice(1))
  games.push({ sees: true, seed, ...(await playCgan(true, seed)) });
for (const seed of SEEDS) games.push({ sees: false, seed, ...(await playCgan(false, seed)) });
for (const { sees, seed, seconds, obeyed: value } of games) {
  const subject = sees ? "CGAN, D(x, y)" : "CGAN, D(x)";
  const what = { metric: "asked = read", better: "higher", n: asked.size } as const;
  scores.record({ subject, ...what, value, floor: ceiling, seed, seconds });
}
const [obeys, ignores] = ["CGAN, D(x, y)", "CGAN, D(x)"].map((s) => scores.of(s, "asked = read"));
verdict(obeys.mean >= 0.95, `≥ 95 % of the CGAN's digits are read as asked: ${percent(obeys)}`);
verdict(
  ignores.mean < 0.3,
  `a D that sees no label lets G ignore y: ${percent(ignores)}, chance 10 %`,
);
const shown = tf.tidy(() =>
  tf.concat([games[0], games[3]].map(({ images }) => images.slice([0, 0, 0, 0], [20, -1, -1, -1]))),
) as core.Images;
viz.imageGrid(shown, {
  range: [-1, 1],
  columns: 10,
  rowLabels: ["D(x, y)", "D(x, y)", "D(x)", "D(x)"],
  title: "Asked for 0, 1, …, 9",
});

// %% [markdown] id="captions-text"
// ## 2 · Captions with a known truth
//
// From a label to a sentence. Photographs have no exact caption, so we draw pictures that have:
// count × size × colour × shape, and a relation between two such groups. Three combinations of colour
// and shape are in *no* training caption: they measure whether a model understood the words or
// learnt the captions by heart. And a parser reads any picture back, so a generated picture can be
// scored against its caption, attribute by attribute.
//
// **Predict.** The parser has faults of its own. At which noise and which blur does it fail?

// %% id="captions"
const many = data.captionedShapes({ split: "heldOut", count: 12, size: 32, seed: 4 });
const twelve = Int32Array.from({ length: 12 }, (_, i) => i);
const picturesOf = (set: data.CaptionedShapes): core.Images => set.batchAt(twelve).x;
viz.display(
  viz.table(
    data.SPLITS.map((split) => ({
      split,
      ...Object.fromEntries(
        data.CAPTION_KINDS.map((kind) => [kind, data.captionsOf(split, kind).length]),
      ),
      "SHA-256": data.splitHash(split).slice(0, 12),
    })),
    { title: "How many captions" },
  ),
);
const captioned = many.scenes.map(({ caption }) => data.formatCaption(caption));
viz.display(viz.imageGrid(picturesOf(many), { range: [-1, 1], columns: 6, scale: 4 }));
console.log(captioned.map((text, i) => `${i + 1}. ${text}`).join("\n"));

// %% id="verdict-parser"
const damages = [0, 0.1, 0.2, 0.3, 0.5].map((noise) => ({ noise }));
const blurs = [0, 0.5, 1, 1.5, 2].map((blur) => ({ blur }));
const parserOn = (size: number, of: data.Damage[]): number[] => {
  const set = data.captionedShapes({ split: "train", count: isQuick ? 60 : 200, size, seed: 5 });
  return data.parserCurve(set, { damages: of, seed: 1 }).map((s) => s.attributeAccuracy);
};
const [noisy, blurred] = [damages, blurs].map((of) => parserOn(32, of));
verdict(noisy[0] >= 0.99, `the parser reads ${(100 * noisy[0]).toFixed(2)} % of clean attributes`);
viz.curves({
  title: "Attributes that the parser reads right in true pictures of 32×32",
  x: "noise (σ, of full brightness) or blur (σ, pixels)",
  y: { label: "accuracy", range: [0, 1.02] },
  curves: [
    { name: "noise", x: damages.map(({ noise }) => noise), y: noisy, markers: true },
    { name: "blur", x: blurs.map(({ blur }) => blur), y: blurred, markers: true },
  ],
});

// %% [markdown] id="matching-text"
// ## 3 · Words and regions in one space
//
// A generator needs the caption as numbers that mean something in pictures. Train two encoders to
// find each other's partner: a bidirectional GRU gives each word a vector $e_i$ and the sentence
// $\bar e$, a convolutional network gives each of 8×8 regions a vector $v_j$. Each word collects the
// regions that fit it, $c_i = \sum_j \alpha_j v_j$; the best words decide how well picture and text
// match:
//
// $$ R(Q, D) = \log\left(\sum_i \exp\left(\gamma_2 \cos(c_i, e_i)\right)\right)^{1/\gamma_2}
// \tag{ATTNGAN.10} $$
//
// $$ \mathcal{L} = -\sum_i \log P(D_i \mid Q_i) - \sum_i \log P(Q_i \mid D_i), \quad
// P(D_i \mid Q_i) = \frac{\exp(\gamma_3 R(Q_i, D_i))}{\sum_j \exp(\gamma_3 R(Q_i, D_j))} \tag{ATTNGAN.11} $$
//
// **Predict.** Nobody tells the network where anything is. Which words will find their pixels:
// "two", "small", "red" or "circles"?

// %% exercise="lib/objectives/image-text-matching.ts#matchingLoss" hint="Two cross-entropies with the diagonal as the right answer: over the rows and over the columns."
const { matchingLoss } = objectives;

// %% id="check-matching-loss"
check("ATTNGAN.11", matchingLoss);

// %% id="verdict-retrieval"
const encoders = new pipelines.CaptionEncoders(new Rng(1));
const madeEncoders = pipelines.loadCourseWeights("caption-encoders", encoders);
encoders.setTraining(false);
console.log(
  `Encoders: ${madeEncoders.steps} steps, ${madeEncoders.seconds} s on the ${madeEncoders.device}.`,
);
/** For pictures of different captions: how often the best caption is the right one. */
function retrieval(split: data.CaptionSplit, kind: data.CaptionKind): { r1: number; n: number } {
  const set = data.captionedShapes({ split, count: 200, size: 32, seed: 6, kinds: [kind] });
  const keys = set.scenes.map(({ caption }) => data.formatCaption(data.canonicalCaption(caption)));
  const distinct = Int32Array.from(new Set(keys.map((key) => keys.indexOf(key)))).slice(0, 64);
  const similarity = tf.tidy(() => {
    const { x: pictures, tokens } = set.batchAt(distinct);
    return encoders.scores(pictures, encoders.encode(tokens));
  });
  const r1 = metrics.recallAt(similarity, 1);
  similarity.dispose();
  return { r1, n: distinct.length };
}
const found = (["heldOut", "unseen"] as const).flatMap((split) =>
  data.CAPTION_KINDS.map((kind) => ({ split, kind, ...retrieval(split, kind) })),
);
const atOnce = found.filter(({ kind }) => kind !== "several");
const worst = Math.min(...atOnce.map(({ r1 }) => r1));
verdict(
  worst >= 0.8,
  `captions that training never showed are found among all: R@1 is at least ${worst.toFixed(2)}`,
);
viz.table(
  found.map(({ split, kind, r1, n }) => ({ split, kind, "R@1": r1, chance: 1 / n, n })),
  { title: "Picture → caption, among n captions" },
);

// %% id="verdict-word-maps"
const pairs = data.captionedShapes({
  ...{ split: "heldOut", count: isQuick ? 60 : 200, size: 32, seed: 7 },
  ...{ kinds: ["related"], where: pipelines.SIMPLE_CAPTIONS.where },
});
const allPairs = Int32Array.from(pairs.scenes.keys());
/** Mean IoU of the words of one role, and of the control. */
function meanIou(ious: pipelines.WordIou[], role: pipelines.WordRole): core.Estimate[] {
  const own = ious.filter((word) => word.role === role);
  return [core.estimate(own.map(({ iou }) => iou)), core.estimate(own.map((w) => w.shuffled))];
}
const trueIous = tf.tidy(() => {
  const { x: pictures, tokens } = pairs.batchAt(allPairs);
  const maps = encoders.wordMaps(pictures, encoders.encode(tokens));
  const fine = pairs.masksAt(allPairs).transpose<tf.Tensor4D>([0, 2, 3, 1]);
  const masks = tf.avgPool(fine, 4, 4, "valid").transpose<tf.Tensor4D>([0, 3, 1, 2]);
  const captions = pairs.scenes.map(({ caption }) => caption);
  return pipelines.wordIous(maps, masks, { captions, rng: new Rng(1) }) as never;
}) as pipelines.WordIou[];
const roles = pipelines.WORD_ROLES.map((role) => ({ role, ious: meanIou(trueIous, role) }));
const [colourIou, colourControl] = meanIou(trueIous, "colour");
verdict(
  colourIou.mean - 4 * colourIou.standardError > colourControl.mean,
  `colour words find their pixels: IoU ${core.formatEstimate(colourIou, 2)}, with the words shuffled ${core.formatEstimate(colourControl, 2)}`,
);
viz.bars({
  title: `Word maps of the encoders against true masks (${pairs.count} held-out pictures)`,
  x: "word for",
  y: "IoU",
  categories: roles.map(({ role }) => role),
  series: [
    { name: "own map", values: roles.map(({ ious }) => ious[0].mean) },
    { name: "words shuffled", values: roles.map(({ ious }) => ious[1].mean) },
  ],
});

// %% [markdown] id="stackgan-text"
// ## 4 · StackGAN: first a sketch, then the picture
//
// Stage I draws 16×16 from the sentence; stage II reads the sentence again and makes 32×32 of the
// sketch. Few captions leave gaps between their vectors, so the condition is *drawn* around each:
// $c \sim \mathcal{N}(\mu(\varphi_t), \Sigma(\varphi_t))$, and a penalty keeps the clouds wide:
//
// $$ D_\mathrm{KL}\left(\mathcal{N}(\mu(\varphi_t), \Sigma(\varphi_t)) \,\|\, \mathcal{N}(0, I)\right)
// \tag{STACKGAN.2} $$
//
// For comparison, stage I alone draws 32×32 at once, with the processor time of both stages, and the
// two stages do without the drawn condition.
//
// **Predict.** Which of count, colour, size, shape and relation comes out right most often, and
// which least? Does stage II raise the accuracy of stage I, or its looks? Are two stages worth it?

// %% exercise="lib/objectives/conditioning.ts#augmentCondition" hint="The reparametrised sample and the KL divergence of notebook 01."
const { augmentCondition } = objectives;

// %% id="check-augment"
check("STACKGAN.2", augmentCondition);

// %% id="stackgan"
type Draw = (captions: readonly string[], rng: Rng) => core.Images;
const perSplit = isQuick ? 60 : 300;
/** Score a text-to-image model on each split: all attributes together, and each by itself. */
function scoreModel(subject: string, seed: number, draw: Draw): data.PictureScores[] {
  return data.SPLITS.map((split) => {
    const started = performance.now();
    const options = { split, count: perSplit, rng: new Rng(10 + seed) };
    const got = pipelines.textToImageAccuracy((texts) => draw(texts, new Rng(20 + seed)), options);
    const metric = `attributes, ${split}`;
    const seconds = (performance.now() - started) / 1000;
    const perPicture = got.each.map(({ attributes: a }) => {
      const tallies = Object.values(a);
      const sum = (of: "right" | "asked"): number => tallies.reduce((n, t) => n + t[of], 0);
      return sum("right") / sum("asked");
    });
    const value = { ...core.estimate(perPicture), mean: got.attributeAccuracy };
    scores.record({ subject, metric, better: "higher", value, n: got.n, floor: 1, seed, seconds });
    return got;
  });
}
function loadStackGan(name: string, options: pipelines.StackGanOptions = {}): pipelines.StackGan {
  const net = new pipelines.StackGan(encoders.size, new Rng(1), options);
  const isWhole = options.firstSize === undefined; // at once, there is no second stage
  pipelines.loadCourseWeights(name, isWhole ? net : net.stageOne);
  net.setTraining(false);
  return net;
}
const stage =
  (net: pipelines.StackGan, which: "small" | "large"): Draw =>
  (captions, rng) =>
    tf.tidy(() => net[which](encoders.encode(captions), rng).images[0]);
const STACK_SEEDS = [1, 2, 3];
const stacks = STACK_SEEDS.map((seed) => ({ seed, net: loadStackGan(`stackgan-${seed}`) }));
const unaugmented = STACK_SEEDS.map((seed) =>
  loadStackGan(`stackgan-no-augmentation-${seed}`, { augment: false }),
);
const atOnce32 = STACK_SEEDS.map((seed) =>
  loadStackGan(`stackgan-at-once-${seed}`, { firstSize: 32 }),
);
const stackScores = stacks.map(({ seed, net }, i) => ({
  one: scoreModel("StackGAN, stage I", seed, stage(net, "small")),
  both: scoreModel("StackGAN, I + II", seed, stage(net, "large")),
  direct: scoreModel("32×32 at once", seed, stage(atOnce32[i], "small")),
  sketch: scoreModel("no augmentation, stage I", seed, stage(unaugmented[i], "small")),
  undrawn: scoreModel("no augmentation, I + II", seed, stage(unaugmented[i], "large")),
}));
const wishes = [
  "a large red circle",
  "a small green square",
  "a large yellow triangle",
  "a large blue square above a small red circle",
  "a small cyan circle left of a large magenta triangle",
  "a large blue circle",
  "a large red triangle",
  "a small yellow square",
];
/** A row of pictures of the wishes; the last three combine what training never showed together. */
const row = (draw: Draw, seed = 3): core.Images => draw(wishes, new Rng(seed));
const sketches = tf.tidy(() =>
  tf.image.resizeNearestNeighbor(row(stage(stacks[0].net, "small")), [32, 32]),
);
const stackRows = [row(stage(stacks[0].net, "large")), row(stage(atOnce32[0], "small"))];
const stackGrid = viz.imageGrid(tf.concat([sketches, ...stackRows]), {
  ...{ range: [-1, 1] as const, columns: wishes.length, scale: 3 },
  rowLabels: ["stage I", "stage II", "at once"],
});
console.log(wishes.map((wish, i) => `${i + 1}. ${wish}`).join("\n"));
stackGrid;

// %% id="verdict-stackgan"
/** Share right of each attribute over the seeds, on one split. */
const byAttribute = (runs: data.PictureScores[]): Record<string, string> =>
  Object.fromEntries(
    data.ATTRIBUTES.map((attribute) => {
      const shares = runs.map(({ attributes: a }) => a[attribute].right / a[attribute].asked);
      return [attribute, core.formatEstimate(core.estimate(shares), 2)];
    }),
  );
const onTrain = "attributes, train";
viz.display(
  scores.recap`With both stages ${scores.compare("StackGAN, I + II", "StackGAN, stage I", onTrain)};
${scores.compare("StackGAN, I + II", "32×32 at once", onTrain)} in as much processor time.
With the drawn condition and without it: ${scores.compare("StackGAN, I + II", "no augmentation, I + II", onTrain)}.`,
);
viz.table(
  data.SPLITS.flatMap((split, s) => [
    { captions: split, pictures: "stage I", ...byAttribute(stackScores.map(({ one }) => one[s])) },
    { captions: split, pictures: "I + II", ...byAttribute(stackScores.map(({ both }) => both[s])) },
    { captions: split, pictures: "at once", ...byAttribute(stackScores.map((of) => of.direct[s])) },
    {
      captions: split,
      pictures: "no drawn c",
      ...byAttribute(stackScores.map((of) => of.undrawn[s])),
    },
  ]),
  { title: `Attributes read right, seeds ${STACK_SEEDS.join(", ")}, ${perSplit} pictures each` },
);

// %% [markdown] id="attngan-text"
// ## 5 · AttnGAN: every pixel asks the words
//
// StackGAN squeezes the caption into one vector. AttnGAN keeps the words: each place $j$ of the small
// picture's features takes a mean of word vectors, weighted by how well they fit it,
//
// $$ c_j = \sum_i \beta_{j,i}\, e'_i, \quad \beta_{j,i} = \frac{\exp(h_j^\top e'_i)}{\sum_k
// \exp(h_j^\top e'_k)} \tag{ATTNGAN.2} $$
//
// and the picture of 32×32 must let the encoders of section 3 find its caption again.
//
// **Predict.** Will it follow the captions better than StackGAN? On unseen combinations too? Will the
// maps of the words lie on the objects that they speak of?

// %% exercise="lib/models/attngan/word-attention.ts#wordContext" hint="Scores h·eᵀ, −1e9 where the mask is 0, softmax over words, weighted mean of the words."
const { wordContext } = models;

// %% id="check-word-context"
check("ATTNGAN.2", wordContext);

// %% id="attngan"
const attentive = SEEDS.map((seed) => {
  const net = new pipelines.AttnGan(encoders.size, new Rng(1));
  const made = pipelines.loadCourseWeights(`attngan-${seed}`, net);
  net.setTraining(false);
  return { seed, net, made };
});
const large =
  (net: pipelines.AttnGan): Draw =>
  (captions, rng) =>
    tf.tidy(() => net.draw(encoders.encode(captions), rng).large);
const attnScores = attentive.map(({ seed, net }) => scoreModel("AttnGAN", seed, large(net)));
const attnRows = tf.tidy(() =>
  tf.concat([3, 4, 5].map((seed) => row(large(attentive[0].net), seed))),
);
viz.display(
  viz.imageGrid(attnRows, {
    ...{ range: [-1, 1], columns: wishes.length, scale: 3 },
    rowLabels: ["z₁", "z₂", "z₃"],
    title: "AttnGAN, the wishes of section 4",
  }),
);
viz.table(
  data.SPLITS.map((split, s) => ({
    captions: split,
    ...byAttribute(attnScores.map((of) => of[s])),
    "everything right": core.formatEstimate(
      core.estimate(attnScores.map((of) => of[s].exactAccuracy)),
      2,
    ),
  })),
  { title: `AttnGAN: attributes read right, ± over ${SEEDS.length} seeds` },
);

// %% id="verdict-attngan"
const mean = (subject: string, split: string): results.Score =>
  scores.of(subject, `attributes, ${split}`);
for (const split of ["train", "unseen"]) {
  const [a, b] = [mean("AttnGAN", split), mean("StackGAN, I + II", split)];
  verdict(
    a.mean - (a.plusMinus ?? 0) > b.mean + (b.plusMinus ?? 0),
    `on ${split} captions AttnGAN has more attributes right than StackGAN: ${percent(a)} against ${percent(b)}`,
  );
}
/** The attention of the generator on its own pictures, against the patches of each word's colour. */
function attentionIous(net: pipelines.AttnGan, seed: number): pipelines.WordIou[] {
  const captions = pairs.scenes.map(({ caption }) => caption);
  return tf.tidy(() => {
    const drawn = net.draw(encoders.encode(pairs.captions), new Rng(seed));
    const [unit, places] = [drawn.large.add(1).div(2).dataSync(), 32 * 32];
    const masks = captions.map((caption, i) => {
      const picture = unit.subarray(i * 3 * places, (i + 1) * 3 * places);
      const words = data.foundWordMasks(picture, 32, caption) ?? [];
      const all = new Float32Array(data.MAX_CAPTION_WORDS * places);
      words.forEach((mask, w) => all.set(mask, w * places));
      return tf.tensor3d(all, [data.MAX_CAPTION_WORDS, 32, 32]);
    });
    const fine = tf.stack(masks).transpose<tf.Tensor4D>([0, 2, 3, 1]);
    const coarse = tf.avgPool(fine, 2, 2, "valid").transpose<tf.Tensor4D>([0, 3, 1, 2]);
    const maps = drawn.attention.transpose<tf.Tensor4D>([0, 3, 1, 2]);
    return pipelines.wordIous(maps, coarse, { captions, rng: new Rng(seed) }) as never;
  }) as pipelines.WordIou[];
}
const perSeed = attentive.map(({ seed, net }) => attentionIous(net, seed));
const iouOver = (pick: (word: pipelines.WordIou) => number, role: string): core.Estimate =>
  core.estimate(
    perSeed.map((ious) => {
      const own = ious.filter((word) => word.role === role);
      return core.estimate(own.map(pick)).mean;
    }),
  );
const [ownIou, controlIou] = [
  iouOver((w) => w.iou, "colour"),
  iouOver((w) => w.shuffled, "colour"),
];
verdict(
  ownIou.mean - ownIou.standardError > controlIou.mean + controlIou.standardError,
  `the generator looks colours up where it paints them: IoU ${core.formatEstimate(ownIou, 2)}, words shuffled ${core.formatEstimate(controlIou, 2)}`,
);
viz.bars({
  title: `Attention of AttnGAN on its own pictures, mean of ${SEEDS.length} seeds`,
  x: "word for",
  y: "IoU",
  categories: [...pipelines.WORD_ROLES],
  series: [
    { name: "own map", values: pipelines.WORD_ROLES.map((r) => iouOver((w) => w.iou, r).mean) },
    {
      name: "words shuffled",
      values: pipelines.WORD_ROLES.map((r) => iouOver((w) => w.shuffled, r).mean),
    },
  ],
});

// %% id="attention-maps"
const sentence = "a large blue square above a small red circle";
const view = tf.tidy(() => {
  const drawn = attentive[0].net.draw(encoders.encode([sentence]), new Rng(3));
  const words = sentence.split(" ").length;
  const maps = drawn.attention.transpose([3, 1, 2, 0]).slice([0, 0, 0, 0], [words, -1, -1, -1]);
  const brightest = maps.max([1, 2, 3], true).add(1e-9);
  const grey = tf.image.resizeNearestNeighbor(maps.div(brightest) as tf.Tensor4D, [32, 32]);
  const unit = drawn.large.add(1).div(2) as core.Images;
  return tf.concat([unit, grey.tile([1, 1, 1, 3])]) as core.Images;
});
viz.imageGrid(view, {
  ...{ range: [0, 1], columns: 10, scale: 3 },
  captions: ["picture", ...sentence.split(" ")],
  title: `Where each word of "${sentence}" is looked up`,
});

// %% [markdown] id="progan-text"
// ## 6 · Progressive GAN: grow while you train
//
// Instead of two networks for two sizes, one network that grows: 8×8 first, then layers for 16×16
// are *faded in*, $x = (1 - \alpha)\, \mathrm{up}(x_\mathrm{small}) + \alpha\, x_\mathrm{large}$, then
// those for 32×32. At $\alpha = 0$ the grown network must do exactly what the small one did. The
// discriminator also compares the examples of a batch (minibatch standard deviation), so that a
// generator that repeats itself is found out.
//
// **Predict.** How much time does a round take, growing and not? Which network draws more clear
// shapes?

// %% exercise="lib/models/progan/growth.ts#fadeIn" hint="A weighted mean; alpha is a tensor, so that a compiled step sees it change."
const { fadeIn } = models;

// %% id="check-fade-in"
check("R.5d", fadeIn);

// %% exercise="lib/nn/minibatch-std.ts#minibatchStandardDeviation" hint="Reshape to (member, group, features); the deviation over members, averaged over features, is one number a group."
const { minibatchStandardDeviation } = nn;

// %% id="check-minibatch"
check("R.5a", minibatchStandardDeviation);

// %% id="verdict-progan"
function loadProgan(name: string): {
  generator: models.ProganGenerator;
  made: pipelines.CheckpointProvenance;
} {
  const generator = new models.ProganGenerator(pipelines.PROGAN_SHAPES, new Rng(1));
  return { generator, made: pipelines.loadCourseWeights(name, generator) };
}
const [grown, direct] = ["progan", "progan-direct"].map(loadProgan);
const [growth8, growth16, growth32] = [0, 1, 2].map((s) => new models.Growth(s, s === 1 ? 0 : 1));
const difference = tf.tidy(() => {
  const z = new Rng(4).normal<tf.Tensor2D>([16, pipelines.PROGAN_SHAPES.latentDim]);
  const small = tf.image.resizeNearestNeighbor(grown.generator.forward(z, growth8), [16, 16]);
  return small.sub(grown.generator.forward(z, growth16)).abs().max().dataSync()[0] as never;
}) as number;
verdict(
  difference < 1e-5,
  `at α = 0 nothing has changed: at most ${difference.toPrecision(1)} a pixel`,
);
/** Pictures in which the parser finds one object and a clear shape. */
function wellFormed({ generator }: { generator: models.ProganGenerator }, n = 300): number {
  return tf.tidy(() => {
    const z = new Rng(5).normal<tf.Tensor2D>([n, pipelines.PROGAN_SHAPES.latentDim]);
    const unit = generator.forward(z, growth32).add(1).div(2).dataSync();
    const length = 32 * 32 * 3;
    const isGood = Array.from({ length: n }, (_, i) => {
      const objects = data.readScene(unit.subarray(i * length, (i + 1) * length), 32);
      return objects.length === 1 && objects[0].misfit < 0.25;
    });
    return (isGood.filter(Boolean).length / n) as never;
  }) as number;
}
const progans = [
  { name: "grown 8 → 16 → 32", ...grown },
  { name: "32×32 from the start", ...direct },
].map((net) => ({ ...net, good: wellFormed(net) }));
for (const { name, made, good } of progans) {
  const what = { subject: name, metric: "one clear object", better: "higher", n: 300 } as const;
  scores.record({ ...what, value: good, floor: 1, seed: made.seed, seconds: made.seconds });
}
const secondsOf = ({ made }: (typeof progans)[number]): number =>
  made.processorSeconds ?? made.seconds;
const pace = progans.map((net) => (1000 * secondsOf(net)) / net.made.steps);
verdict(
  pace[0] < pace[1],
  `growing takes less time a round: ${pace[0].toFixed(0)} ms against ${pace[1].toFixed(0)} ms`,
);
const told = progans.map(
  (net) =>
    `${net.name}: ${(100 * net.good).toFixed(0)} % of the pictures show one clear object after ${net.made.steps} rounds, ${secondsOf(net).toFixed(0)} s`,
);
console.log(told.join("\n"));
const proganRows = tf.tidy(() =>
  tf.concat(
    progans.map(({ generator }) =>
      generator.forward(new Rng(6).normal([10, pipelines.PROGAN_SHAPES.latentDim]), growth32),
    ),
  ),
);
viz.display(
  viz.table(
    progans.map(({ name, made, good }) => ({
      network: name,
      rounds: made.steps,
      seconds: made.processorSeconds ?? made.seconds,
      "one clear object": good,
      n: 300,
    })),
    { title: "Growing, and full size from the start" },
  ),
);
viz.imageGrid(proganRows, {
  ...{ range: [-1, 1], columns: 10, scale: 3 },
  rowLabels: ["grown", "direct"],
});

// %% [markdown] id="train-text"
// ## 7 · Train it yourself
//
// The checkpoints come from `scripts/train/gans.ts`: `npm run train:gans` makes them anew. The same
// training, live: set `trainItYourself = true` for all rounds of an AttnGAN (a few minutes).
// Otherwise the next cell shows how its first rounds go.

// %% id="train-it-yourself"
const trainItYourself = false;
const rounds = trainItYourself ? attentive[0].made.steps : isQuick ? 6 : 150;
const own = new pipelines.AttnGan(encoders.size, new Rng(5));
const game = own.game(encoders, new Rng(5));
const pictures = data.captionedShapes({
  ...{ split: "train", count: isQuick ? 200 : 2000, size: 32, seed: 1 },
  ...pipelines.SIMPLE_CAPTIONS,
});
const textBoard = viz.liveTraining({
  ...{ title: "AttnGAN", y: "loss of G", picturesTitle: "the wishes of section 4", steps: rounds },
});
try {
  const run = training.trainGan(game.players, game.losses, {
    batches: data.captionBatches(pictures, { batchSize: 16, seed: 5 }),
    steps: rounds,
    optimizers: {
      generator: training.adam(game.players.generator.namedParameters(), {
        learningRate: 2e-3,
        beta1: 0.5,
      }),
      discriminator: training.adam(game.players.discriminator.namedParameters(), {
        learningRate: 2e-3,
        beta1: 0.5,
      }),
    },
    rng: new Rng(6),
    reportEvery: isQuick ? 2 : 5,
    compile: !isQuick, // compiling pays after some dozens of rounds
  });
  for await (const { step, generator } of run) {
    textBoard.push({ step, loss: generator.loss, parts: generator.parts });
    if (step % 50 !== 0 && step !== rounds) continue;
    own.setTraining(false);
    const now = row(large(own));
    textBoard.pictures(viz.imageGrid(now, { range: [-1, 1], columns: 4 }));
    now.dispose();
  }
} finally {
  textBoard.end();
}

// %% [markdown] id="recap-text"
// ## 8 · Recap
//
// What was cut: 32×32 pictures of one or two objects instead of 256×256 photographs of birds; a GRU
// for the LSTM; encoders of our own for Inception-v3; some minutes for days. Written from the
// measured numbers:

// %% id="verdict-recap"
console.log(scores.save());
viz.display(scores);
scores.recap`Asked for a digit, the CGAN obeys in ${scores.of("CGAN, D(x, y)", "asked = read")}; with
a discriminator that sees no label, in ${scores.of("CGAN, D(x)", "asked = read")}. Of the attributes
of training captions AttnGAN gets ${scores.of("AttnGAN", "attributes, train")} right, of unseen
combinations ${scores.of("AttnGAN", "attributes, unseen")}; for those
${scores.compare("AttnGAN", "StackGAN, I + II", "attributes, unseen")}.`;

// %% [markdown] id="quiz"
// ## 9 · Quiz
//
// <details><summary>1. Your CGAN draws fine digits, but not those you ask for. Where do you look?</summary>
// At the discriminator: does its verdict change when only y changes? If not, nothing teaches the
// generator to read y. Give it real pictures with wrong labels to refuse.</details>
//
// <details><summary>2. Why draw the condition instead of taking the sentence's vector?</summary>
// Captions are few points in a large space. Clouds around them overlap, so the generator is asked
// about the space between, and one caption gets many pictures.</details>
//
// <details><summary>3. Colour comes out right far more often than shape. Why?</summary>
// Colour is a mean over many pixels; a shape is in its edges, which need the right few pixels, and a
// mean over regions, as in the matching loss, hardly sees them.</details>
//
// <details><summary>4. A model scores well on training captions and badly on unseen ones. What did it learn?</summary>
// Captions by heart: it took "blue circle" for one word. Composition has to be measured, and that
// needs combinations held back.</details>
//
// <details><summary>5. What must hold at α = 0, and why test it?</summary>
// The grown network must give the small one's picture, doubled: else every growth destroys what was
// learnt, and the run shows it only as a bump in the loss.</details>
//
// **Further.** `check("ATTNGAN.10", …)` wants the matching scores, `check("R.5b", …)` and
// `check("R.5c", …)` equalised learning rate and pixel norm. What to read: Mirza & Osindero 2014
// (arXiv:1411.1784), Reed et al. 2016 (arXiv:1605.05396), Zhang et al. 2017 (arXiv:1612.03242), Xu et
// al. 2018 (arXiv:1711.10485), Karras et al. 2018 (arXiv:1710.10196). Next: notebook 04, a model that
// is trained by a plain regression.
