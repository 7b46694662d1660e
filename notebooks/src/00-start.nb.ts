// Source of notebook 00. Edit here, then run `npm run notebooks`.

// %% [markdown] id="title" difficulty="1" minutes="20"
// # 00 · Start here
//
// **Goals.** Know the tools before the first model: cells of TypeScript, tensors and their shapes,
// memory, seeds, pictures that move, training with and without a graph, and how your answers are
// checked.
//
// You can read TypeScript and know what a derivative is. The cells alone run in half a minute on two
// CPU cores.
//
// Run a cell with Shift+Enter. Under **Predict** write down your guess before you run the next cell.

// %% id="imports"
// prettier-ignore
import {
  Rng, check, compile, core, data, engine, nn, objectives, progress, results, tf, training, viz,
} from "latentlab";

const isQuick = process.env["LATENTLAB_PROFILE"] === "quick"; // shorter, for CI
const frames = isQuick ? 20 : 100;
const { device, reason, tensorflow } = engine.deviceReport();
console.log(`TensorFlow ${tensorflow} on the ${device} (${reason}), Node ${process.version}.`);
const { verdict } = results; // prints a claim, and whether the numbers bear it out
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// %% id="moving-picture"
const roll = tf.tidy(() => data.swissRoll().sample(new Rng(1), 800).arraySync());
const haze = tf.tidy(() => new Rng(2).normal<tf.Tensor2D>([800, 2]).arraySync());
const axes = { x: { label: "x", range: [-7, 7] }, y: { label: "y", range: [-3, 3] } } as const;
function drawNoised(signal: number, noise: number): viz.Figure {
  const [x, y] = [0, 1].map((c) => roll.map((at, i) => signal * at[c] + noise * haze[i][c]));
  const title = `${signal.toFixed(2)} × spiral + ${noise.toFixed(2)} × noise`;
  return viz.scatter2d({ title, ...axes, groups: [{ name: "points", x, y }] });
}
const film = viz.liveFigure(drawNoised(1, 0));
try {
  for (let angle = 0; angle <= Math.PI; angle += Math.PI / frames, await pause(80))
    film.update(drawNoised(Math.abs(Math.cos(angle)), Math.sin(angle)));
} finally {
  film.end();
}

// %% [markdown] id="kernel-text"
// ## 1 · The kernel
//
// A distribution dissolves in noise and comes back. Here the way back is a film run in reverse;
// this course is about *learning* it.
//
// - Cells are **TypeScript**, with `await` at the top. What one cell declares, the next ones see.
// - **Types are checked before a cell runs.** Delete the comment line of the next cell and run it:
//   nothing of it runs, and the message says what does not fit. Tab completes.
// - **The last expression is shown**: tensors with shape, type and range, batches of images as
//   pictures, figures, tables.
// - **■ stops** a cell. Run the moving picture again and stop it: the figure stays, and so does all
//   that you declared.

// %% id="digits"
// @ts-expect-error Delete this line to see what the kernel says.
const wrong: number = "text";
const digits = data.openDigits();
console.log(digits.describe());
const firstOnes = Int32Array.from({ length: 24 }, (_, i) => i);
const { x: images, labels } = data.examplesAt(digits, firstOnes);
console.log(`labels: ${labels?.dataSync().join(" ")}`);
images;

// %% [markdown] id="tensors-text"
// ## 2 · Tensors and shapes
//
// A tensor is numbers with a **shape** and a **dtype**. Images are `[B, H, W, C]`: batch, height,
// width, channels; a label is an `int32`. Operations make new tensors, `dataSync()` copies the
// numbers out.
//
// Where two shapes differ, axes of length 1 are stretched: *broadcasting*. It is handy, and it
// hides mistakes.
//
// **Predict.** A network answers `[4, 1]`, the targets are `[4]`, and each answer is exactly right.
// What is the mean squared error?

// %% id="verdict-broadcasting"
const targets = tf.tensor1d([1, 2, 3, 4]);
const answers = targets.reshape([4, 1]);
const differences = answers.sub(targets);
const squaredError = differences.square().mean().dataSync()[0];
verdict(squaredError === 0, `right answers have error 0; it is ${squaredError}`);
console.log(`[${answers.shape}] − [${targets.shape}] = [${differences.shape}]`);
try {
  objectives.bernoulliLogLikelihood(answers, targets);
} catch (refusal) {
  console.log(`The library stretches nothing silently. ${refusal}`);
}
differences;

// %% [markdown] id="memory-text"
// ## 3 · Memory and seeds
//
// JavaScript frees its own objects, but not the native memory of tensors. `tf.tidy(() => …)` frees
// all that was made inside, except what it returns; `tf.dispose` frees what is named. In this
// library a function borrows its arguments, and what it returns is yours.
//
// All randomness comes from an `Rng` that is passed along. Its whole state is two numbers, so that a
// checkpoint holds it and an interrupted run goes on as if it had not been. `split()` is an
// independent generator; `fold(n)` is the n-th of a family, whatever was drawn before.
//
// **Predict.** `x.square().sum(1).sqrt()` is called 100 times: how many tensors are left behind? And
// in the table after that, which rows are equal?

// %% id="verdict-memory"
const points = new Rng(3).normal<tf.Tensor2D>([256, 2]);
const radius = (x: tf.Tensor2D): tf.Tensor => x.square().sum(1).sqrt();
const repeat = (body: () => void) => (): void => {
  for (let i = 0; i < 100; i++) body();
};
const leaked = await core.countLeaks(repeat(() => radius(points)));
const kept = await core.countLeaks(repeat(() => tf.tidy(() => radius(points))));
const mended = await core.countLeaks(repeat(() => tf.dispose(tf.tidy(() => radius(points)))));
verdict(mended === 0, `tidy and dispose leave nothing behind (${mended} tensors)`);
console.log(`As it stands ${leaked} are left, with tidy alone the ${kept} results.`);
const { numTensors, numBytes } = tf.memory();
console.log(`Alive in this notebook: ${numTensors} tensors, ${(numBytes / 1e6).toFixed(1)} MB.`);

// %% id="verdict-seeds"
const draw = (rng: Rng): string => Array.from(rng.normalArray(3), (v) => v.toFixed(4)).join("  ");
const rng = new Rng(42);
const drawn = {
  "new Rng(42)": draw(new Rng(42)),
  "another new Rng(42)": draw(rng),
  "its next draw": draw(rng),
  "restored in that state": draw(Rng.restore({ key: 42, counter: 1 })),
  "fold(7), after these draws": draw(rng.fold(7)),
  "new Rng(42).fold(7)": draw(new Rng(42).fold(7)),
  "split()": draw(rng.split()),
};
const different = new Set(Object.values(drawn)).size;
verdict(different === 4, `of ${Object.keys(drawn).length} rows ${different} are different`);
console.log(`For a checkpoint: ${JSON.stringify(rng.state())}`);
viz.table(Object.entries(drawn).map(([generator, numbers]) => ({ generator, numbers })));

// %% [markdown] id="training-text"
// ## 4 · Training
//
// A network with two hidden layers is to say for a point of the plane whether it lies on a dark
// square of a chessboard. It gives a logit; the loss is the negative log-likelihood of a coin,
// $-\log p$ of what is true, in nats. `train` is a loop that you watch from outside, step by step.
//
// **Predict.** What is the loss of a network that knows nothing and says ½ everywhere? Which
// parts of the board will it get last?

// %% id="model"
const seeds = new Rng(4).fold(Number(process.env["LATENTLAB_SEED"] ?? 0)); // another run of all
const newNet = (): nn.Mlp => new nn.Mlp([2, 64, 64, 1], seeds.fold(0), { activation: nn.relu });
const net = newNet();
const isDark = (x: tf.Tensor): tf.Tensor => x.floor().sum(1, true).mod(2).equal(0).toFloat(); // (B, 1)
const lossOf = (model: nn.Mlp, x: tf.Tensor): tf.Scalar =>
  objectives.bernoulliLogLikelihood(model.forward(x), isDark(x)).mean<tf.Scalar>().neg();
const anywhere = (rng: Rng, n: number): tf.Tensor2D => rng.uniform([n, 2], -2, 2);
const batches: core.BatchSource = {
  batchSize: 256,
  batchesPerEpoch: 100,
  at: (step) => ({ x: anywhere(seeds.fold(1).fold(step), 256), ids: new Int32Array(256) }),
};
const side = Array.from(core.linspace(-2, 2, 41));
const plane = tf.tensor2d(side.flatMap((y) => side.map((x) => [x, -y]))); // (1681, 2)
console.log(`${net.parameterCount()} parameters`);

// %% id="train"
const steps = isQuick ? 1000 : 3000;
const began = performance.now();
const y = { label: "loss", unit: "nats" };
const healthy = viz.healthyRuns("00-start", "Chessboard");
const titles = { title: "Chessboard", picturesTitle: "p(light)" };
const dashboard = viz.liveTraining({ ...titles, y, steps, healthy });
const optimizer = training.adam(net.namedParameters());
const learningRate = training.cosineDecay(1e-2, steps);
const recipe = { batches, optimizer, learningRate, rng: new Rng(6), steps };
const run = training.train(net, ({ x }) => lossOf(net, x), recipe);
for await (const { step } of dashboard.watch(run)) {
  if (step % 20 > 0) continue;
  const logits = tf.tidy(() => net.forward(plane).reshape<tf.Tensor4D>([1, 41, 41, 1]));
  const light = tf.tidy(() => tf.sigmoid(logits.neg()));
  dashboard.pictures(viz.imageGrid(light, { range: [0, 1] }));
  tf.dispose([logits, light]);
}
optimizer.dispose();
const trainingSeconds = (performance.now() - began) / 1000;

// %% id="verdict-training"
const n = 10_000;
const [isRight, cost] = tf.tidy(() => {
  const fresh = anywhere(new Rng(99), n);
  const logits = net.forward(fresh);
  const right = logits.greater(0).equal(isDark(fresh).toBool());
  return [right, objectives.bernoulliLogLikelihood(logits, isDark(fresh)).neg()].map((each) =>
    core.estimate(each.dataSync()),
  ) as never;
}) as core.Estimate[];
const scores = new results.Scores("00-start");
const measured = { subject: "net", n, floor: null, seed: 4, seconds: trainingSeconds } as const;
scores.record({ ...measured, metric: "accuracy", better: "higher", value: isRight });
scores.record({ ...measured, metric: "loss", unit: "nats", better: "lower", value: cost });
verdict(isRight.mean > 0.9, `nine of ten fresh points are right: accuracy ${isRight.mean}`);
verdict(cost.mean < Math.LN2, `it knows more than nothing: log 2 is ${Math.LN2.toFixed(3)} nats`);
scores;

// %% [markdown] id="compile-text"
// ## 5 · Op by op, or compiled
//
// TensorFlow is usually called op by op: each operation of a training step is a call from JavaScript.
// `compile(fn)` runs `fn` when it meets a new shape, only to *record* what is computed (**tracing**;
// twice, to see that both recordings agree), and makes one graph of it. From then on the graph runs,
// and your function does not. `train` compiles its step unless told `compile: false`.
//
// What cannot be in a graph is refused with a `CompileError`, as the table after the next shows.
//
// **Predict.** `norm` is called four times with 3 numbers and three times with 5. How often does
// its body run?

// %% id="verdict-tracing"
let bodyRuns = 0;
const norm = compile((x: tf.Tensor) => {
  bodyRuns++;
  return x.square().sum().sqrt();
});
const calls = [3, 3, 3, 3, 5, 5, 5].map((n, i) => {
  const result = tf.tidy(() => norm(tf.fill([n], i + 1)).dataSync()[0]);
  return { call: i + 1, shape: `[${n}]`, result, "body ran": bodyRuns, graphs: norm.traceCount };
});
verdict(
  bodyRuns === 2 * norm.traceCount,
  `in ${calls.length} calls the body ran ${bodyRuns} times, twice for each of ${norm.traceCount} graphs`,
);
norm.dispose();
viz.table(calls);

// %% id="refused"
const bodies = {
  "reads a value": compile((x: tf.Tensor) => (x.sum().dataSync()[0] > 0 ? x : x.neg())),
  "host randomness": compile((x: tf.Tensor) => x.mul(Math.random())),
  "an Rng": compile((x: tf.Tensor) => x.mul(rng.uniform([1]))),
};
const outcomes = Object.entries(bodies).map(([body, compiled]) => {
  try {
    const values = tf.tidy(() => compiled(tf.tensor1d([1, 2])).dataSync());
    return { body, outcome: Array.from(values, (v) => v.toFixed(3)).join("  ") };
  } catch (error) {
    return { body, outcome: String(error) }; // a CompileError
  }
});
Object.values(bodies).forEach((compiled) => compiled.dispose());
viz.table(outcomes, { title: "What [1, 2] becomes" });

// %% id="timed"
async function timed(isCompiled: boolean): Promise<{ losses: number[]; laps: number[] }> {
  const model = newNet();
  const adam = training.adam(model.namedParameters());
  const [losses, laps]: number[][] = [[], []];
  const how = { batches, optimizer: adam, rng: new Rng(6), steps: 200, compile: isCompiled };
  let last = performance.now();
  for await (const now of training.train(model, ({ x }) => lossOf(model, x), how)) {
    laps.push(performance.now() - last);
    losses.push(now.loss);
    last = performance.now();
  }
  [model, adam].forEach((owner) => owner.dispose());
  return { losses, laps };
}
const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

// %% id="verdict-speed"
const eager = await timed(false);
const graph = await timed(true);
const [eagerMs, graphMs] = [median(eager.laps), median(graph.laps)];
const off = eager.losses.map((loss, i) => Math.abs(graph.losses[i] / loss - 1));
const [off20, off200] = [20, 200].map((n) => Math.max(...off.slice(0, n)).toExponential(1));
const [ratio, per] = [(eagerMs / graphMs).toFixed(1), `${graphMs.toFixed(2)} ms a step`];
verdict(graphMs < eagerMs, `compiled is faster here: ${per}, op by op ${ratio} times as long`);
verdict(Number(off20) < 1e-5, `the losses of 20 steps agree to a fraction of ${off20}`);
console.log(`Over all 200: ${off200}. The two round differently, and training amplifies that.`);
viz.table([
  { way: "op by op", "first step (ms)": eager.laps[0], "median step (ms)": eagerMs },
  { way: "compiled", "first step (ms)": graph.laps[0], "median step (ms)": graphMs },
]);

// %% [markdown] id="checks-text"
// ## 6 · How checks work
//
// In an exercise replace the `throw` line and run the cell and the one below it. `check` calls your
// function on small cases and compares shapes, values, gradients and memory with numbers worked
// out another way. A wrong answer is told its probable mistake and gets a hint, the next a second
// one, the third the solution; `check(…).hint()` and `check(…).solution()` give them at once. Later
// cells use the library's function, so you can go on and come back.
//
// 1. The logarithm of the density of $\mathcal N(0, I)$, $\log p(z) = -\tfrac12 \sum_d (z_d^2 +
//    \log 2\pi)$. Try it wrong first, with `mean` in place of `sum`.
// 2. The likelihood of section 4, $\sum x \log p + (1 - x) \log (1 - p)$ with $p = 1 / (1 +
//    e^{-\ell})$, from the logit $\ell$. With $p$ it breaks where $p$ rounds to 0 or 1; simplify
//    first: $x \ell - \log(1 + e^\ell)$, and $\log(1 + e^\ell)$ is `tf.softplus`.

// %% exercise="lib/objectives/gaussian.ts#standardNormalLogDensity" hint="Square, add LOG_TWO_PI, sum over the last axis (−1), times −½; all inside tf.tidy."
const { standardNormalLogDensity } = objectives;

// %% id="check-density"
check("R.2b", standardNormalLogDensity);

// %% exercise="lib/objectives/likelihood.ts#bernoulliLogLikelihood" hint="sumPerExample, shown above, adds up every axis but the first."
const { bernoulliLogLikelihood } = objectives;

// %% id="check-likelihood"
check("R.3b", bernoulliLogLikelihood);

// %% [markdown] id="progress-text"
// What you have solved is kept on this machine, in `progress.jsonl`. `npm run progress` shows the
// same as the next cell.

// %% id="progress"
progress();

// %% [markdown] id="recap-text"
// ## 7 · What was measured
//
// A score is kept with the number of examples, its error, the seed, the time and the versions. The
// recap of a notebook is written from these numbers: its words stand here, its numbers do not.

// %% id="verdict-recap"
console.log(scores.save());
scores.recap`On fresh points the accuracy is ${scores.of("net", "accuracy")},
the loss ${scores.of("net", "loss")}.`;

// %% [markdown] id="further"
// ## 8 · Where to go on
//
// - **Notebook 01** trains a first model of pictures: the variational autoencoder.
// - `NOTATION.md` lists the symbols, `lib/compile/README.md` says more about graphs, and
//   `npm run doctor` what is installed.
// - Long trainings: `train` takes `checkpoint: { … }`, and the run goes on from where it was left.
