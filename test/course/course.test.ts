import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import type { Browser, Page } from "playwright-core";

import { buildBook } from "../../scripts/course/book";
import { brokenLinks } from "../../scripts/course/links";
import { createNotebook, stringify, toLines } from "../../scripts/notebooks/ipynb";
import { findBrowser, launchBrowser } from "../support/browser";

const FOLDER = resolve(".build", "course-test");
const SITE = join(FOLDER, "site");

describe("npm run course", function () {
  this.timeout(240_000);
  let output: string;

  before(() => {
    const args = [".build/scripts/course.js", "--only", "00", "--out", FOLDER];
    output = execFileSync(process.execPath, args, { encoding: "utf8" });
  });

  it("runs the notebooks that were named, and says how far it is", () => {
    assert.match(output, /Running 1 notebook, 1 at a time, profile quick/);
    assert.match(output, /00-start +(\d+) of \1 cells +done in \d+ s, \d+ kB/);
    assert.match(output, /The book: .*index\.html/);
  });

  it("keeps the scores of the notebooks", () => {
    const csv = readFileSync(join(FOLDER, "results", "00-start.csv"), "utf8");
    assert.match(csv, /^notebook,subject,metric/);
    assert.match(csv, /\n00-start,net,accuracy/);
  });

  it("finds files and anchors that are not there, and what comes from a network", () => {
    assert.deepEqual(brokenLinks(SITE), []);
    const page = join(SITE, "index.html");
    const whole = readFileSync(page, "utf8");
    const links = ["none.html", "00-start.html#none"].map((to) => `<a href="${to}">x</a>`);
    appendFileSync(page, `${links.join("")}<script src="https://example.org/a.js"></script>`);
    try {
      assert.deepEqual(brokenLinks(SITE), [
        "index.html has a broken link: none.html",
        "index.html has a broken link: 00-start.html#none",
        "index.html has a broken link: https://example.org/a.js",
      ]);
    } finally {
      writeFileSync(page, whole);
    }
  });

  it("fails on a notebook with a broken link", async () => {
    const folder = join(FOLDER, "planted");
    const source = toLines("# Planted\n\nSee [nowhere](no-such-page.md).");
    const cell = { cell_type: "markdown", id: "a", metadata: {}, source } as const;
    mkdirSync(join(folder, "notebooks"), { recursive: true });
    writeFileSync(join(folder, "notebooks", "x.ipynb"), stringify(createNotebook([cell], "x")));
    await assert.rejects(buildBook(["x"], folder), /no-such-page/);
    rmSync(folder, { recursive: true });
  });

  it("fails on a name that no notebook has", () => {
    const run = (): string =>
      execFileSync(process.execPath, [".build/scripts/course.js", "--only", "99"], {
        encoding: "utf8",
        stdio: "pipe",
      });
    assert.throws(run, /No notebook 99; there are 00-start/);
  });

  describe("its site, opened from the disk", () => {
    let browser: Browser;
    let page: Page;
    const asked: string[] = [];

    before(async function () {
      const chromium = findBrowser();
      if (chromium === undefined) return this.skip();
      browser = await launchBrowser(chromium);
      page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
      page.on("request", (request) => asked.push(request.url()));
    });
    after(() => browser?.close());

    const open = (path: string): Promise<unknown> => page.goto(`file://${SITE}/${path}`);

    it("shows formulas and live figures, and asks no network", async () => {
      await open("00-start.html");
      await page.locator("mjx-container").first().waitFor({ state: "attached" });
      const figure = page.locator(".latentlab-figure .js-plotly-plot").first();
      await figure.locator(".main-svg").first().waitFor({ state: "attached" });
      await figure.scrollIntoViewIfNeeded();
      await page.screenshot({ path: join(".build", "screenshots", "course.png") });
      assert.deepEqual(
        asked.filter((url) => !/^(file|data|blob):/.test(url)),
        [],
      );
    });

    it("shows the static pictures where scripts are off", async () => {
      const context = await browser.newContext({ javaScriptEnabled: false });
      const still = await context.newPage();
      await still.goto(`file://${SITE}/00-start.html`);
      const box = await still.locator(".latentlab-figure img").first().boundingBox();
      assert.ok(box !== null && box.width > 300 && box.height > 200);
      await context.close();
    });

    it("finds a word", async () => {
      await open("search.html?q=broadcasting");
      await page.locator("#search-results a", { hasText: "00 · Start here" }).waitFor();
    });
  });
});
