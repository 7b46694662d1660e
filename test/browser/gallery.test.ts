import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Browser, FrameLocator, Locator } from "playwright-core";

import { findBrowser, launchBrowser } from "../support/browser";
import { codeNotebook, JupyterLab } from "../support/jupyter-lab";
import { LabPage } from "../support/lab-page";

const SCREENSHOTS = join(".build", "screenshots");

const MODELS = ["shapes-dit-1", "shapes-unet-1", "attngan-1"] as const;

describe("the gallery in JupyterLab", function () {
  let browser: Browser;
  let jupyter: JupyterLab;
  let lab: LabPage;
  let folder: string;
  let box: FrameLocator;
  const model = (name: string): Locator =>
    box.locator("#models label", { hasText: name }).locator("input");

  before(async function () {
    const chromium = findBrowser();
    if (chromium === undefined) {
      const reason = "no Chromium or Chrome; LATENTLAB_CHROMIUM names one";
      if (process.env["CI"] !== undefined) throw new Error(reason);
      console.log(`      skipped: ${reason}`);
      return this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), "gallery-"));
    const cell = `import { gallery } from "latentlab";
const book = new gallery.GalleryBook(${JSON.stringify(join(folder, "gallery.jsonl"))});
await gallery.Gallery.open(new gallery.Studio(gallery.courseModels(), book))`;
    jupyter = await JupyterLab.start({ "gallery.ipynb": codeNotebook([cell]) });
    browser = await launchBrowser(chromium);
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    // As in a class, where the kernel's machine is another one: only Jupyter can be reached.
    const { host } = new URL(jupyter.page(""));
    await page.route(
      (url) => url.protocol.startsWith("http") && url.host !== host,
      (route) => route.abort(),
    );
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

  it("paints a caption with models side by side, and keeps the pictures", async () => {
    await box.locator("#caption").fill("a large red circle");
    for (const name of MODELS) await model(name).check();
    await box.locator("#paint").click();
    await box.locator("#gallery .card").nth(2).waitFor();
    assert.equal(await box.locator("#now .card").count(), 3);
    assert.equal(await box.locator("#now figcaption").count(), 12);
    const facts = await box.locator("#now .facts").allInnerTexts();
    MODELS.forEach((name, i) =>
      assert.ok(facts[i]?.includes(`(${name}) · noise seed 1`), facts[i]),
    );
    assert.match(facts[0] ?? "", /20 steps · s = 3 · [\d.]+ s with loading · \d of 4 exact/);
    assert.doesNotMatch(facts[2] ?? "", /steps/);
    await lab.screenshot(join(SCREENSHOTS, "gallery.png"));
  });

  it("stops when told to, and paints again", async () => {
    for (const name of MODELS.slice(1)) await model(name).uncheck();
    await box.locator("#numSteps").fill("200");
    await box.locator("#paint").click();
    await box.locator("#now figure").first().waitFor();
    await box.locator("#stop").click();
    await box.locator("#error", { hasText: "Stopped" }).waitFor();
    assert.equal(await box.locator("#gallery .card").count(), 3);
    await box.locator("#numSteps").fill("2");
    await box.locator("#paint").click();
    await box.locator("#gallery .card").nth(3).waitFor();
  });

  it("says that its kernel is gone", async () => {
    await lab.cell(0).locator(".cm-content").click(); // the keys go to the page else
    await lab.restart();
    await box.locator("#paint").click();
    await box.locator("#error", { hasText: "The kernel is gone: run the cell again." }).waitFor();
    await lab.screenshot(join(SCREENSHOTS, "gallery-gone.png"));
  });
});
