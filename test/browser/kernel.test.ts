import { strict as assert } from "node:assert";
import { join } from "node:path";

import type { Browser } from "playwright-core";

import { findBrowser, launchBrowser } from "../support/browser";
import { codeNotebook, JupyterLab } from "../support/jupyter-lab";
import { LabPage } from "../support/lab-page";

const SCREENSHOTS = join(".build", "screenshots");

const CELLS = [
  `import { nn, Rng, tf, training, viz } from "latentlab";
const rng = new Rng(1);
const images = rng.uniform<tf.Tensor4D>([16, 28, 28, 1]);
const model = new nn.Conv2d(3, 8, rng);
const labels = tf.zeros([4]);`,
  `images`,
  `viz.imag`,
  `model.forward(tf.zeros([1, 8, 8, 5]));`,
  `const x = Array.from({ length: 120 }, (_, i) => 5 * i + 5);
const curves = [0, 1, 2].map((k) => ({ x, y: x.map((step) => (1 + k / 20) * (0.5 + 40 / step)) }));
const healthy = viz.healthyBand(curves, 600);
const y = { label: "loss", unit: "nats" };
const titles = { title: "Planted", picturesTitle: "samples" };
const dashboard = viz.liveTraining({ ...titles, y, steps: 600, healthy });
for (let step = 1; step <= 600; step++) {
  const loss = 0.5 + (40 + 4 * Math.sin(step)) / step + (step > 450 ? 0.3 : 0);
  dashboard.push({ step, loss, stepsPerSecond: 400, secondsLeft: (600 - step) / 400 });
  if (step % 50 > 0) continue;
  const noise = tf.tidy(() => rng.uniform<tf.Tensor4D>([16, 28, 28, 1]).mul(step / 600));
  dashboard.pictures(viz.imageGrid(noise, { range: [0, 1] }));
  noise.dispose();
  await new Promise((resolve) => setTimeout(resolve, 100));
}
dashboard.end();`,
];

describe("the kernel in JupyterLab", function () {
  this.timeout(120_000);
  let browser: Browser;
  let jupyter: JupyterLab;
  let lab: LabPage;

  before(async function () {
    const chromium = findBrowser();
    if (chromium === undefined) return this.skip();
    jupyter = await JupyterLab.start({ "kernel.ipynb": codeNotebook(CELLS) });
    browser = await launchBrowser(chromium);
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    lab = await LabPage.open(page, jupyter.page("kernel.ipynb"));
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

  /** Put the cursor at the end of a cell. */
  async function editEnd(index: number): Promise<void> {
    await lab.cell(index).locator(".cm-content").click();
    await lab.page.keyboard.press("Control+End");
  }

  it("Shift+Tab shows type, shape and range of an earlier cell's tensor", async () => {
    await editEnd(1);
    await lab.page.keyboard.press("Shift+Tab");
    const tooltip = lab.page.locator(".jp-Tooltip", { hasText: "images" }); // it opens empty
    await tooltip.waitFor();
    const text = await tooltip.innerText();
    assert.match(text, /const images: tf\.Tensor4D/);
    assert.match(text, /now Tensor float32 \[16, 28, 28, 1\], values in \[0\.\d+, \d\.\d+\]/);
    assert.match(text, /16 images of 28 × 28, black 0, white 1/);
    await lab.screenshot(join(SCREENSHOTS, "hover.png"));
    await lab.page.keyboard.press("Escape");
  });

  it("Tab completes a function of the library", async () => {
    await editEnd(2);
    await lab.page.keyboard.press("Tab");
    const items = lab.page.locator(".jp-Completer-item");
    await items.first().waitFor();
    const names = await items.allInnerTexts();
    assert.ok(
      names.some((name) => name.includes("imageGrid")),
      names.join(),
    );
    await lab.screenshot(join(SCREENSHOTS, "completion.png"));
    await lab.page.keyboard.press("Escape");
  });

  it("an error begins with its message; the frames of libraries open by a click", async () => {
    await lab.run(3);
    const details = lab.cell(3).locator("details");
    await details.waitFor();
    const text = await lab.text(3);
    assert.match(text, /^ShapeError: Conv2d: x must have shape \[B, H, W, 3\], got \[1, 8, 8, 5\]/);
    assert.match(text, /… 3 frames in latentlab \(Conv2d\.forward conv\.ts:\d+ …\)/);
    const hidden = details.locator("pre");
    assert.equal(await hidden.isVisible(), false);
    await details.locator("summary").click();
    assert.ok(await hidden.isVisible());
    assert.match(await hidden.innerText(), /at Conv2d\.forward \(nn\/conv\.ts:\d+\)/);
    await lab.screenshot(join(SCREENSHOTS, "error.png"));
  });

  it("a dashboard ends with a slider over its pictures, and says what is not healthy", async () => {
    await lab.run(4);
    await lab.waitForEnd(4);
    const figure = lab.cell(4).locator(".latentlab-plotly");
    const rail = figure.locator(".slider-rail-touch-rect");
    await rail.waitFor();
    const picture = (): Promise<string | null> =>
      figure.locator("image").first().getAttribute("href");
    assert.match(await lab.text(4), /[\d,]+ MB · [\d,]+ tensors · ⚠ the loss is above that of/);
    const last = await picture();
    await rail.scrollIntoViewIfNeeded();
    await lab.screenshot(join(SCREENSHOTS, "dashboard-end.png"));
    await rail.click({ position: { x: 4, y: 4 } });
    await lab.page.waitForTimeout(500);
    assert.notEqual(await picture(), last, "the slider changes the picture");
    await lab.screenshot(join(SCREENSHOTS, "dashboard-begin.png"));
    await lab.save();
    const { length } = jupyter.saved("kernel.ipynb");
    assert.ok(length < 1_000_000, `${length} bytes`);
  });
});
