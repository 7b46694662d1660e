import { strict as assert } from "node:assert";
import { join } from "node:path";

import type { Browser } from "playwright-core";

import { findBrowser, launchBrowser } from "../support/browser";
import { codeNotebook, JupyterLab } from "../support/jupyter-lab";
import { LabPage } from "../support/lab-page";

const SCREENSHOTS = join(".build", "screenshots");

/** Payloads that call `canary` if any of them ever runs. */
const HOSTILE = `<img src=x onerror="canary()"><script>canary()</script><svg onload="canary()">`;

const CELLS = [
  `import { data, nn, Rng, tf, training, viz } from "latentlab";
const x = Array.from({ length: 200 }, (_, i) => i / 10);
const wave = (k: number) => viz.curves({
  title: "A travelling wave", note: \`phase \${k}\`, x: { label: "x", unit: "cm" }, y: "height",
  curves: [{ name: "wave", x, y: x.map((v) => Math.sin(v - k / 10)) },
    { name: "half", x, y: x.map((v) => Math.sin(v - k / 10) / 2), plusMinus: x.map(() => 0.1) }],
});
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));`,
  `const live = viz.liveFigure(wave(0));
for (let k = 1; k <= 200; k++) { live.update(() => wave(k)); await pause(25); }
live.end();`,
  `const rng = new Rng(1);
const model = new nn.Dense(2, 2, rng);
let steps = 0;
const dashboard = viz.liveTraining({ title: "Training", steps: 1e6, y: { label: "loss", unit: "nats" }, picturesTitle: "noise" });
const batches = data.toyBatches(data.ring8(), { batchSize: 64, seed: 1 });
const loss = ({ x }: { x: tf.Tensor }) => tf.tidy(() => model.forward(x).squaredDifference(1).mean().asScalar());
for await (const { step } of dashboard.watch(training.train(model, loss, {
  batches, steps: 1e6, rng, optimizer: training.adam(model.namedParameters(), { learningRate: 1e-3 }) }))) {
  steps = step;
  if (step % 20 === 1) {
    const noise = rng.uniform([16, 28, 28, 1]);
    dashboard.pictures(viz.imageGrid(noise, { range: [0, 1], columns: 4 }));
    noise.dispose();
  }
}`,
  `console.log("steps", steps); await pause(3000); console.log("steps", steps);`,
  `viz.display(viz.table([{ ${JSON.stringify(HOSTILE)}: ${JSON.stringify(HOSTILE)} }], { title: ${JSON.stringify(HOSTILE)} }));
viz.display(viz.bars({ title: ${JSON.stringify(HOSTILE)}, x: "x", y: "y", categories: [${JSON.stringify(HOSTILE)}],
  series: [{ name: ${JSON.stringify(HOSTILE)}, values: [1] }] }));`,
];

/** In the page: note each redraw of the first live figure, and whether its element stays. */
const WATCH = `(() => {
  const figure = document.querySelector(".latentlab-plotly > div");
  window.seen = { figure, mutations: 0, blank: 0, renders: new Set() };
  new MutationObserver(() => {
    seen.mutations++;
    seen.renders.add(figure.dataset.renders);
    if (figure.querySelector(".main-svg") === null) seen.blank++;
  }).observe(figure, { subtree: true, childList: true, attributes: true });
})()`;

interface Seen {
  readonly renders: number;
  readonly blank: number;
  readonly same: boolean;
}

const SEEN = `({
  renders: seen.renders.size,
  blank: seen.blank,
  same: seen.figure === document.querySelector(".latentlab-plotly > div"),
})`;

describe("live figures in JupyterLab", function () {
  let browser: Browser;
  let jupyter: JupyterLab;
  let lab: LabPage;
  const requests: string[] = [];

  before(async function () {
    const chromium = findBrowser();
    if (chromium === undefined) {
      const reason = "no Chromium or Chrome; LATENTLAB_CHROMIUM names one";
      if (process.env["CI"] !== undefined) throw new Error(reason);
      console.log(`      skipped: ${reason}`);
      return this.skip();
    }
    jupyter = await JupyterLab.start({ "live.ipynb": codeNotebook(CELLS) });
    browser = await launchBrowser(chromium);
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.on("request", (request) => requests.push(request.url()));
    await page.addInitScript("window.canaries = 0; window.canary = () => { window.canaries++; };");
    lab = await LabPage.open(page, jupyter.page("live.ipynb"));
    await lab.run(0);
    await lab.waitForEnd(0);
  });

  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    await lab.screenshot(join(SCREENSHOTS, "failed.png"));
  });

  after(async () => {
    await browser?.close();
    await jupyter?.stop();
  });

  it("redraws a figure in place, again and again", async () => {
    await lab.run(1);
    await lab.page.locator(".latentlab-plotly .main-svg").first().waitFor();
    await lab.page.evaluate(WATCH);
    const began = performance.now();
    await lab.waitForEnd(1);
    const { renders, blank, same } = await lab.page.evaluate<Seen>(SEEN);
    const rate = (1000 * renders) / (performance.now() - began);
    // Seven a second on an idle machine; fewer where other work takes the processors.
    console.log(`      ${renders} redraws, ${rate.toFixed(1)} a second`);
    assert.ok(renders >= 5, `${renders} redraws`);
    assert.ok(same, "the element was replaced");
    assert.equal(blank, 0, "the figure vanished between two redraws");
    await lab.screenshot(join(SCREENSHOTS, "live-light.png"));
  });

  it("saves one output per figure, however often it was redrawn", async () => {
    await lab.save();
    const text = jupyter.saved("live.ipynb");
    const { cells } = JSON.parse(text) as { cells: { outputs: { data: object }[] }[] };
    assert.equal(cells[1]?.outputs.length, 1);
    const forms = Object.keys(cells[1].outputs[0]?.data ?? {}).sort();
    assert.deepEqual(forms, ["application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"]);
    assert.ok(text.length < 100_000, `${text.length} bytes after 200 updates`);
  });

  it("the stop button ends training; the next cell sees no further step", async () => {
    await lab.run(2);
    const figure = lab.cell(2).locator(".latentlab-plotly > div");
    await figure.locator(".main-svg").first().waitFor();
    await lab.page.waitForFunction(
      `document.querySelectorAll(".latentlab-plotly > div")[1].dataset.renders > 20`,
    );
    await lab.screenshot(join(SCREENSHOTS, "training-light.png"));
    await lab.pressStop();
    await lab.waitForIdle(5_000);
    assert.match(await lab.text(2), /stopped at step [\d,]+ of 1,000,000/);
    await lab.run(3);
    await lab.waitForEnd(3);
    const [first, second] = (await lab.text(3)).match(/\d+/g) ?? [];
    assert.ok(Number(first) > 20, `step ${first}`);
    assert.equal(first, second, "training went on in the background");
  });

  it("F25 runs nothing that labels or tables hold, and asks no other server", async () => {
    await lab.run(4);
    await lab.waitForEnd(4);
    await lab.cell(4).locator(".latentlab-plotly .main-svg").first().waitFor();
    assert.equal(await lab.page.evaluate<number>("window.canaries"), 0);
    const foreign = requests.filter(
      (url) => !/^(http|ws):\/\/127\.0\.0\.1:|^data:|^blob:/.test(url),
    );
    assert.deepEqual(foreign, []);
  });

  it("follows the dark theme", async () => {
    await lab.useDarkTheme();
    const colour = `getComputedStyle(document.querySelector(".latentlab-plotly .xtick text")).fill`;
    const [red = 0] = (await lab.page.evaluate<string>(colour)).match(/\d+/g)?.map(Number) ?? [];
    assert.ok(red > 180, `tick labels are ${red} of 255 bright on dark`);
    await lab.cell(2).scrollIntoViewIfNeeded();
    await lab.screenshot(join(SCREENSHOTS, "training-dark.png"));
  });
});
