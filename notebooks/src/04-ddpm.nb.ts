// Source of notebook 04. Edit here, then run `npm run notebooks`.

// %% [markdown] id="title" equations="R.6 R.7 R.8 R.9 R.10 R.11 R.12 R.13" difficulty="2" minutes="120"
// # 04 · Denoising diffusion
//
// **Goals.** Turn data into noise by small steps and know at each step what is left; turn noise back
// into data, first with a denoiser that is exact, so that nothing but the method can be wrong; read
// the variational bound step by step; train a denoiser of points and one of handwritten digits, live;
// see what fewer steps cost.
//
// You need Gaussians, Bayes' rule and the ELBO of notebook 01: this is a VAE whose encoder is fixed
// and has a thousand layers. The cells alone run in under eight minutes on two quiet CPU cores.
//
// **How to work.** Under each **Predict** write down your guess before you run the next cell. In an
// exercise replace the `throw` line; the cell below checks your function and names the probable
// mistake. Later cells use the library's version, so you can go on and come back. Answers are in
// `solutions/`. The stop button ends a training within a step: the model stays usable.

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
  oracles,
  pipelines,
  results,
  samplers,
  tf,
  training,
  viz,
} from "latentlab";

const isQuick = process.env["LATENTLAB_PROFILE"] === "quick"; // less of everything, for CI
const seed = Number(process.env["LATENTLAB_SEED"] ?? 1);
const { device, reason, tensorflow } = engine.deviceReport();
console.log(`Training on the ${device} (${reason}), TensorFlow ${tensorflow}.`);
const { verdict } = results; // prints a claim, and whether the numbers bear it out
const scores = new results.Scores("04-ddpm");
/** What a type says may be missing, and here is not. */
function given<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new Error("It is not there.");
  return value;
}
/** The same t for `count` examples. */
const timesteps = (t: number, count: number): core.Timesteps => tf.fill([count], t, "int32");

// %% [markdown] id="chain-text"
// ## 1 · Into the noise (R.6–R.8)
//
// A step of the forward process shrinks the picture a little and adds a little noise,
//
// $$ q(x_t \mid x_{t-1}) = \mathcal N\!\left(x_t;\ \sqrt{1-\beta_t}\, x_{t-1},\ \beta_t I\right)
// \tag{R.6} $$
//
// and a chain of them is a product. Nothing in it is learnt:
//
// $$ q(x_{1:T} \mid x_0) = \prod_{t=1}^{T} q(x_t \mid x_{t-1}) \tag{R.7} $$
//
// Gaussians of Gaussians are Gaussians, so $t$ steps are one jump. With $\alpha_t = 1 - \beta_t$ and
// $\bar\alpha_t = \prod_{s=1}^{t} \alpha_s$,
//
// $$ q(x_t \mid x_0) = \mathcal N\!\left(x_t;\ \sqrt{\bar\alpha_t}\, x_0,\ (1-\bar\alpha_t) I\right)
// \tag{R.8} $$
//
// The review prints the mean as $\bar\alpha_t x_0$, without the root. **Predict.** From
// $x_0 = 1.5$, where is the mean at $t = 300$ of a thousand steps with $\beta$ from 0.0001 to 0.02:
// near 0.6, or near 0.9? What variance would a wrong root leave: can a simulation tell?

// %% exercise="lib/diffusion/forward.ts#qStep" hint="The step keeps the variance: √(1 − β_t) of x, √β_t of the noise. atTimesteps(table, t, x) gathers a table's entry for each example."
const { qStep } = diffusion;

// %% id="check-step"
check("R.6", qStep);

// %% exercise="lib/diffusion/forward.ts#qSample" hint="√ᾱ_t and √(1 − ᾱ_t), gathered for each example."
const { qSample } = diffusion;

// %% id="check-jump"
check("R.8", qSample);

// %% id="verdict-chain"
const linear = diffusion.linearSchedule(1000); // that of the paper
const walkers = isQuick ? 4000 : 20_000;
const start = 1.5;
const walked: { t: number; mean: core.Estimate; variance: number }[] = [];
const crowd = tf.fill([walkers, 1], start);
for (const { t, xt } of diffusion.forwardChain(linear, crowd, new Rng(1))) {
  if (t % 20 > 0) continue;
  const mean = core.estimate(xt.dataSync());
  walked.push({ t, mean, variance: mean.standardError ** 2 * walkers });
}
crowd.dispose();
/** The largest distance of simulated from claimed means, in standard errors. */
const missBy = (claimed: (alphaBar: number) => number): number =>
  Math.max(
    ...walked.map(
      ({ t, mean }) => Math.abs(mean.mean - claimed(linear.alphaBar[t])) / mean.standardError,
    ),
  );
const withRoot = missBy((alphaBar) => Math.sqrt(alphaBar) * start);
const asPrinted = missBy((alphaBar) => alphaBar * start);
const at300 = given(walked.find(({ t }) => t === 300));
verdict(
  withRoot < 4.5,
  `√ᾱ_t x₀ is the mean at every t looked at, within ${withRoot.toFixed(1)} errors`,
);
verdict(
  asPrinted < 4.5,
  `ᾱ_t x₀, as printed, is the mean too (it is ${asPrinted.toFixed(0)} errors off)`,
);
const wrongVariance = Math.max(
  ...walked.map(({ t, variance }) => Math.abs(variance / (1 - linear.alphaBar[t]) - 1)),
);
verdict(
  wrongVariance < 0.06,
  `the variance is 1 − ᾱ_t to within ${(100 * wrongVariance).toFixed(1)} %`,
);
console.log(
  `At t = 300 the chain's mean is ${core.formatEstimate(at300.mean, 3)}; with the root ${(Math.sqrt(linear.alphaBar[300]) * start).toFixed(3)}, as printed ${(linear.alphaBar[300] * start).toFixed(3)}.`,
);
const alphaBars = Array.from(linear.alphaBar);
viz.curves({
  title: `${walkers} walkers from x₀ = ${start}`,
  x: "t",
  y: "mean of x_t",
  note: "band: ± 1 standard deviation of the simulated walkers",
  curves: [
    {
      name: "simulated, step by step",
      x: walked.map(({ t }) => t),
      y: walked.map(({ mean }) => mean.mean),
      plusMinus: walked.map(({ variance }) => Math.sqrt(variance)),
    },
    { name: "√ᾱ x₀ (R.8)", y: alphaBars.map((a) => Math.sqrt(a) * start), dashed: true },
    { name: "ᾱ x₀, as printed", y: alphaBars.map((a) => a * start), dashed: true },
  ],
});

// %% [markdown] id="schedules-text"
// ## 2 · How fast? Schedules by their signal-to-noise ratio
//
// Only $\bar\alpha_t$ matters to what a network sees, and what it sees is best told by the
// signal-to-noise ratio $\bar\alpha_t / (1 - \bar\alpha_t)$, on a logarithmic scale. A step at which
// everything or nothing can be recognised teaches little.
//
// **Predict.** Drag the slider below: until which $t$ can you read the digits? Then: for which part of
// its steps does the linear schedule lie where the digits cannot be read any more?

// %% id="verdict-schedules"
const { train, reference, other } = pipelines.digitParts();
const pictureOf = (set: data.ImageDataset, from: number, to: number): core.Images =>
  data.examplesAt(
    set,
    Int32Array.from({ length: to - from }, (_, i) => from + i),
    {
      range: "signed",
    },
  ).x;
const isMnist = train.name.startsWith("MNIST");
console.log(`${train.describe()}; ${reference.count} and ${other.count} more are held out.`);
if (!isMnist)
  console.log(
    "No MNIST here: these are scikit-learn's 8×8 digits, enlarged. The course's checkpoints know " +
      "MNIST, so scores against these digits say little. `npm run data -- mnist` fetches it.",
  );
const twelve = pictureOf(train, 0, 12);
const noiseOfTwelve = new Rng(2).normal<core.Images>(twelve.shape);
const frames = [0, 50, 100, 200, 300, 400, 500, 600, 800, 1000].map((t) => {
  const xt = diffusion.qSample(linear, timesteps(t, 12), { x0: twelve, noise: noiseOfTwelve });
  const images = viz.imageGrid(xt, { range: [-1, 1], columns: 12 });
  xt.dispose();
  return { t, images };
});
viz.display(viz.timestepScrubber(frames));
const schedules = {
  linear,
  "scaled linear": diffusion.scaledLinearSchedule(1000),
  quadratic: diffusion.quadraticSchedule(1000),
  cosine: diffusion.cosineSchedule(1000),
};
const logSnr = (schedule: diffusion.NoiseSchedule, t: number): number => Math.log(schedule.snr(t));
/** Share of the steps with log SNR between two values. */
const share = (schedule: diffusion.NoiseSchedule, low: number, high: number): number =>
  Array.from({ length: 1000 }, (_, i) => logSnr(schedule, i + 1)).filter(
    (value) => low <= value && value < high,
  ).length / 1000;
const rows = Object.entries(schedules).map(([name, schedule]) => ({
  schedule: name,
  "log SNR at t = 1": logSnr(schedule, 1),
  "at T": logSnr(schedule, 1000),
  "signal left, √ᾱ_T": Math.sqrt(schedule.alphaBar[1000]),
  "steps below −5": share(schedule, -Infinity, -5),
  "steps in −5 … 5": share(schedule, -5, 5),
}));
const [ofLinear, , , ofCosine] = rows;
verdict(
  ofCosine["steps in −5 … 5"] > ofLinear["steps in −5 … 5"],
  `the cosine schedule spends more steps where there is something to decide (${ofCosine["steps in −5 … 5"]} against ${ofLinear["steps in −5 … 5"]})`,
);
const leftOver = rows.reduce((a, b) => (b["at T"] > a["at T"] ? b : a));
console.log(
  `Most signal is left at T by the ${leftOver.schedule} schedule: √ᾱ_T = ${leftOver["signal left, √ᾱ_T"].toFixed(3)}. Sampling starts from pure noise, so this much is missing there.`,
);
viz.display(viz.table(rows, { title: "Four schedules of 1000 steps", digits: 3 }));
viz.display(
  viz.scheduleSlider(
    [0.005, 0.01, 0.02, 0.04].map((betaEnd) => ({
      setting: String(betaEnd),
      alphaBar: diffusion.linearSchedule(1000, { betaEnd }).alphaBar,
    })),
    "last β",
  ),
);
viz.curves({
  title: "log signal-to-noise ratio",
  x: { label: "t", range: [0, 1000] },
  y: { label: "log SNR", range: [-15, 10] },
  curves: Object.entries(schedules).map(([name, schedule]) => ({
    name,
    x: Array.from({ length: 200 }, (_, i) => 5 * i + 5),
    y: Array.from({ length: 200 }, (_, i) => logSnr(schedule, 5 * i + 5)),
  })),
});

// %% [markdown] id="posterior-text"
// ## 3 · One step back, if the picture is known
//
// To undo a step one needs $q(x_{t-1} \mid x_t)$, and that depends on all data. But *given* $x_0$,
// Bayes' rule has two Gaussians in it, $q(x_t \mid x_{t-1})$ and $q(x_{t-1} \mid x_0)$, so the posterior is
// one: $q(x_{t-1} \mid x_t, x_0) = \mathcal N(\tilde\mu_t, \tilde\beta_t I)$ with
//
// $$ \tilde\mu_t = \frac{\sqrt{\bar\alpha_{t-1}}\,\beta_t}{1-\bar\alpha_t}\, x_0 +
// \frac{\sqrt{\alpha_t}\,(1-\bar\alpha_{t-1})}{1-\bar\alpha_t}\, x_t, \qquad
// \tilde\beta_t = \frac{1-\bar\alpha_{t-1}}{1-\bar\alpha_t}\, \beta_t. \tag{DDPM.7} $$
//
// The review writes it with a parameter, $q_\theta$; there is none. **Predict.** Is $\tilde\beta_t$ above or
// below $\beta_t$? Where do they agree?

// %% exercise="lib/diffusion/posterior.ts#posterior" hint="ᾱ_{t−1} is one entry before ᾱ_t: shift the table by one. With ᾱ_0 = 1 there is no special case at t = 1."
const { posterior } = diffusion;

// %% id="check-posterior"
check("DDPM.7", posterior);

// %% id="verdict-posterior"
/** Mean and variance of q(x_{t−1} | x_t, x_0) by multiplying likelihood and prior on a grid. */
function bayesOnGrid(t: number, x0: number, xt: number): { mean: number; variance: number } {
  const { alpha, beta, alphaBar } = linear;
  const logNormal = (x: number, mean: number, variance: number): number =>
    -((x - mean) ** 2) / (2 * variance);
  const prior = { mean: Math.sqrt(alphaBar[t - 1]) * x0, variance: 1 - alphaBar[t - 1] };
  const width = 12 * Math.sqrt(Math.min(prior.variance, beta[t]));
  const centre = prior.variance < beta[t] ? prior.mean : xt / Math.sqrt(alpha[t]);
  const xs = Array.from(core.linspace(centre - width, centre + width, 20_001));
  const weights = xs.map((x) =>
    Math.exp(
      logNormal(xt, Math.sqrt(alpha[t]) * x, beta[t]) + logNormal(x, prior.mean, prior.variance),
    ),
  );
  const total = weights.reduce((sum, w) => sum + w, 0);
  const mean = xs.reduce((sum, x, i) => sum + x * weights[i], 0) / total;
  return {
    mean,
    variance: xs.reduce((sum, x, i) => sum + (x - mean) ** 2 * weights[i], 0) / total,
  };
}
const compared = [2, 10, 100, 500, 1000].map((t) => {
  const [x0, xt] = [
    0.8,
    Math.sqrt(linear.alphaBar[t]) * 0.8 + 0.5 * Math.sqrt(1 - linear.alphaBar[t]),
  ];
  const grid = bayesOnGrid(t, x0, xt);
  const [mean, variance] = tf.tidy(() => {
    const q = diffusion.posterior(linear, timesteps(t, 1), {
      x0: tf.tensor2d([[x0]]),
      xt: tf.tensor2d([[xt]]),
    });
    return [q.mean.dataSync()[0], q.variance.dataSync()[0]] as never;
  }) as [number, number];
  return {
    t,
    "mean (DDPM.7)": mean,
    "Bayes' mean": grid.mean,
    β̃_t: variance,
    "Bayes' variance": grid.variance,
    β_t: linear.beta[t],
  };
});
const offBy = Math.max(
  ...compared.map((row) =>
    Math.max(
      Math.abs(row["mean (DDPM.7)"] - row["Bayes' mean"]),
      Math.abs(row["β̃_t"] / row["Bayes' variance"] - 1),
    ),
  ),
);
verdict(offBy < 1e-3, `formula and Bayes on a grid agree to ${offBy.toExponential(0)}`);
verdict(
  compared.every((row) => row["β̃_t"] <= row["β_t"]),
  `β̃_t is never above β_t: knowing x₀ helps, by a factor ${(compared[0]["β_t"] / compared[0]["β̃_t"]).toFixed(2)} at t = 2 and ${(compared[4]["β_t"] / compared[4]["β̃_t"]).toFixed(5)} at T`,
);
viz.table(compared, { title: "x₀ = 0.8, x_t half a standard deviation above its mean", digits: 5 });

// %% [markdown] id="reverse-text"
// ## 4 · Back out of the noise (R.9, R.10)
//
// When $x_0$ is not known, a network guesses. A reverse step is a Gaussian whose mean is learnt,
//
// $$ p_\theta(x_{t-1} \mid x_t) = \mathcal N\!\left(x_{t-1};\ \mu_\theta(x_t, t),\ \Sigma_\theta(x_t, t)\right)
// \tag{R.9} $$
//
// and generation is a chain of them that starts from pure noise:
//
// $$ p_\theta(x_{0:T}) = p(x_T) \prod_{t=1}^{T} p_\theta(x_{t-1} \mid x_t), \qquad p(x_T) = \mathcal N(0, I)
// \tag{R.10} $$
//
// The network predicts the *noise* $\hat\varepsilon$ in $x_t$. That fixes
// $\hat x_0 = (x_t - \sqrt{1-\bar\alpha_t}\, \hat\varepsilon) / \sqrt{\bar\alpha_t}$, and $\tilde\mu_t$ at
// $\hat x_0$ is $\mu_\theta = (x_t - \beta_t \hat\varepsilon / \sqrt{1-\bar\alpha_t}) / \sqrt{\alpha_t}$.
//
// ### Sampling with a denoiser that is never wrong
//
// For a mixture of Gaussians the best possible $\hat\varepsilon = \mathbb E[\varepsilon \mid x_t]$ is a closed
// form. With it, whatever is still wrong is the fault of the *chain*: R.9 puts a Gaussian where the true
// $q(x_{t-1} \mid x_t)$ of a few large steps may have several humps.
//
// **Predict.** How many steps does the chain need before its samples cannot be told from real ones:
// 5, 20, 100, 1000? The measure is the energy distance; the floor is that of real points from real points.

// %% exercise="lib/diffusion/reverse.ts#reverseMean" hint="Take β_t ε̂ / √(1 − ᾱ_t) away, and undo the shrinking by √α_t."
const { reverseMean } = diffusion;

// %% id="check-mean"
check("R.9", reverseMean);

// %% id="verdict-oracle"
const ring = data.ring8({ std: 0.1 });
const exact = new oracles.GaussianMixture(given(ring.mixture));
const n2d = isQuick ? 1000 : 2000;
/** Real against real: the mean over pairs of fresh samples. */
function energyFloor(toy: data.Toy2d, pairs = isQuick ? 6 : 12): number {
  const distances = Array.from({ length: pairs }, (_, i) =>
    tf.tidy(() => {
      const [a, b] = [1, 2].map((half) => toy.sample(new Rng(7).fold(half).fold(i), n2d));
      return metrics.energyDistance(a, b) as never;
    }),
  ) as number[];
  return distances.reduce((sum, distance) => sum + distance, 0) / pairs;
}
const film = viz.liveDenoising({
  range: [-3.2, 3.2],
  title: "An exact denoiser, 100 steps",
  frames: 10,
});
const cosine100 = diffusion.cosineSchedule(100);
const exactDdpm = samplers.ddpm(exact.denoiser<tf.Tensor2D>(cosine100), cosine100);
for await (const _ of film.watch(samplers.sample(exactDdpm, { shape: [300, 2], rng: new Rng(4) })));
const ringFloor = energyFloor(ring);
const freshRing = ring.sample(new Rng(70), n2d);
const chains: { steps: number; distance: number; inModes: number }[] = [];
for (const steps of [2, 5, 10, 20, 50, 100, 200, 500]) {
  const schedule = diffusion.cosineSchedule(steps); // a chain of its own, of so many steps
  const chain = samplers.ddpm(exact.denoiser<tf.Tensor2D>(schedule), schedule);
  const x = await samplers.sampleAll(chain, { shape: [n2d, 2], rng: new Rng(5) });
  const { highQualityShare } = metrics.modeCoverage(x, given(ring.modes), { std: 0.1 });
  chains.push({ steps, distance: metrics.energyDistance(x, freshRing), inModes: highQualityShare });
  x.dispose();
}
const enough = chains.find(({ distance }) => distance < 1.5 * ringFloor);
verdict(
  chains[0].distance > 5 * ringFloor,
  `two steps are too few even for an exact denoiser: ${(chains[0].distance / ringFloor).toFixed(0)} times the floor`,
);
verdict(
  enough !== undefined,
  `the chain comes within 1.5 of the floor, at ${enough?.steps ?? "none of these"} steps`,
);
viz.curves({
  title: "The exact denoiser in chains of different length",
  x: { label: "steps", log: true },
  y: { label: "energy distance to real points", log: true },
  note: `${n2d} points each; the floor is that of real from real`,
  curves: [
    {
      name: "DDPM",
      x: chains.map(({ steps }) => steps),
      y: chains.map(({ distance }) => distance),
      markers: true,
    },
  ],
  horizontals: [{ y: ringFloor, name: "floor" }],
});

// %% [markdown] id="bound-text"
// ## 5 · What the chain is trained for: the bound (R.11, R.12)
//
// The chain is a VAE with latents $x_1 \dots x_T$, so it has an ELBO,
//
// $$ \log p_\theta(x_0) \;\ge\; \mathbb E_q\!\left[\log \frac{p_\theta(x_{0:T})}{q(x_{1:T} \mid x_0)}\right]
// \tag{R.11} $$
//
// which falls into one term for each step. Written as costs,
//
// $$ -\log p_\theta(x_0) \le \underbrace{D_\mathrm{KL}(q(x_T|x_0) \| p(x_T))}_{L_T} + \sum_{t=2}^{T}
// \underbrace{\mathbb E_q D_\mathrm{KL}(q(x_{t-1}|x_t,x_0) \| p_\theta(x_{t-1}|x_t))}_{L_{t-1}}
// \underbrace{-\,\mathbb E_q \log p_\theta(x_0|x_1)}_{L_0} \tag{R.12} $$
//
// The review mixes signs, "$L_0 - L_T - \sum L_{t-1}$": with $L_0$ a cost like the others, as it says,
// that is another number. **Predict.** With the exact denoiser, does the bound reach $-\log p$? Does it get better or worse
// when the chain gets longer?

// %% exercise="lib/objectives/diffusion-bound.ts#priorKl" hint="q(x_T | x_0) is N(√ᾱ_T x₀, 1 − ᾱ_T): R.2 of notebook 01 gives its KL, for [B, D]."
const { priorKl } = objectives;

// %% id="check-prior"
check("R.12", priorKl);

// %% id="verdict-bound"
const points = isQuick ? 500 : 2000;
const sampleOfRing = ring.sample(new Rng(8), points);
const bitsOf = (nats: number): number => diffusion.bitsPerDimension(-nats, 2);
const trueNats = core.estimate(tf.tidy(() => exact.logDensity(sampleOfRing).neg().dataSync()));
const inTheOpen: objectives.StepLikelihood = objectives.gaussianLogLikelihood; // points are no pixels
const boundOf = (steps: number, variance: diffusion.FixedVariance): objectives.BoundByTimestep => {
  const schedule = diffusion.cosineSchedule(steps);
  const kernel = diffusion.reverseKernel(exact.denoiser<tf.Tensor2D>(schedule), schedule, variance);
  const options = { schedule, rng: new Rng(9), likelihood: inTheOpen };
  return objectives.variationalBound(kernel, sampleOfRing, options);
};
const lengths = isQuick ? [5, 20, 100] : [5, 10, 20, 50, 100, 200, 500];
const measuredBounds = lengths.map((steps) => ({
  steps,
  beta: boundOf(steps, "beta"),
  posterior: boundOf(steps, "posterior"),
}));
const longest = given(measuredBounds.at(-1));
verdict(
  measuredBounds.every(({ beta }) => beta.nats.mean > trueNats.mean - 3 * beta.nats.standardError),
  `no bound is below −log p = ${bitsOf(trueNats.mean).toFixed(3)} bits a dimension`,
);
verdict(
  measuredBounds.slice(1).every(({ beta }, i) => beta.nats.mean < measuredBounds[i].beta.nats.mean),
  `each longer chain has a tighter bound: ${bitsOf(measuredBounds[0].beta.nats.mean).toFixed(2)} bits at ${lengths[0]} steps, ${bitsOf(longest.beta.nats.mean).toFixed(2)} at ${longest.steps}`,
);
const { terms, prior } = longest.beta;
const sumOfCosts = bitsOf(prior + terms.reduce((sum, term) => sum + term, 0));
const signsAsPrinted = -bitsOf(
  terms[1] - prior - terms.slice(2).reduce((sum, term) => sum + term, 0),
);
verdict(
  Math.abs(signsAsPrinted - sumOfCosts) < 0.01,
  `with the printed signs the costs give the same bound (${signsAsPrinted.toFixed(2)} against ${sumOfCosts.toFixed(2)} bits; L₀ is ${bitsOf(terms[1]).toFixed(2)})`,
);
viz.display(
  viz.table(
    measuredBounds.map(({ steps, beta, posterior: small }) => ({
      steps,
      "bound, σ² = β (bits/dim)": core.formatEstimate(beta.bitsPerDim, 3),
      "bound, σ² = β̃": core.formatEstimate(small.bitsPerDim, 3),
      L_T: bitsOf(beta.prior),
      L_0: bitsOf(beta.terms[1]),
    })),
    {
      title: `Exact denoiser, ${points} points; −log p is ${bitsOf(trueNats.mean).toFixed(3)} bits/dim`,
    },
  ),
);
viz.curves({
  title: `Where the bound's bits are, ${longest.steps} steps`,
  x: { label: "t", log: true },
  y: { label: "L_{t−1}", unit: "bits/dim" },
  curves: (["beta", "posterior"] as const).map((variance) => ({
    name: variance === "beta" ? "σ² = β_t" : "σ² = β̃_t",
    x: Array.from({ length: longest.steps - 1 }, (_, i) => i + 2),
    y: Array.from(longest[variance].terms.slice(2), bitsOf),
  })),
});

// %% [markdown] id="simple-text"
// ## 6 · What is trained in practice (R.13)
//
// Both Gaussians of $L_{t-1}$ have a fixed variance, so the KL is a squared distance of means, and that is
// a squared error of the predicted noise times a weight. Ho et al. leave the weight out:
//
// $$ L_\mathrm{simple} = \mathbb E_{t, x_0, \varepsilon} \left\| \varepsilon - \varepsilon_\theta\!\left(
// \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1-\bar\alpha_t}\, \varepsilon,\ t\right) \right\|^2, \qquad t \sim
// \mathcal U\{1 \dots T\} \tag{R.13} $$
//
// So it is *not* the bound, as the review has it, but a reweighted one; and the paper's own text has
// the root here that R.8 lacks. **Predict.** Which timesteps does dropping the weight play down: the
// almost clean or the almost pure noise?

// %% exercise="lib/objectives/denoising.ts#simpleLoss" hint="Noise x₀ by R.8, ask the network, and take the mean square of what is left."
const { simpleLoss } = objectives;

// %% id="check-simple"
check("R.13", simpleLoss);

// %% id="verdict-weights"
const vlb = objectives.lossWeights(linear, "vlb");
const minSnr = objectives.lossWeights(linear, "min-snr");
verdict(
  vlb[2] / vlb[900] > 10,
  `the bound weighs t = 2 ${(vlb[2] / vlb[900]).toFixed(0)} times as much as t = 900; L_simple all alike`,
);
viz.curves({
  title: "Weight of a squared error of ε",
  x: "t",
  y: { label: "weight", log: true },
  note: "scaled to 1 at t = 500",
  curves: [
    ["bound", vlb] as const,
    ["simple", objectives.lossWeights(linear, "simple")] as const,
    ["min-SNR, γ = 5", minSnr] as const,
  ].map(([name, weights]) => ({
    name,
    x: Array.from({ length: 500 }, (_, i) => 2 * i + 1),
    y: Array.from({ length: 500 }, (_, i) => weights[2 * i + 1] / weights[500]),
  })),
});

// %% [markdown] id="toys-text"
// ## 7 · Train it: points in the plane
//
// Two hard shapes: a ring of eight spots, 0.02 wide and 2 away from the middle, and a chessboard with
// sharp edges. Notebook 02's GAN lost modes on the ring. The network is small, the loss R.13, the chain
// has 200 steps.
//
// **Predict.** Will all eight modes be there? Will the board's edges be sharp? Is the loss near 0 at the
// end, and if not, why not?

// %% id="toy-recipe"
const chain200 = diffusion.cosineSchedule(200);
type Trained = { net: models.PointDenoiser; denoise: core.Denoiser<tf.Tensor2D> };
function newDenoiser(one: number): Trained {
  const net = new models.PointDenoiser({ hiddenSize: 128, depth: 3 }, new Rng(one));
  return { net, denoise: (xt, t) => net.forward(xt, t) };
}
const toySteps = 4000;
/** The average of the weights stays in the network at the end. */
async function* trainToy(
  { net, denoise }: Trained,
  toy: data.Toy2d,
  one: number,
): AsyncGenerator<training.TrainProgress, void, void> {
  const optimizer = training.adam(net.namedParameters());
  const ema = new training.Ema(net, { decay: 0.99, warmUp: true });
  const loss: training.LossFunction = ({ x }, rng) =>
    objectives.denoisingLoss(denoise, x as tf.Tensor2D, { schedule: chain200, rng });
  const batches = data.toyBatches(toy, { batchSize: 256, seed: one });
  const learningRate = training.cosineDecay(3e-3, toySteps);
  const recipe = {
    batches,
    optimizer,
    learningRate,
    ema,
    rng: new Rng(one).fold(1),
    reportEvery: 10,
  };
  try {
    yield* training.train(net, loss, { ...recipe, steps: toySteps });
    ema.copyTo(net);
  } finally {
    optimizer.dispose();
    ema.dispose();
  }
}
const sampleToy = (
  denoise: core.Denoiser<tf.Tensor2D>,
  one: number,
  count = n2d,
): Promise<tf.Tensor2D> =>
  samplers.sampleAll(samplers.ddpm(denoise, chain200), {
    shape: [count, 2],
    rng: new Rng(one).fold(2),
  });
/** Points as a picture: how many fall on each of 48 × 48 squares over [−2.5, 2.5]². */
function density(x: tf.Tensor2D): viz.ImageGrid {
  const [side, counts] = [48, new Float32Array(48 * 48)];
  const values = x.dataSync();
  for (let i = 0; i < values.length; i += 2) {
    const [column, row] = [values[i] + 2.5, 2.5 - values[i + 1]].map((v) =>
      Math.floor((v / 5) * side),
    );
    if (Math.min(column, row) >= 0 && Math.max(column, row) < side) counts[row * side + column]++;
  }
  return tf.tidy(
    () =>
      viz.imageGrid(
        tf.tensor4d(
          counts.map((c) => Math.min(1, c / 4)),
          [1, side, side, 1],
        ),
        { range: [0, 1], scale: 5 },
      ) as never,
  );
}

// %% id="verdict-toys"
const toys = { "ring of 8": data.ring8(), chessboard: data.checkerboard() };
const toySeeds = isQuick ? [seed] : [1, 2, 3, 4, 5].map((one) => one + seed - 1);
const shown = new Map<string, tf.Tensor2D>();
for (const [name, toy] of Object.entries(toys)) {
  const floor = energyFloor(toy);
  for (const one of toySeeds) {
    const trained = newDenoiser(one);
    const began = performance.now();
    if (one === toySeeds[0]) {
      const healthy = viz.healthyRuns("04-ddpm", `DDPM, ${name}`);
      const y = { label: "L_simple, mean over coordinates" };
      const dashboard = viz.liveTraining({
        title: `DDPM, ${name}`,
        y,
        steps: toySteps,
        healthy,
        picturesTitle: "samples",
      });
      for await (const { step } of dashboard.watch(trainToy(trained, toy, one))) {
        if (step % (isQuick ? 1000 : 250) > 0) continue;
        const x = await sampleToy(trained.denoise, one, 1500);
        dashboard.pictures(density(x));
        x.dispose();
      }
    } else for await (const _ of trainToy(trained, toy, one));
    const x = await sampleToy(trained.denoise, one);
    const real = toy.sample(new Rng(one).fold(3), n2d);
    const seconds = (performance.now() - began) / 1000;
    const common = { subject: `DDPM, ${name}`, n: n2d, seed: one, seconds } as const;
    const value = metrics.energyDistance(x, real);
    scores.record({ ...common, metric: "energy distance", better: "lower", value, floor });
    const isGood = tf.tidy(
      () =>
        (toy.modes
          ? metrics.modeCoverage(x, toy.modes, { std: 0.02 }).modesFound
          : tf.isFinite(given(toy.logDensity)(x)).mean().dataSync()[0]) as never,
    ) as number;
    const metric = toy.modes ? "modes found" : "share on dark squares";
    scores.record({ ...common, metric, better: "higher", value: isGood, floor: null });
    if (one === toySeeds[0]) shown.set(name, x.clone());
    tf.dispose([x, real]);
    trained.net.dispose();
  }
}
for (const name of Object.keys(toys)) {
  const score = scores.of(`DDPM, ${name}`, "energy distance");
  verdict(
    score.mean < 1.5 * given(score.floor),
    `${name}: energy distance within 1.5 of the floor (${(score.mean / given(score.floor)).toFixed(2)} of it, ${score.seeds.length} seed(s))`,
  );
}
const modes = scores.of("DDPM, ring of 8", "modes found");
verdict(modes.mean === 8, `every run found all eight modes (mean ${modes.mean})`);
console.log(
  `On a dark square: ${results.formatScore(scores.of("DDPM, chessboard", "share on dark squares"))}; half of them would be there by chance.`,
);
const pointsOf = (name: string, x: tf.Tensor): viz.PointGroup => ({
  ...viz.groupsByLabel(x, new Int32Array(x.shape[0]))[0],
  name,
});
for (const [name, toy] of Object.entries(toys)) {
  const real = toy.sample(new Rng(77), n2d);
  viz.display(
    viz.scatter2d({
      title: name,
      x: "x₁",
      y: "x₂",
      size: 3,
      equalScales: true,
      height: 420,
      groups: [pointsOf("sampled", given(shown.get(name))), pointsOf("real", real)],
    }),
  );
  real.dispose();
}
scores;

// %% [markdown] id="digits-text"
// ## 8 · Train it: handwritten digits
//
// The denoiser of pictures is a U-Net on 2×2 pixels at a time: 14×14, down to 7×7, up again, with short
// cuts. It learns what $t$ is from sines and cosines of many wavelengths, *added* inside each residual
// block; the review has it concatenated to the picture. It puts out
// $v = \sqrt{\bar\alpha_t}\,\varepsilon - \sqrt{1-\bar\alpha_t}\,x_0$, from which $\hat\varepsilon$ follows: where
// nearly all is noise, $\varepsilon \approx x_t$ says nothing of the digit, and $v$ does.
//
// What one samples from is not the last weights but their moving average (EMA). A classifier of digits,
// trained apart, judges: it turns each picture into 64 features, and the Fréchet distance compares their
// means and covariances with those of held-out digits. A small set of *real* digits has a distance too: that
// is the floor, given for the same number of pictures.
//
// The course comes with such a U-Net that was trained longer, by `npm run train:digits`. Watch it draw:
// left $x_t$, right the $\hat x_0$ that it believes in.
//
// **Predict.** The loss of last and averaged weights is nearly the same: will you see the difference in
// samples? At which $t$ is it settled which digit it will be?

// %% id="verdict-ema"
const live = new pipelines.DiffusionPipeline({
  denoiser: new models.Unet(
    { ...pipelines.DIGIT_UNET, ...(isQuick && { baseChannels: 8 }) },
    new Rng(seed),
  ),
  ...{ schedule: linear, predicts: "v" },
});
const average = new training.Ema(live.parts.denoiser, { decay: 0.99, warmUp: true });
const digitSteps = isQuick ? 60 : 600;
const few = isQuick ? 20 : 200;
const solver = { sampler: "dpm-solver", numSteps: 20, guidanceScale: 1, seed: 6 } as const;
const drawLive = (n: number): ReturnType<typeof pipelines.drawDigits> =>
  pipelines.drawDigits(live, { ...solver, n });
/** Rows of ten. */
const grid = (images: core.Images, rowLabels?: readonly string[]): viz.ImageGrid =>
  viz.imageGrid(images, { range: [-1, 1], columns: 10, ...(rowLabels && { rowLabels }) });
const digitBoard = viz.liveTraining({
  title: `A U-Net of ${live.parts.denoiser.parameterCount()} weights`,
  y: { label: "E‖v − v̂‖², mean over pixels" },
  steps: digitSteps,
  picturesTitle: "samples of 0 … 9, averaged weights",
});
const digitRun = pipelines.trainDigitSampler(live, {
  ...{ steps: digitSteps, ema: average, seed, batchSize: isQuick ? 8 : 32 },
});
const digitsBegan = performance.now();
for await (const { step } of digitBoard.watch(digitRun)) {
  if (step % (digitSteps / 3) > 0) continue;
  const { images } = await average.whileAveraged(() => drawLive(20));
  digitBoard.pictures(grid(images));
  images.dispose();
}
const digitSeconds = (performance.now() - digitsBegan) / 1000;
const judge = pipelines.loadDigitJudge();
const smallFloor = judge.floor(few);
const ofWeights = {
  last: (await drawLive(few)).images,
  averaged: (await average.whileAveraged(() => drawLive(few))).images,
};
for (const [which, images] of Object.entries(ofWeights)) {
  scores.record({
    subject: `live U-Net, ${which} weights`,
    ...{ metric: "Fréchet distance, small set", better: "lower", value: judge.frechet(images) },
    ...{ n: few, floor: smallFloor, seed, seconds: digitSeconds },
  });
}
const [raw, smooth] = ["last", "averaged"].map(
  (which) => scores.of(`live U-Net, ${which} weights`, "Fréchet distance, small set").mean,
);
verdict(
  smooth < raw,
  `averaged weights sample better after ${digitSteps} steps (${smooth.toFixed(1)} against ${raw.toFixed(1)}; floor ${smallFloor.toFixed(1)})`,
);
const emaRows = tf.tidy(() =>
  tf.concat(Object.values(ofWeights).map((images) => images.slice([0, 0, 0, 0], [10, -1, -1, -1]))),
);
const emaGrid = grid(emaRows, Object.keys(ofWeights));
tf.dispose([ofWeights, emaRows]);
for (const owned of [average, live]) owned.dispose();
emaGrid;

// %% id="verdict-digit-bound"
const course = pipelines.loadDigitSampler();
const provenance = pipelines.pipelineProvenance(pipelines.checkpointPath("digits-ddpm"));
const { steps: courseSteps, seconds: courseSeconds } = provenance;
console.log(`The course's U-Net: ${courseSteps} steps in ${courseSeconds} s, ${provenance.data}.`);
const digitFilm = viz.liveDenoising({
  range: [-1, 1],
  title: "DDIM, 50 steps",
  columns: 5,
  frames: 10,
});
const drawn = {
  labels: Array.from({ length: 20 }, (_, i) => i % 10),
  rng: new Rng(11),
  numSteps: 50,
  sampler: "ddim",
} as const;
for await (const _ of digitFilm.watch(course.stream(drawn)));
const net = course.parts.denoiser as models.Unet;
const noClass = diffusion.nullLabels(pipelines.DIGIT_UNET.numClasses);
const anyClass = diffusion.asDenoiser<core.Images, core.Labels>(
  (xt, t) => net.forward(xt, t, noClass(t as never)),
  linear,
  "v",
);
const kernelOfDigits = diffusion.reverseKernel(anyClass, linear, "beta");
const some = pictureOf(reference, 0, isQuick ? 20 : 60);
const atT = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const bitsAt = atT.map((t) =>
  tf.tidy(() => {
    const noise = new Rng(t).normal<core.Images>(some.shape);
    const nats = objectives.boundTerm(kernelOfDigits, some, timesteps(t, some.shape[0]), {
      schedule: linear,
      noise,
    });
    return diffusion.bitsPerDimension(-nats.mean().dataSync()[0], 784) as never;
  }),
) as number[];
const whole = objectives.estimateBound(kernelOfDigits, some, {
  schedule: linear,
  rng: new Rng(13),
  draws: isQuick ? 4 : 20,
});
scores.record({
  subject: "course U-Net",
  metric: "bound",
  unit: "bits/dim",
  better: "lower",
  value: whole.bitsPerDim,
  n: some.shape[0],
  floor: null,
  seed: 1,
  seconds: Number(provenance.seconds),
});
verdict(
  bitsAt[1] > bitsAt[8],
  `a step at t = 2 costs more bits than one at t = 500 (${bitsAt[1].toExponential(1)} against ${bitsAt[8].toExponential(1)})`,
);
console.log(
  `The bound: ${results.formatScore(scores.of("course U-Net", "bound"))} over ${some.shape[0]} held-out digits; a coin for each bit of a grey level would be 8.`,
);
viz.curves({
  title: "The bound on digits, term by term",
  x: { label: "t", log: true },
  y: { label: "L_{t−1}; at t = 1, L_0", unit: "bits/dim", log: true },
  note: `${some.shape[0]} held-out digits, σ² = β_t`,
  curves: [{ name: "course U-Net", x: atT, y: bitsAt, markers: true }],
});

// %% [markdown] id="steps-text"
// ## 9 · Fewer steps
//
// The chain was trained with a thousand steps and DDPM walks them all. DDIM goes from the same network
// along the probability flow, without new noise, and so may take long strides; DPM-Solver++ corrects
// each stride by the one before. First with the exact denoiser, where the end of the flow is known: a
// thousand DDIM steps. Then with digits.
//
// **Predict.** Ten times the steps: how many times smaller is the error of DDIM, and how many times that
// of the second-order solver? And at what number of steps do digits stop getting better?

// %% id="verdict-orders"
const wide = data.ring8({ std: 0.3 });
const wideExact = new oracles.GaussianMixture(given(wide.mixture)).denoiser<tf.Tensor2D>(linear);
const flow = {
  ddim: samplers.ddim(wideExact, linear),
  dpm: samplers.dpmSolver(wideExact, linear),
  pndm: samplers.pndm(wideExact, linear),
};
const startOfFlow = new Rng(21).normal<tf.Tensor2D>([500, 2]);
const follow = (sampler: samplers.Sampler<tf.Tensor2D>, numSteps: number): Promise<tf.Tensor2D> =>
  samplers.sampleAll(sampler, { start: startOfFlow, rng: new Rng(0), numSteps });
const endOfFlow = await follow(flow.ddim, 1000);
const stepCounts = [10, 20, 50, 100];
const errors: Record<keyof typeof flow, number[]> = { ddim: [], dpm: [], pndm: [] };
for (const name of ["ddim", "dpm", "pndm"] as const) {
  for (const count of stepCounts) {
    const x = await follow(flow[name], count);
    errors[name].push(
      tf.tidy(
        () => x.sub(endOfFlow).square().sum(1).mean().sqrt().dataSync()[0] as never,
      ) as number,
    );
    x.dispose();
  }
}
tf.dispose([startOfFlow, endOfFlow]);
const orderOf = (error: number[]): number =>
  Math.log(error[0] / error[2]) / Math.log(stepCounts[2] / stepCounts[0]);
verdict(
  errors.dpm[1] < errors.ddim[1],
  `at 20 steps the second-order solver is nearer to the flow's end (${errors.dpm[1].toFixed(3)} against DDIM's ${errors.ddim[1].toFixed(3)})`,
);
console.log(
  `Slopes from 10 to 50 steps: DDIM ${orderOf(errors.ddim).toFixed(2)}, DPM-Solver++ ${orderOf(errors.dpm).toFixed(2)}, PNDM ${orderOf(errors.pndm).toFixed(2)}.`,
);
viz.curves({
  title: "Distance from the exact flow",
  x: { label: "steps", log: true },
  y: { label: "root mean square error", log: true },
  curves: [
    ["DDIM", errors.ddim] as const,
    ["DPM-Solver++", errors.dpm] as const,
    ["PNDM", errors.pndm] as const,
  ].map(([name, y]) => ({ name, x: stepCounts, y, markers: true })),
});

// %% id="verdict-steps"
const allSteps = isQuick ? 100 : 1000;
const settings = [
  [`DDPM ${allSteps}`, "ddpm", allSteps],
  ...[100, 50, 25, 10].map((count) => [`DDIM ${count}`, "ddim", count] as const),
  ["DPM-Solver++ 20", "dpm-solver", 20],
] as const;
const setSize = isQuick ? 20 : 100;
const setFloor = judge.floor(setSize);
const strips: core.Images[] = [];
for (const [subject, sampler, numSteps] of settings) {
  const draw = { ...{ sampler, numSteps, n: setSize }, guidanceScale: 1, seed: 3 };
  const { images, labels, seconds } = await pipelines.drawDigits(course, draw);
  const common = { subject, n: setSize, seed: 3, seconds } as const;
  scores.record({
    ...common,
    ...{ metric: "Fréchet distance, small set", better: "lower" },
    ...{ value: judge.frechet(images), floor: setFloor },
  });
  scores.record({
    ...common,
    ...{ metric: "class accuracy", better: "higher" },
    ...{ value: judge.accuracy(images, labels), floor: null },
  });
  strips.push(images);
}
const smallSet = (subject: string): results.Score =>
  scores.of(subject, "Fréchet distance, small set");
const [quickest, slowest] = ["DPM-Solver++ 20", `DDPM ${allSteps}`].map(smallSet);
verdict(
  quickest.mean < 1.5 * slowest.mean,
  `20 steps of DPM-Solver++ come within one and a half times DDPM's distance after ${allSteps} (${quickest.mean.toFixed(0)} against ${slowest.mean.toFixed(0)}, floor ${setFloor.toFixed(0)}, n = ${setSize})`,
);
viz.display(
  viz.table(
    settings.map(([subject]) => ({
      sampler: subject,
      "Fréchet distance": results.formatScore(smallSet(subject)),
      ...{ floor: setFloor, n: setSize, "seconds a digit": smallSet(subject).seconds / setSize },
      "shows what was asked": scores.of(subject, "class accuracy").mean,
    })),
    { title: "Steps against quality, a small set", digits: 3 },
  ),
);
/** Many digits, measured once by `npm run score:digits`. */
const { made: scored, scores: recorded, gans } = pipelines.recordedDigitScores();
viz.display(
  viz.table(
    recorded.map(({ sampler, numSteps, guidanceScale, seconds, n, ...measured }) => ({
      ...{ sampler, steps: numSteps, s: guidanceScale, n },
      ...{ "Fréchet distance": measured.frechet, floor: measured.floor },
      ...{ "shows what was asked": measured.accuracy, precision: measured.precision },
      ...{ coverage: measured.coverage, "seconds a digit": seconds / n },
    })),
    {
      title: `Recorded: the U-Net after ${scored.steps} steps, ${scored.scoredWith}, ${scored.scoredOn}`,
      digits: 3,
    },
  ),
);
const recordedOf = (name: pipelines.SamplerName, numSteps: number): pipelines.DigitScore =>
  given(
    recorded.find(
      (one) => one.sampler === name && one.numSteps === numSteps && one.guidanceScale === 1,
    ),
  );
const { numTimesteps } = course.parts.schedule;
const unetTraining = {
  ...{ seed: Number(scored.seed), seconds: Number(scored.seconds) },
  processorSeconds: Number(scored.processorSeconds),
};
const rivals = [
  { ...recordedOf("ddpm", numTimesteps), subject: `U-Net, DDPM ${numTimesteps}`, ...unetTraining },
  { ...recordedOf("dpm-solver", 20), subject: "U-Net, DPM-Solver++ 20", ...unetTraining },
  ...gans.map(({ trainingSeconds: seconds, hasNoise, ...gan }) => ({
    ...{ ...gan, subject: hasNoise ? "DCGAN, instance noise" : "DCGAN, plain game", seconds },
  })),
];
for (const { subject, frechet: value, n, floor, seed, seconds } of rivals) {
  const metric = { metric: "Fréchet distance", better: "lower" } as const;
  scores.record({ subject, ...metric, value, n, floor, seed, seconds });
}
viz.display(
  viz.table(
    rivals.map(({ subject, seed, n, frechet, floor, precision, coverage, processorSeconds }) => ({
      ...{ subject, seed, n, "Fréchet distance": frechet, floor, precision, coverage },
      "trained, processor seconds": processorSeconds,
    })),
    { title: "Recorded: diffusion and the DCGANs of notebook 02", digits: 3 },
  ),
);
viz.display(
  viz.table(
    gans.map(({ seed, hasNoise, n, imbalance, realImbalance: { mean, deviation } }) => ({
      ...{ DCGAN: `seed ${seed}`, "instance noise": hasNoise ? "yes" : "no", n },
      ...{ "class imbalance": imbalance },
      "imbalance of real digits": `${mean.toFixed(3)} ± ${deviation.toFixed(3)}`,
    })),
    { title: "The DCGAN is not told classes: does it draw them alike?", digits: 3 },
  ),
);
const distanceOf = (subject: string): results.Score => scores.of(subject, "Fréchet distance");
const [ancestral, solved, ofPlainGan] = [
  ...[`U-Net, DDPM ${numTimesteps}`, "U-Net, DPM-Solver++ 20", "DCGAN, plain game"],
].map(distanceOf);
const ganSeconds = gans.reduce((sum, gan) => sum + gan.processorSeconds / gans.length, 0);
const diffusionSeconds = unetTraining.processorSeconds;
verdict(
  Math.max(ancestral.mean, solved.mean) < ofPlainGan.mean && diffusionSeconds < 1.05 * ganSeconds, // as good as equal
  `trained for ${diffusionSeconds} processor seconds, diffusion is nearer to real digits than the DCGAN of the plain game after ${ganSeconds.toFixed(0)}: ${ancestral.mean.toFixed(1)} by DDPM's ${numTimesteps} steps, ${solved.mean.toFixed(1)} by 20 of DPM-Solver++, against ${results.formatScore(ofPlainGan)}, n = ${ancestral.n}, floor ${rivals[0].floor.toFixed(1)}`,
);
viz.display(
  scores.recap`Noise helps the game, too. With instance noise, of strengths as various as diffusion's, and as much
training, ${scores.compare("DCGAN, instance noise", `U-Net, DDPM ${numTimesteps}`, "Fréchet distance")}.`,
);
const many = await pipelines.drawDigits(course, { ...solver, n: 40 });
const flat = (images: core.Images): tf.Tensor2D => images.reshape([images.shape[0], -1]);
const [copies, fresh] = tf.tidy(() => {
  const bank = flat(pictureOf(train, 0, Math.min(2000, train.count)));
  return [many.images, pictureOf(other, 0, 40)].map((images) =>
    metrics.nearestNeighbours(flat(images.slice([0, 0, 0, 0], [40, -1, -1, -1])), bank),
  ) as never;
}) as metrics.Neighbours[];
const middle = ({ distance }: metrics.Neighbours): number =>
  Array.from(distance).sort((a, b) => a - b)[20];
verdict(
  middle(copies) > 0.7 * middle(fresh),
  `samples are no copies: their nearest training digit is ${middle(copies).toFixed(1)} away, that of held-out digits ${middle(fresh).toFixed(1)} (medians)`,
);
const allRows = tf.tidy(() =>
  tf.concat([
    ...strips.map((images) => images.slice([0, 0, 0, 0], [10, -1, -1, -1])),
    many.images.slice([0, 0, 0, 0], [10, -1, -1, -1]),
    data.examplesAt(train, copies.index.slice(0, 10), { range: "signed" }).x,
  ]),
);
const stripGrid = grid(allRows, [...settings.map(([subject]) => subject), "sample", "nearest"]);
tf.dispose([strips, many.images, allRows]);
viz.display(stripGrid);
scores;

// %% [markdown] id="break-text"
// ## 10 · Break it on purpose
//
// Four bugs that people really write, each in a chain of 100 steps with the *exact* denoiser, so that no
// loss would show them: (a) the noise of a step is multiplied by $\tilde\beta_t$, not by its root; (b) noise is
// added at $t = 1$ too; (c) the network is told $T + 1 - t$; (d) $\hat x_0$ is found by R.8 without its root.
//
// **Predict.** Rank them: which is fatal, which is hardly seen? And why does a right denoiser forgive
// mistakes of early steps?

// %% id="verdict-break"
const short = diffusion.cosineSchedule(100);
const sharp = data.ring8(); // spots of 0.02
const exactSharp = new oracles.GaussianMixture(given(sharp.mixture)).denoiser<tf.Tensor2D>(short);
type Bug = {
  of?: (variance: number) => number;
  always?: boolean;
  told?: (t: number) => number;
  signal?: (alphaBar: number) => number;
};
/** Ancestral sampling op by op, with a bug: the share of samples that land in a spot. */
function shareInSpots({
  of = Math.sqrt,
  always = false,
  told = (t) => t,
  signal = Math.sqrt,
}: Bug): number {
  const rng = new Rng(40);
  return tf.tidy(() => {
    let x = rng.normal<tf.Tensor2D>([n2d, 2]);
    for (let t = 100; t >= 1; t--) {
      const noise = exactSharp(x, timesteps(told(t), n2d));
      const [now, before] = [short.alphaBar[t], short.alphaBar[t - 1]];
      const x0 = x.sub(noise.mul(Math.sqrt(1 - now))).div<tf.Tensor2D>(signal(now));
      const { mean } = diffusion.posterior(short, timesteps(t, n2d), { x0, xt: x });
      const variance = always && t === 1 ? short.beta[1] : short.posteriorVariance(t);
      x = mean.add(rng.normal<tf.Tensor2D>([n2d, 2]).mul(of(variance)));
    }
    return metrics.modeCoverage(x, given(sharp.modes), { std: 0.02 }).highQualityShare as never;
  }) as number;
}
const bugs = {
  "no bug": shareInSpots({}),
  "(a) β̃ in place of its root": shareInSpots({ of: (variance) => variance }),
  "(b) noise at t = 1 too": shareInSpots({ always: true }),
  "(c) told T + 1 − t": shareInSpots({ told: (t) => 101 - t }),
  "(d) x₀ by ᾱ without its root": shareInSpots({ signal: (alphaBar) => alphaBar }),
};
const [flawless, ...flawed] = Object.entries(bugs);
const fatal = flawed.reduce((a, b) => (b[1] < a[1] ? b : a));
const mildest = flawed.reduce((a, b) => (b[1] > a[1] ? b : a));
verdict(flawless[1] > 0.9, `without a bug ${(100 * flawless[1]).toFixed(0)} % land in a spot`);
verdict(
  fatal[1] < flawless[1] / 2,
  `the worst bug, ${fatal[0]}, costs more than half of them (${(100 * fatal[1]).toFixed(0)} % are left)`,
);
console.log(
  `Least seen: ${mildest[0]}, ${(100 * mildest[1]).toFixed(1)} %. Each step asks the denoiser anew, so a right one repairs what went wrong before.`,
);
viz.bars({
  title: "Samples within three standard deviations of a spot",
  x: "bug",
  y: { label: "share", range: [0, 1] },
  categories: Object.keys(bugs),
  series: [{ name: "exact denoiser, 100 steps", values: Object.values(bugs) }],
});

// %% [markdown] id="errata-text"
// ## 11 · What the review prints, and what is right; recap
//
// As printed in our copy, section 3.3 and equations 6–13; R.6, R.7, R.9, R.10, R.11 and R.13 are right as
// formulas. The cell gives each entry with a number from above, and then a recap, written from the measured
// numbers: run the notebook with other settings, and it says something else.

// %% id="verdict-recap"
viz.display(
  viz.table(
    [
      {
        where: "above (8)",
        printed: "ᾱ = ∏ from s = 0",
        correct: "from s = 1; β₀ does not exist, ᾱ₀ = 1",
        measured: `ᾱ₁ = ${linear.alphaBar[1]} = 1 − β₁`,
      },
      {
        where: "(8)",
        printed: "mean ᾱ_t x₀",
        correct: "√ᾱ_t x₀",
        measured: `simulation ${withRoot.toFixed(1)} errors from the root, ${asPrinted.toFixed(0)} from the print`,
      },
      {
        where: "(7)",
        printed: "the posterior probability",
        correct: "the forward process; the posterior is q(x_{t−1}|x_t, x₀)",
        measured: `at t = 2 the step has variance ${linear.beta[2].toExponential(2)}, the posterior ${linear.posteriorVariance(2).toExponential(2)}`,
      },
      {
        where: "(12)",
        printed: "L₀ − L_T − Σ L_{t−1}",
        correct: "all are costs: −(L₀ + L_T + Σ L_{t−1})",
        measured: `as costs ${bitsOf(longest.beta.nats.mean).toFixed(2)} bits/dim, true ${bitsOf(trueNats.mean).toFixed(2)}; as printed ${signsAsPrinted.toFixed(2)}`,
      },
      {
        where: "below (12)",
        printed: "q_θ(x_{t−1}|x_t, x₀), approximated",
        correct: "exact, and without parameters",
        measured: `agrees with Bayes on a grid to ${offBy.toExponential(0)}`,
      },
      {
        where: "(13)",
        printed: "the denoising term of the ELBO",
        correct: "that term without its weight",
        measured: `the weight of t = 2 is ${(vlb[2] / vlb[900]).toFixed(0)} times that of t = 900`,
      },
    ],
    { title: "Errata" },
  ),
);
course.dispose();
judge.dispose();
console.log(scores.save());
viz.display(scores);
scores.recap`The energy distance of the trained chain is ${scores.of("DDPM, ring of 8", "energy distance")} on the
ring and ${scores.of("DDPM, chessboard", "energy distance")} on the chessboard. On digits
${scores.compare("live U-Net, averaged weights", "live U-Net, last weights", "Fréchet distance, small set")};
of the samplers, ${scores.compare("DPM-Solver++ 20", "DDIM 10", "Fréchet distance, small set")}, and on many
digits, ${scores.compare(`U-Net, DDPM ${numTimesteps}`, "DCGAN, plain game", "Fréchet distance")};
${scores.compare(`U-Net, DDPM ${numTimesteps}`, "DCGAN, instance noise", "Fréchet distance")}.`;

// %% [markdown] id="quiz"
// ## 12 · Quiz
//
// <details><summary>1. Your loss is 0.02 and does not fall any more. Is the model good?</summary>
// The loss says little: most of it is noise that no network can guess, and it averages over timesteps
// that matter very differently to the eye. Look at samples, the loss per t, or a distance with its floor.</details>
//
// <details><summary>2. Why may a chain of few steps fail even with a perfect denoiser?</summary>
// The true backward step is Gaussian only if the step is small; a large one has several humps, and R.9 puts
// one Gaussian in their place.</details>
//
// <details><summary>3. DDIM with the same start gives the same picture at 50 and at 100 steps, nearly. DDPM
// does not. Why?</summary>
// DDIM follows an ordinary differential equation: the start settles everything. DDPM draws new noise at
// every step.</details>
//
// <details><summary>4. Is L_simple a bound on −log p?</summary>
// No: it is the bound with the weights of its terms left out. A model may gain in one and lose in the other.</details>
//
// <details><summary>5. A colleague compares a Fréchet distance of 500 samples with yours of 5,000. Fair?</summary>
// No: the distance of few samples is larger even for real data. Give n and the floor for that n.</details>
//
// **Further.** `check("DDPM.15", …)` wants $\hat x_0$ from the noise, `check("R.10b", …)` wants the coefficients of a jump between any two timesteps,
// `check("DDIM.16", …)` those of DDIM, `check("DPMPP.A2", …)` those of DPM-Solver++. What to read: Ho, Jain &
// Abbeel 2020 (arXiv:2006.11239), Nichol & Dhariwal 2021 (arXiv:2102.09672), Song, Meng & Ermon 2021
// (arXiv:2010.02502), Lu et al. 2022 (arXiv:2211.01095). Next: notebook 05 tells the chain *what* to draw.
