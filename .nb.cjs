const T0=performance.now();(async()=>{// %% id="imports"
const { Rng, check, core, data, diffusion, engine, metrics, models, objectives, pipelines, results, samplers, tf, training, viz, } = require("latentlab");
const isQuick = process.env["LATENTLAB_PROFILE"] === "quick"; // shorter trainings, for CI
const { device, reason, tensorflow } = engine.deviceReport();
console.log(`Computing on the ${device} (${reason}), TensorFlow ${tensorflow}.`);
const { verdict } = results; // prints a claim, and whether the numbers bear it out
const scores = new results.Scores("08-ldm");
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const signed = { range: [-1, 1] };
console.log("--- lib/objectives/first-stage.ts#firstStageLoss", ((performance.now() - T0) / 1000).toFixed(1));
// %% exercise="lib/objectives/first-stage.ts#firstStageLoss" hint="Encode, draw z with the noise, decode. Sum the error over pixels, and weigh the KL term."
const { firstStageLoss } = objectives;
console.log("--- check-stage", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="check-stage"
check("R.23", firstStageLoss);
console.log("--- verdict-sweep", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="verdict-sweep"
const tinyPictures = data.captionedShapes({ split: "train", count: 600, size: 16, seed: 1 });
const tinyTest = data.captionedShapes({ split: "heldOut", count: 60, size: 16, seed: 2 });
const allOf = ({ images }) => data.sequentialBatches(images, { batchSize: images.count, range: "signed" }).at(0).x;
const tinyReal = allOf(tinyTest);
/** A small first stage of 16×16 pictures, trained for a moment. */
async function tinyStage(klWeight) {
    const config = { imageSize: 16, imageChannels: 3, latentChannels: 4, numResBlocks: 1 };
    const channels = { baseChannels: 16, channelMultipliers: [1, 1] };
    const stage = new models.Autoencoder({ ...config, ...channels }, new Rng(1));
    const steps = isQuick ? 80 : 800;
    const loss = ({ x }, rng) => {
        const noise = rng.normal([16, 8, 8, 4]);
        return objectives.firstStageLoss(stage, x, noise, { klWeight, error: "l2" })
            .loss;
    };
    const run = training.train(stage, loss, {
        batches: data.captionBatches(tinyPictures, { batchSize: 16, seed: 1 }),
        ...{ steps, reportEvery: steps, rng: new Rng(2) },
        optimizer: training.adam(stage.namedParameters(), { learningRate: 3e-3 }),
    });
    for await (const { loss: error } of run)
        console.log(`λ = ${klWeight}: ${error.toFixed(1)}`);
    const measured = tf.tidy(() => {
        const { mean, logVar } = stage.encode(tinyReal);
        const back = stage.reconstruct(tinyReal);
        const values = [
            metrics.psnr(tinyReal, back, { dataRange: 2 }).mean(),
            tf.moments(mean).variance.sqrt(),
            logVar.div(2).exp().mean(),
        ];
        return tf.stack(values).dataSync();
    });
    stage.dispose();
    const [decibel, spread, noise] = measured;
    return { λ: klWeight, "PSNR, dB": decibel, "std of μ": spread, "mean σ": noise };
}
const sweep = [];
for (const klWeight of [0, 0.01, 1])
    sweep.push(await tinyStage(klWeight));
const [free, light, heavy] = sweep;
verdict(heavy["PSNR, dB"] < light["PSNR, dB"], `λ = 1 blurs: ${heavy["PSNR, dB"].toFixed(1)} dB, λ = 0.01 ${light["PSNR, dB"].toFixed(1)} dB, λ = 0 ${free["PSNR, dB"].toFixed(1)} dB`);
verdict(heavy["mean σ"] > light["mean σ"] && light["mean σ"] > free["mean σ"], `λ buys noise that the decoder must bear: σ is ${sweep.map((row) => row["mean σ"].toFixed(2)).join(", ")}`);
viz.table(sweep, { title: "A small first stage by the weight of the KL term", digits: 3 });
console.log("--- lib/data/latents.ts#latentScale", ((performance.now() - T0) / 1000).toFixed(1));
// %% exercise="lib/data/latents.ts#latentScale" hint="A draw of q varies by where its mean lies and by its own noise: variances add up."
const { latentScale } = data;
console.log("--- check-scale", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="check-scale"
check("R.23a", latentScale);
console.log("--- verdict-scale", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="verdict-scale"
const { autoencoder, provenance: stageMade } = pipelines.loadShapesAutoencoder();
const unet = pipelines.loadTextToImage("unet", 1);
const { schedule } = unet.parts;
const testCount = isQuick ? 100 : 400;
const heldOut = data.captionedShapes({ split: "heldOut", count: testCount, size: 32, seed: 3 });
const real = allOf(heldOut);
const q = autoencoder.encode(real);
const scale = data.latentScale({
    mean: q.mean.dataSync(),
    std: tf.tidy(() => q.logVar.div(2).exp().dataSync()),
});
const latents = tf.tidy(() => q.mean.mul(stageMade.latentScale));
const tokens = data.encodeCaptions(heldOut.captions);
/** Error of the trained denoiser's v at t, on latents that are `factor` times too large. */
const errorAt = (t, factor) => tf.tidy(() => {
    const x0 = latents.mul(factor);
    const times = tf.fill([testCount], t, "int32");
    const denoise = (x, at, ids) => unet.predict(x, at, ids && { ids });
    const noise = new Rng(t).normal(x0.shape);
    const options = { schedule, noise, condition: tokens, target: "v" };
    return objectives.denoisingErrors(denoise, x0, times, options).mean().dataSync()[0];
});
const middle = schedule.numTimesteps / 2;
const [onScale, offScale] = [errorAt(middle, 1), errorAt(middle, 5)];
verdict(Math.abs(scale / stageMade.latentScale - 1) < 0.05, `1 / std of held-out latents is ${scale.toFixed(3)}, of those trained on ${stageMade.latentScale.toFixed(3)}`);
const snrAt = (std) => std ** 2 * schedule.snr(middle);
verdict(offScale > 2 * onScale, `latents 5 times too large: at t = ${middle} the signal is ${snrAt(5).toFixed(1)} times the noise, not ${snrAt(1).toFixed(1)}; the denoiser's error is ${offScale.toFixed(2)}, not ${onScale.toFixed(2)}`);
/** Pictures of latents that are decoded with and without dividing by the scale, as the parser reads them. */
const asked = heldOut.scenes.map(({ caption }) => caption);
const readOf = (images) => data.scorePictures(images, asked, signed);
const [divided, forgotten] = [unet.decode(latents), autoencoder.decode(latents)];
const dividing = [divided, forgotten].map((x) => tf.tidy(() => metrics.psnr(real, x, { dataRange: 2 }).mean().dataSync()[0]));
verdict(dividing[0] > dividing[1] + 1, `decoded without dividing by the scale: PSNR ${dividing[1].toFixed(1)} dB, with it ${dividing[0].toFixed(1)} dB`);
console.log("--- verdict-ceiling", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="verdict-ceiling"
const ceiling = readOf(divided);
const reread = readOf(real);
const [decibels, similarity] = tf.tidy(() => [
    Array.from(metrics.psnr(real, divided, { dataRange: 2 }).dataSync()),
    Array.from(metrics.ssim(real, divided, { dataRange: 2 }).dataSync()),
]);
const stageScore = { subject: "first stage", better: "higher", n: testCount, seed: 1 };
for (const [metric, value, floor] of [
    ["PSNR, dB", core.estimate(decibels), null],
    ["SSIM", core.estimate(similarity), 1],
    ["attributes, reconstructed", ceiling.attributeAccuracy, reread.attributeAccuracy],
]) {
    scores.record({ ...stageScore, metric, value, floor, seconds: stageMade.seconds });
}
verdict(ceiling.attributeAccuracy >= 0.97, `of reconstructions the parser reads ${percent(ceiling.attributeAccuracy)} right, of originals ${percent(reread.attributeAccuracy)}: that is the ceiling (PSNR ${core.formatEstimate(core.estimate(decibels), 1)} dB, n = ${testCount})`);
const eight = (x) => x.slice([0, 0, 0, 0], [8, -1, -1, -1]);
viz.imageGrid(tf.tidy(() => tf.concat([eight(real), eight(divided)])), {
    ...{ range: [-1, 1], columns: 8, rowLabels: ["held out", "reconstructed"] },
});
console.log("--- lib/objectives/contrastive.ts#contrastiveLogits", ((performance.now() - T0) / 1000).toFixed(1));
// %% exercise="lib/objectives/contrastive.ts#contrastiveLogits" hint="Rows of length 1; all products with all rows; the factor is the exponential of logScale."
const { contrastiveLogits } = objectives;
console.log("--- check-logits", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="check-logits"
check("R.23b", contrastiveLogits);
console.log("--- lib/objectives/contrastive.ts#contrastiveLoss", ((performance.now() - T0) / 1000).toFixed(1));
// %% exercise="lib/objectives/contrastive.ts#contrastiveLoss" hint="The right answer is the diagonal, by rows and by columns."
const { contrastiveLoss } = objectives;
console.log("--- check-infonce", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="check-infonce"
check("R.23c", contrastiveLoss);
console.log("--- lib/metrics/retrieval.ts#recallAt", ((performance.now() - T0) / 1000).toFixed(1));
// %% exercise="lib/metrics/retrieval.ts#recallAt" hint="Sort the candidates of each row; is a right one among the first k?"
const { recallAt } = metrics;
console.log("--- check-recall", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="check-recall"
check("R.23d", recallAt);
console.log("--- verdict-clip", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="verdict-clip"
const clip = pipelines.loadShapesClip();
const singles = data.captionedShapes({
    ...{ split: "heldOut", count: 600, size: 32, seed: 4, kinds: ["one"] },
});
const everyCaption = data.SPLITS.flatMap((split) => data.captionsOf(split, "one"));
const everyText = everyCaption.map(data.formatCaption);
const match = (pictures, texts) => tf.tidy(() => {
    const text = clip.embedCaptions(data.encodeCaptions(texts));
    return objectives.contrastiveLogits(clip.embedImages(pictures), text, clip.logScale);
});
const oneLogits = match(allOf(singles), everyText); // all 36 captions of one object are candidates
const otherTexts = [...new Set(heldOut.captions)];
const anyLogits = match(real, otherTexts);
const clipMade = { seconds: 0, seed: 1 };
const clipScores = [
    ["one object, of 36 captions", oneLogits, singles.captions, everyText],
    [`all kinds, of ${otherTexts.length} captions`, anyLogits, heldOut.captions, otherTexts],
];
const recalls = clipScores.flatMap(([subject, logits, captions, texts]) => [1, 5].map((k) => {
    const value = metrics.recallAt(logits, k, (i, j) => captions[i] === texts[j]);
    const what = { subject: `CLIP, ${subject}`, metric: `R@${k}`, better: "higher" };
    scores.record({ ...what, value, n: captions.length, floor: 1, ...clipMade });
    return value;
}));
verdict(recalls[0] >= 0.9, `the caption of one object is found at once in ${percent(recalls[0])} of held-out pictures; chance ${percent(1 / 36)}`);
/** Zero-shot: the caption that fits best says the class, though no classifier was ever trained. */
const best = Array.from(tf.tidy(() => oneLogits.argMax(1).dataSync()));
const zeroShot = ["colour", "shape", "size"].map((what) => {
    const right = best.filter((j, i) => everyCaption[j].groups[0][what] === singles.scenes[i].caption.groups[0][what]);
    return {
        classes: what,
        accuracy: right.length / best.length,
        chance: { colour: 1 / 6, shape: 1 / 3, size: 1 / 2 }[what],
    };
});
viz.display(viz.table(zeroShot, { title: `Zero-shot classification, n = ${best.length}`, digits: 3 }));
const shownTexts = [...new Set(heldOut.captions)].slice(0, 12);
const shownRows = Int32Array.from(shownTexts, (text) => heldOut.captions.indexOf(text));
const matrix = tf.tidy(() => match(tf.gather(real, Array.from(shownRows)), shownTexts).div(clip.logScale.exp()));
viz.heatmap({
    title: "Cosines of 12 held-out pictures and their captions",
    ...{ x: "caption", y: "picture of", colour: "cosine", downwards: true, height: 520 },
    ...{ z: matrix, columns: shownTexts.map((_, i) => String(i + 1)), rows: shownTexts },
});
console.log("--- verdict-live", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="verdict-live"
const caption = "two small red circles above a large green square"; // your own here
const warm = await unet.generate({ captions: [caption], guidanceScale: 3, rng: new Rng(1) });
const captionFilm = viz.liveDenoising({ range: [-1, 1], title: caption, columns: 2 });
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
verdict(secondsEach <= 3, `caption to picture takes ${secondsEach.toFixed(2)} s: 20 steps, guided, decoded`);
console.log("--- verdict-pixels", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="verdict-pixels"
const secondsOfTraining = isQuick ? 8 : 120;
const onePictures = data.captionedShapes({
    ...{ split: "train", count: isQuick ? 600 : 4000, size: 32, seed: 1, kinds: ["one"] },
});
const clipTower = unet.parts.textTower;
/** Train a fresh U-Net until the time is up, and let it draw. */
async function contest(space) {
    const isLatent = space === "latents";
    const pixelConfig = { imageSize: 32, imageChannels: 3, channelMultipliers: [1, 2, 2] };
    const network = isLatent
        ? pipelines.newShapesDenoiser("unet", new Rng(5))
        : new models.Unet({ ...pipelines.SHAPES_UNET, ...pixelConfig, attentionSizes: [8] }, new Rng(5));
    const tokensOf = (ids) => ({
        tokens: onePictures.tokensAt(ids),
    });
    const source = data.sequentialBatches(onePictures.images, { batchSize: 200, range: "signed" });
    const wholes = Array.from({ length: source.batchesPerEpoch }, (_, i) => source.at(i).x);
    const batches = isLatent
        ? data.latentBatches({
            ...data.cacheLatents((x) => autoencoder.encode(x), wholes),
            scale: stageMade.latentScale,
        }, { batchSize: 32, seed: 1, conditionsAt: tokensOf })
        : (tf.dispose(wholes), data.captionBatches(onePictures, { batchSize: 32, seed: 1 }));
    const loss = ({ x, tokens: words }, rng) => {
        const context = clipTower.forward(diffusion.dropCaptions(words, rng));
        const denoise = (xt, t, text) => network.forward(xt, t, text);
        const options = { schedule, rng, condition: context, target: "v" };
        return objectives.denoisingLoss(denoise, x, options);
    };
    const stop = new AbortController();
    let [steps, first] = [0, 0];
    for await (const { step } of training.train(network, loss, {
        ...{ batches, steps: 100_000, rng: new Rng(6), maxGradNorm: 1, signal: stop.signal },
        optimizer: training.adam(network.namedParameters(), { learningRate: 1e-3 }),
    })) {
        if (first === 0)
            first = performance.now(); // compiling is over
        steps = step;
        if (performance.now() - first > 1000 * secondsOfTraining)
            stop.abort();
    }
    const towerConfig = pipelines.SHAPES_CLIP.text;
    const textTower = new models.TextTower(towerConfig, new Rng(0));
    textTower.loadStateDict(clipTower.stateDict());
    const stage = isLatent ? pipelines.loadShapesAutoencoder().autoencoder : undefined;
    const drawer = new pipelines.DiffusionPipeline({
        ...{ denoiser: network, schedule, predicts: "v", textTower },
        ...(stage && { autoencoder: stage, latentScale: stageMade.latentScale }),
    });
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
verdict(inLatents.steps > 2 * inPixels.steps, `in ${secondsOfTraining} s latents allow ${inLatents.steps} steps, pixels ${inPixels.steps}`);
console.log(`Attributes read right after that: latents ${percent(inLatents.accuracy)}, pixels ${percent(inPixels.accuracy)}.`);
viz.imageGrid(tf.tidy(() => tf.concat([inLatents.pictures, inPixels.pictures])), {
    ...{ range: [-1, 1], columns: 8, rowLabels: ["latents", "pixels"] },
});
console.log("--- lib/diffusion/known.ts#keepKnown", ((performance.now() - T0) / 1000).toFixed(1));
// %% exercise="lib/diffusion/known.ts#keepKnown" hint="Known where the mask is 1, predicted where it is 0, a mixture between."
const { keepKnown } = diffusion;
console.log("--- check-known", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="check-known"
check("R.23e", keepKnown);
console.log("--- verdict-inpaint", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="verdict-inpaint"
const scenes = data.captionedShapes({
    ...{ split: "train", count: 4, size: 32, seed: 21, kinds: ["related"] },
});
const known = tf.tidy(() => autoencoder.encode(allOf(scenes)).mean.mul(stageMade.latentScale));
const mask = tf.tidy(() => tf.ones([4, 8, 4, 4]).pad([
    [0, 0],
    [0, 0],
    [0, 4],
    [0, 0],
]));
const filling = samplers.dpmSolver((x, t, ids) => unet.predict(x, t, ids && { ids, guidanceScale: tf.scalar(3) }), schedule, { predicts: "v", limitX0: (x0) => diffusion.keepKnown(x0, { clean: known, mask }) });
const filledLatents = await samplers.sampleAll(filling, {
    ...{ shape: [4, 8, 8, 4], numSteps: 20, rng: new Rng(8) },
    condition: data.encodeCaptions(scenes.captions),
});
const filled = unet.decode(filledLatents);
const leftHalf = tf.tidy(() => {
    const [before, after] = [unet.decode(known), filled];
    const half = (x) => x.slice([0, 0, 0, 0], [-1, -1, 12, -1]);
    return metrics.psnr(half(before), half(after), { dataRange: 2 }).min().dataSync()[0];
});
verdict(leftHalf > 25, `the known side stays as it was: PSNR at least ${leftHalf.toFixed(1)} dB`);
const holes = tf.tidy(() => {
    const shown = unet.decode(known).slice([0, 0, 0, 0], [-1, -1, 16, -1]);
    return tf.concat([
        shown.pad([
            [0, 0],
            [0, 0],
            [0, 16],
            [0, 0],
        ]),
        filled,
    ]);
});
viz.imageGrid(holes, {
    ...{ range: [-1, 1], columns: 4, rowLabels: ["known", "filled"] },
    captions: [...scenes.captions, "", "", "", ""],
});
console.log("--- lib/diffusion/interpolate.ts#slerp", ((performance.now() - T0) / 1000).toFixed(1));
// %% exercise="lib/diffusion/interpolate.ts#slerp" hint="The angle of each example from its cosine; two sines weigh the two ends."
const { slerp } = diffusion;
console.log("--- check-slerp", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="check-slerp"
check("R.23f", slerp);
console.log("--- verdict-walk", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="verdict-walk"
const walkCaption = "a large magenta circle";
const ends = [new Rng(31), new Rng(32)].map((rng) => rng.normal([1, 8, 8, 4]));
const weights = Array.from(core.linspace(0, 1, 8));
/** Pictures along a path of first noises, sampled without further noise. */
async function walk(path) {
    const start = tf.tidy(() => tf.concat(weights.map(path)));
    const denoise = (x, t, ids) => unet.predict(x, t, ids && { ids, guidanceScale: tf.scalar(3) });
    const z = await samplers.sampleAll(samplers.ddim(denoise, schedule, { predicts: "v" }), {
        ...{ start, numSteps: 20, rng: new Rng(9) },
        condition: data.encodeCaptions(weights.map(() => walkCaption)),
    });
    return unet.decode(z);
}
const [from, to] = ends;
const curved = await walk((w) => diffusion.slerp(from, to, w));
const straight = await walk((w) => from.mul(1 - w).add(to.mul(w)));
const lengthOf = (x) => tf.tidy(() => x.norm().dataSync()[0]);
const halfway = [
    diffusion.slerp(from, to, 0.5),
    tf.tidy(() => from.add(to).div(2)),
];
const [onCircle, onLine] = halfway.map(lengthOf);
verdict(onLine < 0.8 * onCircle, `half way a straight line's noise has length ${onLine.toFixed(1)}, the circle's ${onCircle.toFixed(1)}; noise of N(0, I) ${Math.sqrt(256).toFixed(1)}`);
viz.imageGrid(tf.tidy(() => tf.concat([curved, straight])), {
    ...{ range: [-1, 1], columns: 8, rowLabels: ["slerp", "straight"], title: walkCaption },
});
console.log("--- cut-table", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="cut-table"
const parametersOf = (module) => module.parameterCount().toLocaleString("en");
viz.table([
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
        here: "minutes of one CPU core",
        "Stable Diffusion v1": "150,000 hours of A100, says its model card",
    },
], { title: "The same chain" });
console.log("--- verdict-errata", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="verdict-errata"
/** Error of v at t if noise is added to the picture and the noisy picture encoded, or to the latent. */
const encodedNoisy = tf.tidy(() => {
    const t = tf.fill([testCount], middle, "int32");
    const rng = new Rng(41);
    const noisy = diffusion.qSample(schedule, t, {
        x0: real,
        noise: rng.normal(real.shape),
    });
    const zt = autoencoder.encode(noisy).mean.mul(stageMade.latentScale);
    const right = diffusion.qSample(schedule, t, {
        x0: latents,
        noise: rng.normal(latents.shape),
    });
    return [right, zt].map((z) => {
        const v = unet.predict(z, t, { ids: tokens });
        const [signal, spread] = [
            Math.sqrt(schedule.alphaBar[middle]),
            Math.sqrt(1 - schedule.alphaBar[middle]),
        ];
        const x0 = unet.decode(z.mul(signal).sub(v.mul(spread)));
        return metrics.psnr(divided, x0, { dataRange: 2 }).mean().dataSync()[0];
    });
});
verdict(encodedNoisy[0] > encodedNoisy[1], `noise in the latent can be taken off: ${encodedNoisy[0].toFixed(1)} dB at t = ${middle}; of an encoded noisy picture ${encodedNoisy[1].toFixed(1)} dB`);
viz.table([
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
], { title: "Errata" });
console.log("--- scores", ((performance.now() - T0) / 1000).toFixed(1));
// %% id="scores"
scores;

console.log("--- end",((performance.now()-T0)/1000).toFixed(1))})().catch(e=>{console.error(e);process.exit(1)})