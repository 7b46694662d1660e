import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Browser } from "playwright-core";

import type { Notebook } from "../../scripts/notebooks/ipynb";
import { findBrowser, launchBrowser } from "../support/browser";
import { JupyterLab } from "../support/jupyter-lab";
import { LabPage } from "../support/lab-page";

/** The cells of notebook 00 that an exercise needs, in this order. */
const CELLS = ["imports", "standardNormalLogDensity", "check-density", "progress"];
const [IMPORTS, EXERCISE, CHECK, PROGRESS] = [0, 1, 2, 3];

const answer = (reduce: "mean" | "sum"): string => `const LOG_TWO_PI = Math.log(2 * Math.PI);
function standardNormalLogDensity(z: tf.Tensor): tf.Tensor {
  return tf.tidy(() => z.square().add(LOG_TWO_PI).${reduce}(-1).mul(-0.5));
}`;

describe("an exercise in JupyterLab", function () {
  this.timeout(240_000);
  let browser: Browser;
  let jupyter: JupyterLab;
  let lab: LabPage;

  before(async function () {
    const chromium = findBrowser();
    if (chromium === undefined) return this.skip();
    const whole = JSON.parse(readFileSync("notebooks/00-start.ipynb", "utf8")) as Notebook;
    const cells = CELLS.map((id) => whole.cells.find((cell) => cell.id === id));
    jupyter = await JupyterLab.start({ "exercise.ipynb": { ...whole, cells } });
    browser = await launchBrowser(chromium);
    const page = await browser.newPage({ viewport: { width: 1280, height: 980 } });
    lab = await LabPage.open(page, jupyter.page("exercise.ipynb"));
    await runToEnd(IMPORTS);
  });

  after(async () => {
    await browser?.close();
    await jupyter?.stop();
  });

  async function runToEnd(index: number): Promise<string> {
    await lab.run(index);
    await lab.waitForIdle();
    await lab.waitForEnd(index);
    return lab.text(index);
  }

  async function hand(code: string): Promise<string> {
    await lab.edit(EXERCISE, code);
    await runToEnd(EXERCISE);
    return runToEnd(CHECK);
  }

  async function picture(name: string): Promise<void> {
    const path = join(".build", "screenshots", `exercise-${name}.png`);
    await lab.page.locator(".jp-Notebook").screenshot({ path });
  }

  it("answered wrongly: the mistake is named, got and expected stand side by side", async () => {
    const text = await hand(answer("mean"));
    assert.match(text, /✗ R\.2b standardNormalLogDensity: not right yet/);
    assert.match(text, /Probably: The mean over the dimensions is taken/);
    assert.match(text, /got[\s\S]*expected/);
    assert.match(text, /Hint 1/);
    await picture("wrong");
  });

  it("answered rightly: a tick, and progress", async () => {
    const text = await hand(answer("sum"));
    assert.match(text, /✓ R\.2b standardNormalLogDensity: right/);
    assert.match(text, /Notebook 00: ✓○ 1 of 2 solved/);
    await picture("right");
  });

  it("after a restart of the kernel progress is kept", async () => {
    await lab.restart();
    await runToEnd(IMPORTS);
    const text = await runToEnd(PROGRESS);
    assert.match(text, /✓ standardNormalLogDensity/);
    assert.match(text, /○ bernoulliLogLikelihood/);
    await picture("restarted");
  });
});
