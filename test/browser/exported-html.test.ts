import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { core, Rng, tf, viz } from "latentlab";
import type { Browser, Locator, Page } from "playwright-core";

import { findBrowser, launchBrowser } from "../support/browser";
import { codeNotebook } from "../support/jupyter-lab";
import { writeKernelspec } from "../../scripts/notebooks/kernelspec";

const PYTHON = resolve(".latentlab", "python", "bin", "python");
const SCREENSHOT = join(".build", "screenshots", "exported.png");

/** Pictures that fade into noise, as a forward process makes them. */
function noised(level: number): viz.ImageGrid {
  const images = tf.tidy(() => {
    const noise = new Rng(1).normal<tf.Tensor4D>([8, 16, 16, 1]).mul(level);
    return tf.linspace(-1, 1, 16).reshape([1, 1, 16, 1]).add(noise).clipByValue(-1, 1);
  });
  const grid = viz.imageGrid(images, { range: [-1, 1], columns: 4, title: "Fading" });
  images.dispose();
  return grid;
}

function figures(): viz.Figure[] {
  const levels = [0, 0.25, 0.5, 1];
  const alphaBar = (rate: number): number[] =>
    Array.from(core.linspace(0, 1, 51), (t) => Math.exp(-rate * t * t));
  return [
    viz.timestepScrubber(levels.map((level, t) => ({ t, images: noised(level) }))),
    viz.guidanceSlider(levels.map((s) => ({ guidanceScale: 1 + s, images: noised(1 - s) }))),
    viz.scheduleSlider(
      [2, 5, 10].map((rate) => ({ setting: String(rate), alphaBar: alphaBar(rate) })),
      "rate",
    ),
  ];
}

function notebookOf(shown: readonly viz.Figure[]): object {
  const notebook = codeNotebook(shown.map((_, i) => `figures[${i}]`)) as {
    cells: { outputs: object[] }[];
  };
  for (const [i, figure] of shown.entries()) {
    const data = figure[Symbol.for("Jupyter.display") as typeof core.DISPLAY]();
    notebook.cells[i]?.outputs.push({ output_type: "display_data", data, metadata: {} });
  }
  return notebook;
}

/** Convert by nbconvert with our template, as JupyterLab's menu does. */
function exportHtml(notebook: object, folder: string): string {
  writeFileSync(join(folder, "figures.ipynb"), JSON.stringify(notebook));
  const share = writeKernelspec();
  const args = ["-m", "nbconvert", "--to", "html", "--template", "latentlab", "figures.ipynb"];
  const env = { ...process.env, JUPYTER_PATH: share };
  execFileSync(PYTHON, args, { cwd: folder, env, stdio: "pipe" });
  rmSync(share, { recursive: true });
  return join(folder, "figures.html");
}

describe("a notebook saved as HTML, opened from disk", function () {
  this.timeout(120_000);
  let browser: Browser;
  let page: Page;
  let folder: string;
  const requests: string[] = [];

  before(async function () {
    const chromium = findBrowser();
    if (chromium === undefined) return this.skip();
    folder = mkdtempSync(join(tmpdir(), "latentlab-html-"));
    const file = exportHtml(notebookOf(figures()), folder);
    browser = await launchBrowser(chromium);
    page = await browser.newPage({ viewport: { width: 1000, height: 1400 } });
    page.on("request", (request) => requests.push(request.url()));
    // MathJax, which sets formulas, is nbconvert's own and comes from a network if there is one.
    await page.route(/^https?:/, (route) => route.abort());
    await page.goto(pathToFileURL(file).href, { waitUntil: "domcontentloaded" });
    await page.locator(".latentlab-figure .main-svg").first().waitFor();
  });

  after(async () => {
    await browser?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const figure = (index: number): Locator => page.locator(".latentlab-figure").nth(index);

  /** Click on the slider's rail. @param share of its length, from the left */
  async function moveSlider(index: number, share: number): Promise<void> {
    const rail = figure(index).locator(".slider-rail-touch-rect");
    const { width, height } = (await rail.boundingBox()) ?? { width: 0, height: 0 };
    await rail.click({ position: { x: share * width, y: height / 2 } });
    await page.waitForTimeout(300);
  }

  const picture = (index: number): Promise<string | null> =>
    figure(index).locator(".imagelayer image, image").first().getAttribute("href");

  const position = (index: number): Promise<string | null> =>
    figure(index).locator(".slider-label").first().textContent();

  for (const [index, name] of ["timestep scrubber", "guidance slider"].entries()) {
    it(`${name}: the slider changes the picture, there and back`, async () => {
      const first = await picture(index);
      await moveSlider(index, 0.98);
      const last = await picture(index);
      assert.match(last ?? "", /^data:image\/png/);
      assert.notEqual(last, first);
      await moveSlider(index, 0.02);
      assert.equal(await picture(index), first);
    });
  }

  it("schedule slider: the slider changes the curves", async () => {
    const curve = (): Promise<string | null> =>
      figure(2).locator(".scatterlayer path.js-line").first().getAttribute("d");
    const first = await curve();
    await moveSlider(2, 0.98);
    assert.notEqual(await curve(), first);
    assert.match((await position(2)) ?? "", /rate = 10/);
  });

  it("the film plays from the first picture to the last", async () => {
    const first = await picture(0);
    await figure(0).locator(".updatemenu-button").first().click();
    await page.waitForTimeout(1_500);
    assert.notEqual(await picture(0), first);
    assert.match((await position(0)) ?? "", /t = 3/);
    await page.screenshot({ path: SCREENSHOT });
  });

  it("leaves no static picture beside a drawn one, and asks for nothing but MathJax", async () => {
    assert.equal(await page.locator(".latentlab-figure > img").count(), 0);
    const foreign = requests.filter((url) => !/^(file|data|blob):/.test(url));
    assert.deepEqual(
      foreign.filter((url) => !/mathjax/i.test(url)),
      [],
    );
  });
});
