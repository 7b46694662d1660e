import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Browser } from "playwright-core";

import { findBrowser, launchBrowser } from "../support/browser";
import { JupyterLab } from "../support/jupyter-lab";
import { LabPage } from "../support/lab-page";

const NAME = "01-vae-elbo.ipynb";

describe("notebook 01 in JupyterLab", function () {
  this.timeout(400_000);
  let browser: Browser;
  let jupyter: JupyterLab;
  let lab: LabPage;

  before(async function () {
    const chromium = findBrowser();
    if (chromium === undefined) return this.skip();
    const notebook = JSON.parse(readFileSync(join("solutions", NAME), "utf8")) as object;
    jupyter = await JupyterLab.start({ [NAME]: notebook });
    browser = await launchBrowser(chromium);
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    lab = await LabPage.open(page, jupyter.page(NAME));
  });

  after(async () => {
    await browser?.close();
    await jupyter?.stop();
  });

  it("trains before the reader's eyes, and stops when told", async () => {
    const { page } = lab;
    await lab.command("Run All Cells");
    const cell = page.locator(".jp-Cell", { hasText: "viz.liveTraining(" }).first();
    await cell.scrollIntoViewIfNeeded();
    const figure = cell.locator(".latentlab-plotly > div");
    await figure.locator(".main-svg").first().waitFor({ timeout: 300_000 });
    const renders = async (): Promise<number> => Number(await figure.getAttribute("data-renders"));
    const first = await renders();
    for (let waited = 0; waited < 30 && (await renders()) < first + 60; waited++) {
      await page.waitForTimeout(1_000);
    }
    const changes = (await renders()) - first;
    assert.ok(changes >= 5, `the live figure changed ${changes} times`);
    await figure.scrollIntoViewIfNeeded();
    await lab.screenshot(join(".build", "screenshots", "notebook-01.png"));
    await lab.pressStop();
    await lab.waitForIdle(10_000);
    const text = await cell.locator(".jp-OutputArea").allInnerTexts();
    assert.match(text.join("\n"), /stopped at step [\d,]+ of/);
    const end = await renders();
    await page.waitForTimeout(3_000);
    assert.equal(await renders(), end, "something was drawn after the stop");
  });
});
