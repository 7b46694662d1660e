import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

import type { Locator, Page } from "playwright-core";

/** A notebook open in JupyterLab, driven as a person does. */
export class LabPage {
  private constructor(readonly page: Page) {}

  static async open(page: Page, address: string): Promise<LabPage> {
    await page.goto(address);
    const lab = new LabPage(page);
    await page.locator(".jp-Notebook .jp-Cell").first().waitFor({ timeout: 60_000 });
    await lab.waitForIdle();
    return lab;
  }

  /** Wait until the status bar says that the kernel is connected and has nothing to do. */
  async waitForIdle(timeout = 60_000): Promise<void> {
    await this.page.getByText("LatentLab (TypeScript) | Idle").waitFor({ timeout });
  }

  cell(index: number): Locator {
    return this.page.locator(".jp-Notebook .jp-Cell").nth(index);
  }

  /** Run one cell with Shift-Enter, without waiting for its end. */
  async run(index: number): Promise<void> {
    await this.cell(index).locator(".cm-content").click();
    await this.page.keyboard.press("Shift+Enter");
  }

  /** Put other code in a cell. */
  async edit(index: number, code: string): Promise<void> {
    await this.cell(index).locator(".cm-content").click();
    await this.page.keyboard.press("Control+a");
    await this.page.keyboard.insertText(code);
  }

  /** Restart the kernel, and say yes to the question. */
  async restart(): Promise<void> {
    await this.command("Restart Kernel…");
    await this.page.locator(".jp-Dialog .jp-mod-accept").click();
    await this.page.locator(".jp-Dialog").waitFor({ state: "detached" });
    await this.page.waitForTimeout(1_000);
    await this.waitForIdle();
  }

  /** Wait until a cell that was run has its number: it has ended. */
  async waitForEnd(index: number, timeout = 60_000): Promise<void> {
    await this.cell(index)
      .locator(".jp-InputPrompt", { hasText: /\[\d+\]/ })
      .waitFor({ timeout });
  }

  async text(index: number): Promise<string> {
    return (await this.cell(index).locator(".jp-OutputArea").allInnerTexts()).join("\n");
  }

  /** The toolbar's stop button. */
  async pressStop(): Promise<void> {
    await this.page
      .locator('[data-jp-item-name="interrupt"] >> css=jp-button, button')
      .first()
      .click();
  }

  async save(): Promise<void> {
    await this.page.keyboard.press("Control+s");
    await this.page.waitForTimeout(1_500);
  }

  /** Run a command of the palette. @param name as the palette shows it */
  async command(name: string): Promise<void> {
    await this.page.keyboard.press("Control+Shift+c");
    await this.page.locator(".lm-CommandPalette-input").fill(name);
    await this.page.locator(".lm-CommandPalette-item", { hasText: name }).first().click();
  }

  async useDarkTheme(): Promise<void> {
    await this.command("Use Theme: JupyterLab Dark");
    await this.page.locator('body[data-jp-theme-light="false"]').waitFor({ state: "attached" });
    await this.page.waitForTimeout(1_000);
  }

  async screenshot(path: string): Promise<void> {
    mkdirSync(dirname(path), { recursive: true });
    await this.page.screenshot({ path });
  }
}
