// Source of notebook 01. Edit here, then run `npm run notebooks`.

// %% [markdown] id="title" equations="R.1 R.2 R.3" difficulty="2" minutes="90"
// # 01 · The VAE and the ELBO
//
// **Goals.** Derive the evidence lower bound and see it hold to the last digit; train by gradients
// through a sample, and know why not by another way; train a variational autoencoder on handwritten
// digits, live, and read its bound in nats; see what it costs to press a picture through few
// numbers, why the model may stop using its latents, and why its samples blur.
//
// You need Gaussians, expectations and the chain rule. The cells alone run in a few minutes on two CPU
// cores.
//
// **How to work.** Under each **Predict** write down your guess before you run the next cell. In an
// exercise replace the `throw` line; the cell below checks your function and names the probable
// mistake. Later cells use the library's version, so you can go on and come back. Answers are in
// `solutions/`. The stop button ends a training within a step: the model stays usable.
//
// The review that this course follows prints some of these equations loosely. The correct forms are
// taught here; section 9 puts print and correct form side by side, each with a number.

// %% id="imports"
import {
  Rng,
  check,
  core,
  data,
  engine,
  models,
  objectives,
  oracles,
  results,
  tf,
  training,
  viz,
} from "latentlab";

const isQuick = process.env["LATENTLAB_PROFILE"] === "quick"; // shorter trainings, for CI
const steps = (full: number): number => (isQuick ? Math.ceil(full / 15) : full);
const { device, reason, tensorflow } = engine.deviceReport();
console.log(`Training on the ${device} (${reason}), TensorFlow ${tensorflow}.`);
const { verdict } = results; // prints a claim, and whether the numbers bear it out

// %% [markdown] id="oracle-text"
// ## 1 · A model in which everything is known
//
// A latent-variable model explains a picture $x$ by a code $z$ that nobody saw:
// $p_\theta(x) = \int p_\theta(x \mid z)\, p(z)\, dz$. For a neural network this integral cannot be
// done. So we begin with a model for which it can: $z \sim \mathcal N(0, 1)$ and
// $x \mid z \sim \mathcal N(w z + \mu, \sigma^2 I)$, a "picture" of two pixels. Evidence
// $\log p(x)$ and posterior $p(z \mid x)$ are then closed forms, and anything else can be measured
// against them.
//
// Put any density $q(z)$ in place of the posterior, and by Jensen's inequality
//
// $$ \log p(x) \;\ge\; \underbrace{\mathbb E_{q}[\log p(x \mid z)]}_{\text{reconstruction}} -
// \underbrace{D_\mathrm{KL}(q(z) \,\|\, p(z))}_{\text{cost of the code}} \;=\; \mathrm{ELBO}(q). $$
//
// **Predict.** The next cell starts with a bad $q$, at the wrong place and too wide, and walks uphill
// on the ELBO. Where does $q$ stop? Does the ELBO reach $\log p(x)$, stay below, or pass it?

// %% id="oracle"
const parameters = { weight: [[1.2], [-0.7]], mean: [0.3, -0.1], noiseVariance: 0.25 };
const oracle = new oracles.LinearGaussian(parameters);
const x = [0.9, -1.1];
const logEvidence = oracle.logEvidence(x);
const posterior = oracle.posterior(x);
const gaussian1d = (mean: number, variance: number): oracles.Gaussian => ({
  mean: [mean],
  covariance: [[variance]],
});
viz.table(
  [
    { quantity: "log p(x), nats", value: logEvidence },
    { quantity: "posterior mean", value: posterior.mean[0] },
    { quantity: "posterior variance", value: posterior.covariance[0][0] },
  ],
  { title: "The exact answers" },
);

// %% id="ascent"
const zs = core.linspace(-3.5, 3, 260);
const curveOf = (q: oracles.Gaussian): number[] =>
  Array.from(zs, (z) => Math.exp(oracles.gaussianLogPdf([z], q)));
const exactElbo = (mean: number, logVar: number): number =>
  oracle.elbo(x, gaussian1d(mean, Math.exp(logVar))).elbo;
function drawAscent(mean: number, logVar: number): viz.Figure {
  const gap = logEvidence - exactElbo(mean, logVar);
  return viz.curves({
    title: `ELBO = log p(x) − ${gap.toFixed(4)} nats`,
    x: { label: "z", range: [-3.5, 3] },
    y: { label: "density", range: [0, 1.3] },
    curves: [
      { name: "q(z)", x: zs, y: curveOf(gaussian1d(mean, Math.exp(logVar))) },
      { name: "posterior p(z|x)", x: zs, y: curveOf(posterior), dashed: true },
      { name: "prior p(z)", x: zs, y: curveOf(oracle.prior()), dashed: true },
    ],
  });
}
let [qMean, qLogVar] = [-2, 1];
const ascent = viz.liveFigure(drawAscent(qMean, qLogVar));
try {
  for (let step = 0; step < (isQuick ? 20 : 80); step++) {
    const h = 1e-4; // the slope by central differences
    const slope = (dm: number, dv: number): number =>
      (exactElbo(qMean + dm, qLogVar + dv) - exactElbo(qMean - dm, qLogVar - dv)) / (2 * h);
    const [byMean, byLogVar] = [slope(h, 0), slope(0, h)];
    [qMean, qLogVar] = [qMean + 0.04 * byMean, qLogVar + 0.2 * byLogVar];
    ascent.update(() => drawAscent(qMean, qLogVar));
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
} finally {
  ascent.end();
}

// %% [markdown] id="gap-text"
// It climbs to $\log p(x)$ and stops when $q$ is the posterior. What is missing before that is no
// accident: write $\log p(x) = \log p(x,z) - \log p(z \mid x)$, average over $q$, and
//
// $$ \log p_\theta(x) - \mathrm{ELBO}(q) = D_\mathrm{KL}\!\left(q(z) \,\|\, p_\theta(z \mid x)\right)
// \;\ge\; 0. $$
//
// **Predict.** Two latents now, and a $q$ without correlations, which is what the encoder of a VAE
// gives. Can the best such $q$ still reach $\log p(x)$?

// %% id="verdict-gap"
const two = new oracles.LinearGaussian({
  weight: [[0.9, -0.4], [0.2, 1.1], [-0.6, 0.5]], // prettier-ignore
  mean: [0.1, -0.2, 0.3],
  noiseVariance: 0.4,
});
const picture = [0.8, -0.3, 1.4];
const gapRng = new Rng(1);
const trials = Array.from({ length: 1000 }, () => {
  const [m1, m2, l1, l2] = gapRng.normalArray(4);
  const q = oracles.diagonalCovariance([m1, m2], [Math.exp(l1), Math.exp(l2)]);
  const gap = two.logEvidence(picture) - two.elbo(picture, q).elbo;
  return { gap, kl: oracles.klGaussian(q, two.posterior(picture)) };
});
const worst = Math.max(...trials.map(({ gap, kl }) => Math.abs(gap - kl)));
const best = two.logEvidence(picture) - two.elbo(picture, two.bestDiagonal(picture)).elbo;
verdict(
  worst < 1e-4,
  `gap = KL(q ‖ posterior) for 1000 random q, to within ${worst.toExponential(1)}`,
);
verdict(
  best < 1e-4,
  `the best uncorrelated q reaches log p(x); it ends ${best.toFixed(4)} nats below`,
);
viz.scatter2d({
  title: "What the bound misses is a divergence",
  x: { label: "KL(q ‖ p(z|x))", unit: "nats", log: true },
  y: { label: "log p(x) − ELBO(q)", unit: "nats", log: true },
  groups: [
    { name: "random q", x: trials.map(({ kl }) => kl), y: trials.map(({ gap }) => gap) },
    { name: "best uncorrelated q", x: [best], y: [best] },
  ],
});

// %% [markdown] id="fisher-text"
// ## 2 · The gradient of the evidence (R.1)
//
// To learn $\theta$ we want the slope of $\log p_\theta(x)$. Fisher's identity turns it into an average
// of slopes that are easy, those of the joint:
//
// $$ \nabla_\theta \log p_\theta(x) = \mathbb E_{p_\theta(z \mid x)}\!\left[\nabla_\theta \log
// p_\theta(x, z)\right] \tag{R.1} $$
//
// The average is over the *posterior*: over codes that could have made this picture. The review
// says, just above it, to sample $x \sim p(x)$ and then "$x \sim p(z \mid x)$"; what is sampled is $z$.
//
// **Predict.** What if one samples $z$ from the prior instead: a noisier answer, or a wrong one?

// %% exercise="lib/objectives/gradient-estimators.ts#fisherGradient" hint="tf.grad of a function of θ that returns one number: the mean over the samples."
const { fisherGradient } = objectives;

// %% id="check-fisher"
check("R.1", fisherGradient);

// %% id="verdict-fisher"
const weight = tf.tensor2d([[1.2, -0.7]]);
function logJoint(theta: tf.Tensor, z: core.Latents): tf.Tensor {
  const mean = z.matMul(theta as tf.Tensor2D).add(parameters.mean);
  const pictures = tf.tensor2d([x]).tile([z.shape[0], 1]);
  const logVar = Math.log(parameters.noiseVariance);
  return objectives
    .gaussianLogLikelihood(mean, pictures, logVar)
    .add(objectives.standardNormalLogDensity(z));
}
/** Fisher's average over samples of `source`: 20 estimates of 2000 samples each. */
function fisherOver(source: oracles.Gaussian, rng: Rng): core.Estimate[] {
  const estimates = Array.from({ length: 20 }, () => {
    const z = oracles.sampleGaussian(source, 2000, rng);
    return tf.tidy(() =>
      Array.from(objectives.fisherGradient(logJoint, weight, tf.tensor2d(z)).dataSync()),
    );
  });
  return [0, 1].map((w) => core.estimate(estimates.map((estimate) => estimate[w])));
}
const exactSlope = oracle.evidenceGradient(x).flat();
const [overPosterior, overPrior] = [posterior, oracle.prior()].map((q) =>
  fisherOver(q, new Rng(2)),
);
const off = (got: core.Estimate[]): number =>
  Math.max(...got.map((e, w) => Math.abs(e.mean - exactSlope[w]) / e.standardError));
verdict(
  off(overPosterior) < 4,
  `posterior samples give the slope, ${off(overPosterior).toFixed(1)} errors off`,
);
verdict(
  off(overPrior) < 4,
  `prior samples give the slope, ${off(overPrior).toFixed(1)} errors off`,
);
viz.table(
  ["∂ log p(x) / ∂w₁", "∂ log p(x) / ∂w₂"].map((slope, w) => ({
    slope,
    exact: exactSlope[w],
    "R.1, z ~ posterior": core.formatEstimate(overPosterior[w], 3),
    "z ~ prior": core.formatEstimate(overPrior[w], 3),
  })),
  { title: "Fisher's identity by 40,000 samples (± 1 standard error)" },
);

// %% [markdown] id="kl-text"
// ## 3 · How far from the prior: the KL divergence (R.2)
//
// $$ D_\mathrm{KL}(q \,\|\, p) = \int q(z) \log \frac{q(z)}{p(z)}\, dz =
// \mathbb E_{q}\!\left[\log q(z) - \log p(z)\right] \tag{R.2} $$
//
// in nats, since the logarithm is natural. It is not symmetric: the average is over the *first*
// argument. A VAE minimises $D_\mathrm{KL}(q(z \mid x) \,\|\, p(z \mid x))$, with the approximation
// first. For $q = \mathcal N(\mu, \mathrm{diag}\,\sigma^2)$ and $p = \mathcal N(0, I)$ it is a sum over
// dimensions, $\tfrac12 \sum_d (\mu_d^2 + \sigma_d^2 - 1 - \log \sigma_d^2)$.
//
// **Predict.** By how much does a Monte Carlo estimate with 100 samples miss: 10 %, 1 %, 0.1 %? And
// with one Gaussian to fit a density of two humps: which direction of the divergence picks one hump,
// and which lies across both?

// %% exercise="lib/objectives/gaussian.ts#klToStandardNormal" hint="½ (μ² + σ² − 1 − log σ²) per dimension; nats of independent dimensions add up."
const { klToStandardNormal } = objectives;

// %% id="check-kl"
check("R.2", klToStandardNormal);

// %% id="kl-monte-carlo"
const codes = { mean: tf.tensor2d([[0.5, -1.2, 0, 2]]), logVar: tf.tensor2d([[-0.5, 0.7, 0, -2]]) };
const closedForm = tf.tidy(() => objectives.klToStandardNormal(codes).dataSync()[0]);
const sampleSizes = [10, 100, 1000, 10_000, 100_000];
const monteCarlo = sampleSizes.map((n) =>
  tf.tidy(() => {
    const z = objectives.reparametrise(codes, new Rng(n).normal<tf.Tensor3D>([n, 1, 4]));
    const logRatio = objectives
      .gaussianLogDensity(z, codes)
      .sub(objectives.standardNormalLogDensity(z));
    return core.estimate(logRatio.dataSync()) as never;
  }),
) as core.Estimate[];
const hundred = monteCarlo[1];
verdict(
  monteCarlo.every((e) => Math.abs(e.mean - closedForm) < 4 * e.standardError),
  `Monte Carlo agrees with ${closedForm.toFixed(4)} nats within 4 errors at every n`,
);
console.log(
  `100 samples: ± ${((100 * hundred.standardError) / closedForm).toFixed(0)} % of the value.`,
);
viz.curves({
  title: "KL of one code: closed form and Monte Carlo",
  x: { label: "samples", log: true },
  y: { label: "KL(q ‖ N(0, I))", unit: "nats" },
  note: "band: ± 1 standard error",
  curves: [
    {
      name: "Monte Carlo",
      x: sampleSizes,
      y: monteCarlo.map(({ mean }) => mean),
      plusMinus: monteCarlo.map(({ standardError }) => standardError),
      markers: true,
    },
  ],
  horizontals: [{ y: closedForm, name: "closed form" }],
});

// %% id="direction"
const humps = Array.from(zs, (z) => 0.65 * curveAt(z, -1.6, 0.4) + 0.35 * curveAt(z, 1.4, 0.4));
function curveAt(z: number, mean: number, std: number): number {
  return Math.exp(oracles.gaussianLogPdf([z], gaussian1d(mean, std * std)));
}
/** The integral of a log(a/b) on the grid. */
const klOnGrid = (a: number[], b: number[]): number =>
  a.reduce((sum, p, i) => sum + (p > 1e-300 ? p * Math.log(p / Math.max(b[i], 1e-300)) : 0), 0) *
  (zs[1] - zs[0]);
const candidates = Array.from(core.linspace(-2.4, 2, 45)).flatMap((mean) =>
  Array.from(core.linspace(0.2, 2.2, 41), (std) => ({
    mean,
    std,
    q: Array.from(zs, (z) => curveAt(z, mean, std)),
  })),
);
const smallest = (of: (q: number[]) => number): (typeof candidates)[number] =>
  candidates.reduce((a, b) => (of(b.q) < of(a.q) ? b : a));
const seeking = smallest((q) => klOnGrid(q, humps));
const covering = smallest((q) => klOnGrid(humps, q));
verdict(
  seeking.std < covering.std,
  `KL(q ‖ p) fits narrower (σ ${seeking.std.toFixed(2)}) than KL(p ‖ q) (σ ${covering.std.toFixed(2)})`,
);
viz.curves({
  title: "One Gaussian for two humps",
  x: "z",
  y: "density",
  curves: [
    { name: "p", x: zs, y: humps, dashed: true },
    { name: "least KL(q ‖ p), the VAE's", x: zs, y: seeking.q },
    { name: "least KL(p ‖ q)", x: zs, y: covering.q },
  ],
});

// %% [markdown] id="reparametrise-text"
// ## 4 · A gradient through a sample
//
// The reconstruction term is an expectation over $q_\phi(z \mid x)$, and $\phi$, the encoder, is what
// we differentiate by. Two ways:
//
// - **reparametrise**: $z = \mu + \sigma \odot \varepsilon$ with $\varepsilon \sim \mathcal N(0, I)$.
//   The sample is now a function of $\mu$ and $\sigma$, and the chain rule goes through it;
// - **score function** (REINFORCE): $\nabla_\phi \mathbb E_q[f(z)] = \mathbb E_q[f(z)\, \nabla_\phi \log
//   q_\phi(z)]$. It needs no slope of $f$.
//
// Both are right on average. **Predict.** Which one is noisier, and how does that change as $z$ gets
// more dimensions?

// %% exercise="lib/objectives/gaussian.ts#reparametrise" hint="σ is exp(logVar / 2)."
const { reparametrise } = objectives;

// %% id="check-reparametrise"
check("R.3a", reparametrise);

// %% id="gradient-spread"
const rows = 4000;
const dims = [1, 2, 5, 10, 20, 50];
const f: objectives.PerSample = (z) => z.sub(1).square().sum(1).mul<tf.Tensor1D>(-0.5);
/** Standard deviation of the estimates of ∂/∂μ₁ of E f; the exact slope is 1 for every D. */
const spreads = dims.map((d) =>
  tf.tidy(() => {
    const q = { mean: tf.zeros<tf.Rank.R2>([rows, d]), logVar: tf.zeros<tf.Rank.R2>([rows, d]) };
    const noise = new Rng(d).normal<tf.Tensor2D>([rows, d]);
    const stdOf = ({ mean }: core.DiagonalGaussian): number =>
      core.estimate(mean.slice([0, 0], [rows, 1]).dataSync()).standardError * Math.sqrt(rows);
    const path = stdOf(objectives.reparametrisedGradient(f, q, noise));
    const score = stdOf(objectives.scoreFunctionGradient(f, q, noise));
    const baselined = stdOf(objectives.scoreFunctionGradient(f, q, noise, { baseline: -d }));
    return { path, score, baselined } as never;
  }),
) as { path: number; score: number; baselined: number }[];
const at20 = spreads[4];
console.log(
  `In 20 dimensions the score function needs ${((at20.score / at20.path) ** 2).toFixed(0)} times the samples for the same precision.`,
);
viz.curves({
  title: "Noise of one gradient estimate",
  x: { label: "dimensions of z", log: true },
  y: { label: "standard deviation of ∂/∂μ₁ E f", log: true },
  note: `f(z) = −½ ‖z − 1‖²; the exact slope is 1; ${rows} estimates each`,
  curves: [
    { name: "reparametrised", x: dims, y: spreads.map(({ path }) => path), markers: true },
    { name: "score function", x: dims, y: spreads.map(({ score }) => score), markers: true },
    {
      name: "with a baseline",
      x: dims,
      y: spreads.map(({ baselined }) => baselined),
      markers: true,
    },
  ],
});

// %% [markdown] id="elbo-text"
// ## 5 · The ELBO (R.3)
//
// An encoder network gives $\mu_\phi(x)$ and $\log \sigma^2_\phi(x)$ for each picture, a decoder network
// the parameters of $p_\theta(x \mid z)$, and
//
// $$ \log p_\theta(x) \;\ge\; \mathbb E_{q_\phi(z \mid x)}\!\left[\log p_\theta(x \mid z)\right] -
// D_\mathrm{KL}\!\left(q_\phi(z \mid x) \,\|\, p(z)\right) \tag{R.3} $$
//
// is *maximised* over both. Units: nats per picture, summed over pixels. A mean over pixels is
// another model: it makes the KL term weigh as many times more as there are pixels (section 10).
//
// With $K$ samples there is a tighter bound, the importance-weighted one:
// $\mathbb E \log \frac1K \sum_k p(x \mid z_k)\, p(z_k) / q(z_k \mid x) \le \log p(x)$.
//
// **Predict.** With the prior itself as $q$, how close does $K = 50$ come to $\log p(x)$?

// %% exercise="lib/objectives/elbo.ts#elbo" hint="Encode, sample with the noise, decode; then reconstruction and KL, one number per example."
const { elbo } = objectives;

// %% id="check-elbo"
check("R.3", elbo);

// %% exercise="lib/objectives/elbo.ts#iwaeBound" hint="Logarithms throughout: tf.logSumExp over the samples, minus log K."
const { iwaeBound } = objectives;

// %% id="check-iwae"
check("R.3c", iwaeBound);

// %% id="iwae"
const copies = 2000;
const gaussianPixels: objectives.LogLikelihood = (mean, pictures) =>
  objectives.gaussianLogLikelihood(mean, pictures, Math.log(parameters.noiseVariance));
/** The model of section 1 in tensors; its q is the prior, a bad guess on purpose. */
const linear: objectives.Autoencoder = {
  encode: ({ shape }) => ({ mean: tf.zeros([shape[0], 1]), logVar: tf.zeros([shape[0], 1]) }),
  decode: (z) => z.matMul(weight).add(parameters.mean),
};
const ks = [1, 5, 50, 500];
const bounds = ks.map((k) =>
  tf.tidy(() => {
    const noise = new Rng(k).normal<tf.Tensor3D>([k, copies, 1]);
    const pictures = tf.tensor2d([x]).tile([copies, 1]);
    const bound = objectives.iwaeBound(linear, pictures, noise, { likelihood: gaussianPixels });
    return core.estimate(bound.dataSync()) as never;
  }),
) as core.Estimate[];
const exactElboOfPrior = oracle.elbo(x, oracle.prior()).elbo;
verdict(
  bounds.every((e) => e.mean < logEvidence + 4 * e.standardError),
  "no bound is above log p(x)",
);
verdict(
  bounds.slice(1).every((e, i) => e.mean > bounds[i].mean),
  "each larger K is tighter",
);
console.log(
  `K = 50 is ${(logEvidence - bounds[2].mean).toFixed(3)} nats below log p(x), K = 1 is ${(logEvidence - bounds[0].mean).toFixed(2)} below.`,
);
viz.curves({
  title: "Importance-weighted bounds and the exact log p(x)",
  x: { label: "K", log: true },
  y: { label: "bound", unit: "nats" },
  note: `band: ± 1 standard error over ${copies} repetitions`,
  curves: [
    {
      name: "bound with K samples",
      x: ks,
      y: bounds.map(({ mean }) => mean),
      plusMinus: bounds.map(({ standardError }) => standardError),
      markers: true,
    },
    { name: "exact ELBO", x: ks, y: ks.map(() => exactElboOfPrior), dashed: true },
  ],
  horizontals: [{ y: logEvidence, name: "exact log p(x)" }],
});

// %% [markdown] id="digits-text"
// ## 6 · Handwritten digits
//
// Now the integral cannot be done any more, and the bound is all there is. Encoder 784 → 400 → 20,
// decoder back, ReLU between; a Bernoulli likelihood on grey levels, which is the field's usual
// yardstick (on grey pictures a surrogate, not a normalised density, so compare it only with
// itself). A tenth of the pictures, 1000 at most, is held out, chosen by chance under a seed.
//
// **Predict.** Where will the ELBO be after training: near −500, −200, −100, −20 nats per picture?
// And which of the two terms is larger?

// %% id="digits"
const digits = data.openDigits();
const isMnist = digits.imageShape[0] === 28;
const count = Math.min(1000, Math.floor(digits.count / 10));
const { train, heldOut } = digits.split({ heldOut: count, seed: 1 });
const imagesOf = (set: data.ImageDataset, n = set.count): core.Images =>
  data.examplesAt(
    set,
    Int32Array.from({ length: n }, (_, i) => i),
  ).x;
const heldOutImages = imagesOf(heldOut);
/** Pictures that `make` makes, as a grid; the tensors are freed. */
function grid(make: () => core.Images, options: Partial<viz.ImageGridOptions> = {}): viz.ImageGrid {
  const images = tf.tidy(make);
  const shown = viz.imageGrid(images, { range: [0, 1], columns: 12, ...options });
  images.dispose();
  return shown;
}
console.log(digits.describe());
console.log(`${train.count} to train on, ${heldOut.count} held out.`);
if (!isMnist)
  console.log(
    "No MNIST here: these are scikit-learn's 8×8 digits. `npm run data -- mnist` fetches it.",
  );
grid(() => imagesOf(heldOut, 24), { title: "Held-out digits" });

// %% id="recipe"
/** Untrained: with as many latents as the digits deserve, or with two, to look at. */
function newVae(latents: "wide" | "two", seed: number): models.Vae {
  const wide = isMnist ? ("784-400-20" as const) : ("64-128-8" as const);
  const flat = isMnist ? ("784-400-2" as const) : ("64-128-2" as const);
  return new models.Vae(models.VAE_PRESETS[latents === "wide" ? wide : flat], new Rng(seed));
}
/** One recipe for every VAE below: Adam, batches of 128, a learning rate that falls to 0. */
async function* trainVae(
  model: models.Vae,
  total: number,
  options: objectives.ElboOptions = {},
): AsyncGenerator<training.TrainProgress> {
  const optimizer = training.adam(model.namedParameters());
  const batches = data.shuffledBatches(train, { batchSize: 128, seed: 3 });
  const learningRate = training.cosineDecay(2e-3, total);
  const loss: training.LossFunction = (batch, rng) => {
    const noise = rng.normal<core.Latents>([batch.x.shape[0], model.config.latentDim]);
    return objectives.elboLoss(model, batch.x, noise, options);
  };
  try {
    const common = { batches, optimizer, learningRate, rng: new Rng(4), reportEvery: 5 };
    for await (const progress of training.train(model, loss, { ...common, steps: total })) {
      yield progress;
    }
  } finally {
    optimizer.dispose();
  }
}

// %% id="train"
const vae = newVae("wide", 1);
const total = steps(4200);
const began = performance.now();
const fixedCodes = new Rng(6).normal<core.Latents>([36, vae.config.latentDim]);
const dashboard = viz.liveTraining({
  title: `A VAE with ${vae.config.latentDim} latents`,
  y: { label: "cost", unit: "nats per picture" },
  steps: total,
  picturesTitle: "samples: E[x|z] of 36 fixed codes",
});
for await (const { step } of dashboard.watch(trainVae(vae, total))) {
  if (step % 20 === 0) dashboard.pictures(grid(() => vae.meanImage(fixedCodes), { columns: 6 }));
  if (step % 300 === 0) {
    const measured = objectives.measureElbo(vae, heldOutImages, new Rng(5));
    dashboard.measure("held out", step, -measured.elbo.mean);
  }
}
const trainingSeconds = (performance.now() - began) / 1000;

// %% id="verdict-held-out"
const held = objectives.measureElbo(vae, heldOutImages, new Rng(7));
const some = heldOutImages.slice([0, 0, 0, 0], [Math.min(200, count), -1, -1, -1]);
const bound50 = core.estimate(
  tf.tidy(() => {
    const noise = new Rng(8).normal<tf.Tensor3D>([50, some.shape[0], vae.config.latentDim]);
    return objectives.iwaeBound(vae, some, noise).dataSync();
  }),
);
const onSome = objectives.measureElbo(vae, some, new Rng(7)).elbo;
if (isMnist && !isQuick)
  verdict(held.elbo.mean >= -108, "the held-out ELBO is −108 nats or better");
console.log(
  `On the first ${onSome.n}: ELBO ${core.formatEstimate(onSome)}, bound with K = 50 ${core.formatEstimate(bound50)}.`,
);
const scores = new results.Scores("01-vae-elbo");
const common = { unit: "nats", floor: null, seconds: trainingSeconds } as const;
const ofVae = { ...common, subject: "VAE", better: "higher", seed: 1 } as const;
scores.record({ ...ofVae, metric: "ELBO", value: held.elbo, n: held.elbo.n });
scores.record({ ...ofVae, metric: "E log p(x|z)", value: held.reconstruction, n: held.elbo.n });
scores.record({ ...ofVae, metric: "KL", better: "lower", value: held.kl, n: held.elbo.n });
scores.record({ ...ofVae, metric: "bound with K = 50", value: bound50, n: bound50.n });
viz.display(scores);
grid(
  () => {
    const originals = heldOutImages.slice([0, 0, 0, 0], [12, -1, -1, -1]);
    return tf.concat([originals, vae.reconstruct(originals)]);
  },
  { rowLabels: ["held out", "rebuilt"] },
);

// %% [markdown] id="latent-text"
// ## 7 · The latent space
//
// With two latents one can look at the whole code. **Predict.** No label is used in training. Will
// the ten digits form ten islands? Which pairs will overlap?

// %% id="latent-map"
const flatVae = newVae("two", 2);
const heldOutLabels = heldOut.labels ?? new Int32Array(heldOut.count);
function drawMap(step: number): viz.Figure {
  const { mean, logVar } = flatVae.encode(heldOutImages);
  const groups = viz.groupsByLabel(mean, heldOutLabels);
  tf.dispose([mean, logVar]);
  const axis = (label: string): viz.Axis => ({ label, range: [-4, 4] });
  return viz.scatter2d({
    title: `Means of q(z|x) after ${step} steps`,
    x: axis("z₁"),
    y: axis("z₂"),
    note: `${heldOut.count} held-out digits; colours are labels that training never saw`,
    groups,
    equalScales: true,
    height: 520,
  });
}
const map = viz.liveFigure(drawMap(0));
try {
  for await (const { step } of trainVae(flatVae, steps(1800))) {
    if (step % 15 === 0) map.update(() => drawMap(step));
  }
} finally {
  map.end();
}

// %% id="latent-walk"
const line = core.linspace(-2.2, 2.2, 10);
const lattice = Array.from(line).flatMap((z2) => Array.from(line, (z1) => [z1, -z2]));
viz.display(
  grid(() => flatVae.meanImage(tf.tensor2d(lattice)), {
    columns: 10,
    scale: 1,
    title: "E[x|z] over the plane of two latents",
  }),
);
const { mean: ends } = vae.encode(heldOutImages.slice([0, 0, 0, 0], [6, -1, -1, -1]));
/** Row r walks from digit 2r to digit 2r + 1 in the wide model. */
const walk = grid(
  () => {
    const [from, to] = [ends.gather([0, 2, 4]), ends.gather([1, 3, 5])];
    const path = Array.from(core.linspace(0, 1, 12), (t) => from.mul(1 - t).add(to.mul(t)));
    return vae.meanImage(tf.stack(path, 1).reshape([36, -1]));
  },
  { columns: 12, title: "A straight walk between two codes" },
);
walk;

// %% [markdown] id="collapse-text"
// ## 8 · What a code costs: rate, distortion, collapse
//
// The KL term is a *rate*, nats sent about the picture; $-\mathbb E \log p(x \mid z)$ is a *distortion*.
// Weighing the rate by $\beta$ moves along a curve: large $\beta$ buys a cheap code with a bad picture.
// Where a dimension costs more than it saves, its $q$ becomes the prior and the decoder ignores it:
// **posterior collapse**.
//
// **Predict.** Which $\beta$ has the best ELBO? How many of the latents stay in use at $\beta = 10$?

// %% id="rate-distortion"
/** Mean KL of each latent over the held-out pictures, largest first, nats. */
const klByLatent = (of: models.Vae): number[] =>
  tf.tidy(() => {
    const { mean, logVar } = of.encode(heldOutImages);
    const kl = mean.square().add(logVar.exp()).sub(1).sub(logVar).mul(0.5).mean(0);
    return Array.from(kl.dataSync()).sort((a, b) => b - a) as never;
  }) as number[];
const inUse = (kl: number[]): number => kl.filter((nats) => nats > 0.05).length;
const sweep: {
  beta: number;
  rate: number;
  distortion: number;
  bound: core.Estimate;
  kl: number[];
}[] = [];
const drawSweep = (): viz.Figure =>
  viz.curves({
    title: "Rate against distortion",
    x: { label: "rate, KL(q ‖ p)", unit: "nats" },
    y: { label: "distortion, −E log p(x|z)", unit: "nats" },
    note: `β = ${sweep.map(({ beta }) => beta).join(", ")} from left to right`,
    curves: [
      {
        name: "held out",
        x: sweep.map((s) => s.rate),
        y: sweep.map((s) => s.distortion),
        markers: true,
      },
      ...sweep
        .filter(({ beta }) => beta === 1)
        .map(({ bound }) => ({
          name: "rate + distortion as at β = 1",
          x: [0, 50],
          y: [-bound.mean, -bound.mean - 50],
          dashed: true,
        })),
    ],
  });
const sweepFigure = viz.liveFigure(drawSweep);
try {
  for (const beta of [100, 10, 4, 2, 1, 0.25]) {
    const one = newVae("wide", 3);
    const start = performance.now();
    for await (const _ of trainVae(one, steps(900), { beta }));
    const measured = objectives.measureElbo(one, heldOutImages, new Rng(5));
    const seconds = (performance.now() - start) / 1000;
    const of = { ...common, subject: `VAE at β = ${beta}`, better: "higher", seed: 3 } as const;
    scores.record({ ...of, metric: "ELBO", value: measured.elbo, n: measured.elbo.n, seconds });
    sweep.push({
      beta,
      rate: measured.kl.mean,
      distortion: -measured.reconstruction.mean,
      bound: measured.elbo,
      kl: klByLatent(one),
    });
    one.dispose();
    sweepFigure.update(drawSweep());
  }
} finally {
  sweepFigure.end();
}

// %% id="verdict-collapse"
const bestBeta = sweep.reduce((a, b) => (b.bound.mean > a.bound.mean ? b : a));
verdict(bestBeta.beta === 1, `β = 1 has the best ELBO of the sweep (here: β = ${bestBeta.beta})`);
const collapsed = sweep.filter(({ kl }) => inUse(kl) === 0).map(({ beta }) => beta);
console.log(
  collapsed.length > 0
    ? `Total collapse, no latent above 0.05 nats, at β = ${collapsed.join(", ")}.`
    : "No β collapsed every latent.",
);
viz.display(
  viz.table(
    sweep.map(({ beta, rate, distortion, bound, kl }) => ({
      β: beta,
      rate,
      distortion,
      ELBO: core.formatEstimate(bound),
      "latents in use": inUse(kl),
    })),
    { title: "Held-out nats per picture; a latent is in use above 0.05 nats" },
  ),
);
const shownBetas = sweep.filter(({ beta }) => [0.25, 1, 10].includes(beta));
viz.bars({
  title: "What each latent carries",
  x: "latent, by rank",
  y: { label: "mean KL", unit: "nats" },
  categories: bestBeta.kl.map((_, i) => String(i + 1)),
  series: shownBetas.map(({ beta, kl }) => ({ name: `β = ${beta}`, values: kl })),
});

// %% [markdown] id="blur-text"
// ### Why samples blur
//
// The review blames "the loss function used". It is the likelihood: Gaussian pixels of noise $\sigma$
// pay $\|x - \hat x\|^2 / 2\sigma^2$. A large $\sigma$ calls a smeared stroke good enough, so few codes
// are worth their rate, and one code must stand for many pictures. The best single answer for many
// pictures is their *average*, and what is shown as a sample is that average, $\mathbb E[x \mid z]$.
//
// **Predict.** Swap only the likelihood. Sharpness here is the mean squared difference of
// neighbouring pixels, as a fraction of that of real digits. Which $\sigma$ is nearest to 1 when
// pictures are rebuilt? And when they are sampled, from codes that no picture was ever pressed into?

// %% id="blur"
/** Mean squared difference of neighbouring pixels. */
const roughness = (images: core.Images): number =>
  tf.tidy(() => {
    const [n, h, w] = images.shape;
    const part = (y: number, x0: number, rows: number, columns: number): tf.Tensor =>
      images.slice([0, y, x0, 0], [n, rows, columns, 1]);
    const down = part(1, 0, h - 1, w)
      .sub(part(0, 0, h - 1, w))
      .square()
      .mean();
    const across = part(0, 1, h, w - 1)
      .sub(part(0, 0, h, w - 1))
      .square()
      .mean();
    return down.add(across).dataSync()[0] as never;
  }) as number;
const realRoughness = roughness(heldOutImages);
const sharpness = (make: () => core.Images): number =>
  tf.tidy(() => (roughness(make()) / realRoughness) as never);
const likelihoods: readonly (readonly [name: string, likelihood: objectives.LogLikelihood])[] = [
  ...[1, 0.3, 0.1].map((std) => [`Gaussian, σ = ${std}`, objectives.gaussianPixels(std)] as const),
  ["Bernoulli", objectives.bernoulliLogLikelihood],
];
const swaps: { pixels: string; used: number; rate: number; rebuilt: number; sampled: number }[] =
  [];
const rowsOfSamples: core.Images[] = [];
for (const [name, likelihood] of likelihoods) {
  const one = newVae("wide", 3);
  for await (const _ of trainVae(one, steps(900), { likelihood }));
  const kl = klByLatent(one);
  swaps.push({
    pixels: name,
    used: inUse(kl),
    rate: kl.reduce((sum, nats) => sum + nats, 0),
    rebuilt: sharpness(() => one.reconstruct(heldOutImages)),
    sampled: sharpness(() => one.sample(200, new Rng(9))),
  });
  rowsOfSamples.push(one.sample(12, new Rng(9)));
  one.dispose();
}

// %% id="verdict-blur"
const [wideNoise, , narrowNoise] = swaps;
verdict(
  narrowNoise.rebuilt > wideNoise.rebuilt,
  `rebuilt pictures are sharper when only σ is smaller (${wideNoise.rebuilt.toFixed(2)} → ${narrowNoise.rebuilt.toFixed(2)})`,
);
const clearest = swaps.reduce((one, other) => (other.sampled > one.sampled ? other : one));
verdict(
  clearest.pixels === narrowNoise.pixels,
  `the smallest σ also has the sharpest samples (sharpest: ${clearest.pixels})`,
);
viz.display(
  viz.table(
    swaps.map((swap) => ({
      pixels: swap.pixels,
      "latents in use": swap.used,
      "rate (nats)": swap.rate,
      "sharpness, rebuilt": swap.rebuilt,
      "sharpness, samples": swap.sampled,
    })),
    { title: "Same network, same steps; sharpness 1 = as real digits", digits: 3 },
  ),
);
rowsOfSamples.push(imagesOf(heldOut, 12));
const blurGrid = grid(() => tf.concat(rowsOfSamples), {
  rowLabels: [...swaps.map(({ pixels }) => pixels), "real"],
});
tf.dispose(rowsOfSamples.splice(0));
blurGrid;

// %% [markdown] id="errata-text"
// ## 9 · What the review prints, and what is right
//
// As printed in our copy, section 3.1 and equations 1–3. The next cell measures each entry.

// %% id="verdict-errata"
const q0 = gaussian1d(0, 0.5);
const gap0 = logEvidence - oracle.elbo(x, q0).elbo;
/** The gap after one step of gradient descent on `sign` · ELBO in the mean of q. */
const gapAfterDescent = (sign: 1 | -1): number => {
  const slope =
    (oracle.elbo(x, gaussian1d(1e-4, 0.5)).elbo - oracle.elbo(x, gaussian1d(-1e-4, 0.5)).elbo) /
    2e-4;
  return logEvidence - oracle.elbo(x, gaussian1d(-0.05 * sign * slope, 0.5)).elbo;
};
/** ‖∂ reconstruction / ∂ encoder weights‖ for samples that are functions of μ, σ, and for fixed ones. */
const encoderSlope = (isPath: boolean): number =>
  tf.tidy(() => {
    const batch = heldOutImages.slice([0, 0, 0, 0], [64, -1, -1, -1]);
    const noise = new Rng(1).normal<core.Latents>([64, vae.config.latentDim]);
    const fixed = objectives.reparametrise(vae.encode(batch), noise);
    const weights = [...vae.namedParameters()].filter(([name]) => name.startsWith("encoder"));
    const { grads } = tf.variableGrads(
      () => {
        const q = vae.encode(batch);
        const z = isPath ? objectives.reparametrise(q, noise) : fixed;
        return objectives
          .bernoulliLogLikelihood(vae.decode(z), batch)
          .mean<tf.Scalar>()
          .add(q.mean.sum().mul(0));
      },
      weights.map(([, variable]) => variable),
    );
    const norms = Object.values(grads).map((gradient) => gradient.square().sum().dataSync()[0]);
    return Math.sqrt(norms.reduce((sum, norm) => sum + norm, 0)) as never;
  }) as number;
const [forward, backward] = [oracles.klGaussian(q0, posterior), oracles.klGaussian(posterior, q0)];
viz.table(
  [
    {
      where: "above (1)",
      printed: "sample x ~ p(z|x)",
      correct: "z ~ p(z|x): the average of R.1 is over posterior codes",
      measured: `slope off by ${off(overPosterior).toFixed(1)} errors with posterior codes, ${off(overPrior).toFixed(0)} with others`,
    },
    {
      where: "(2)",
      printed: "KL(P‖Q) with p the true posterior",
      correct: "KL(q‖p(z|x)), the average under q",
      measured: `gap ${gap0.toFixed(4)}; KL(q‖p) ${forward.toFixed(4)}, KL(p‖q) ${backward.toFixed(4)} nats`,
    },
    {
      where: "(3)",
      printed: "the final loss function",
      correct: "it is maximised; the loss is its negative",
      measured: `gap ${gap0.toFixed(3)}: descending on −ELBO gives ${gapAfterDescent(-1).toFixed(3)}, on the printed line ${gapAfterDescent(1).toFixed(3)}`,
    },
    {
      where: "below (3)",
      printed: "the prior p(x)",
      correct: "the prior is p(z); p(x) is the evidence",
      measured: `log p(x) = ${logEvidence.toFixed(3)}; log p(z) at the posterior mean = ${oracles.gaussianLogPdf(posterior.mean, oracle.prior()).toFixed(3)}`,
    },
    {
      where: "3.1",
      printed: "reparametrisation enables backpropagation in the decoder",
      correct: "in the encoder, through z = μ + σε",
      measured: `encoder's gradient norm ${encoderSlope(true).toFixed(1)} with it, ${encoderSlope(false).toFixed(1)} without`,
    },
    {
      where: "4",
      printed: "VAEs blur due to the loss function",
      correct: "the pixel likelihood and the mean picture; swap it and it changes",
      measured: swaps.map((s) => `${s.pixels}: ${s.rebuilt.toFixed(2)}`).join("; "),
    },
  ],
  { title: "Errata" },
);

// %% [markdown] id="break-text"
// ## 10 · Break it on purpose
//
// Two popular bugs. (a) The reconstruction as a *mean* over pixels: "the loss looks fine". (b) The
// Bernoulli likelihood from probabilities, $x \log p$, in place of logits.
//
// **Predict.** What does the model of (a) reconstruct? At which logit does (b) break in float32?

// %% id="break"
const pixels = train.pixelsPerImage;
const broken = newVae("wide", 3);
const meanOverPixels: objectives.LogLikelihood = (logits, images) =>
  objectives.bernoulliLogLikelihood(logits, images).div(pixels);
for await (const _ of trainVae(broken, steps(500), { likelihood: meanOverPixels }));
console.log(
  `(a) ${inUse(klByLatent(broken))} latents in use: the KL term weighs ${pixels} times too much.`,
);
for (const logit of [-15, -80, -120]) {
  const [naive, stable] = tf.tidy(() => {
    const [logits, white] = [tf.tensor2d([[logit]]), tf.ones([1, 1])];
    const fromProbability = tf.sigmoid(logits).log();
    return [
      fromProbability.dataSync()[0],
      objectives.bernoulliLogLikelihood(logits, white).dataSync()[0],
    ];
  });
  console.log(
    `(b) logit ${logit}: log(sigmoid) ${naive.toFixed(2)}, from logits ${stable.toFixed(2)}`,
  );
}
const brokenGrid = grid(
  () => {
    const originals = heldOutImages.slice([0, 0, 0, 0], [12, -1, -1, -1]);
    return tf.concat([originals, broken.reconstruct(originals)]);
  },
  { rowLabels: ["held out", "(a) rebuilt"] },
);
broken.dispose();
brokenGrid;

// %% [markdown] id="recap-text"
// ## 11 · Recap
//
// Written from the measured numbers: run the notebook with other settings, and it says something else.

// %% id="verdict-recap"
console.log(scores.save());
viz.display(scores);
scores.recap`On held-out pictures the ELBO of the VAE is ${scores.of("VAE", "ELBO")}, of which the code
takes ${scores.of("VAE", "KL")}. In short trainings of equal length
${scores.compare("VAE at β = 1", "VAE at β = 4", "ELBO")}, and
${scores.compare("VAE at β = 1", "VAE at β = 0.25", "ELBO")}.`;

// %% [markdown] id="quiz"
// ## 12 · Quiz
//
// <details><summary>1. A colleague reports an ELBO of −90 and says log p(x) is −90. What do you say?</summary>
// It is a lower bound: log p(x) is at least that, by KL(q ‖ posterior) nats more, which cannot be
// computed here. A bound with more samples tells how loose it may be.</details>
//
// <details><summary>2. The KL term is 0 and the reconstruction is fair. Good news?</summary>
// Collapse: q is the prior for every picture, so the code says nothing, and the decoder draws one
// average picture, whatever z is.</details>
//
// <details><summary>3. Why does the encoder give log σ² and not σ?</summary>
// It may be any real number, σ stays positive, and the KL term needs log σ² anyway.</details>
//
// <details><summary>4. When would you use the score-function estimate in spite of its noise?</summary>
// When there is no path: z is discrete, or f has no slope.</details>
//
// <details><summary>5. β = 2 gave a better-looking sample. Is its ELBO better too?</summary>
// The ELBO of β = 1 is what β = 1 trains for; the other model trades rate for distortion. Samples and
// likelihood are two things: measure both.</details>
//
// **Further.** `check("R.2a", …)` wants the KL divergence of any two diagonal Gaussians,
// `check("R.3b", …)` the Bernoulli likelihood from logits, `check("R.3d", …)` the score-function
// gradient. What to read: Kingma & Welling 2014
// (arXiv:1312.6114), Burda et al. 2016 (arXiv:1509.00519), Alemi et al. 2018 "Fixing a Broken ELBO"
// (arXiv:1711.00464). Next: notebook 02, the same task with no likelihood at all.
