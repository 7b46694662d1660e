import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pipelines } from "latentlab";
import type { Browser, FrameLocator } from "playwright-core";

import { findBrowser, launchBrowser } from "../support/browser";
import { codeNotebook, JupyterLab } from "../support/jupyter-lab";
import { LabPage } from "../support/lab-page";
import { textToImage } from "../support/pipelines";

const SCREENSHOTS = join(".build", "screenshots");

describe("the gallery in JupyterLab", function () {
  let browser: Browser;
  let jupyter: JupyterLab;
  let lab: LabPage;
  let folder: string;
  let box: FrameLocator;

  before(async function () {
    const chromium = findBrowser();
    if (chromium === undefined) {
      const reason = "no Chromium or Chrome; LATENTLAB_CHROMIUM names one";
      if (process.env["CI"] !== undefined) throw new Error(reason);
      console.log(`      skipped: ${reason}`);
      return this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), "gallery-"));
    const tiny = textToImage();
    pipelines.savePipeline(join(folder, "tiny"), tiny);
    tiny.dispose();
    const cell = `import { gallery, pipelines } from "latentlab";
const load = () => gallery.pipelinePainter(pipelines.loadPipeline(${JSON.stringify(join(folder, "tiny"))}));
const tiny = { name: "tiny", title: "latent DiT", isDiffusion: true, load };
const book = new gallery.GalleryBook(${JSON.stringify(join(folder, "gallery.jsonl"))});
await gallery.Gallery.open(new gallery.Studio([tiny, ...gallery.courseModels()], book))`;
    jupyter = await JupyterLab.start({ "gallery.ipynb": codeNotebook([cell]) });
    browser = await launchBrowser(chromium);
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    lab = await LabPage.open(page, jupyter.page("gallery.ipynb"));
    await lab.run(0);
    await lab.waitForEnd(0);
    box = page.frameLocator("iframe[title=Gallery]");
    await box.locator("#models input").first().waitFor();
  });

  after(async () => {
    await browser?.close();
    await jupyter?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") await lab.screenshot(join(SCREENSHOTS, "failed.png"));
  });

  it("tells which word it does not know", async () => {
    await box.locator("#caption").fill("a large purple circle");
    await box.locator("#paint").click();
    await box.locator("#error", { hasText: 'got "purple"' }).waitFor();
  });

  it("paints a caption with two models side by side, and keeps the pictures", async () => {
    await box.locator("#caption").fill("a large red circle");
    await box.locator("#models label", { hasText: "attngan-1" }).locator("input").check();
    await box.locator("#paint").click();
    await box.locator("#gallery .card").nth(1).waitFor();
    assert.equal(await box.locator("#now .card").count(), 2);
    assert.equal(await box.locator("#now figcaption").count(), 8);
    const facts = await box.locator("#now .facts").allInnerTexts();
    assert.match(facts[0] ?? "", /latent DiT \(tiny\) · seed 1 · 20 steps · s = 3 · .*of 4 exact/);
    assert.match(facts[1] ?? "", /AttnGAN \(attngan-1\) · seed 1 · [\d.]+ s/);
    await lab.screenshot(join(SCREENSHOTS, "gallery.png"));
  });

  it("stops when told to, and paints again", async () => {
    await box.locator("#models label", { hasText: "attngan-1" }).locator("input").uncheck();
    await box.locator("#numSteps").fill("50");
    await box.locator("#paint").click();
    await box.locator("#now figure").first().waitFor();
    await box.locator("#stop").click();
    await box.locator("#error", { hasText: "Stopped" }).waitFor();
    assert.equal(await box.locator("#gallery .card").count(), 2);
    await box.locator("#numSteps").fill("2");
    await box.locator("#paint").click();
    await box.locator("#gallery .card").nth(2).waitFor();
  });
});
