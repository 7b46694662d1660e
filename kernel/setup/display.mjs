// @ts-check
import { clearLine, cursorTo } from "node:readline";

/** @typedef {import("./steps.mjs").Progress} Progress */

/**
 * The list of steps as a person sees it: one line a step, with its seconds. On a terminal the line
 * of the running step moves; elsewhere only whole lines are written.
 */
export class StepList {
  /** Known once the first step has seen what is ahead. */
  total = 0;
  #number = 0;

  /**
   * Show a step while `work` runs.
   * @param {string} name
   * @param {(progress: Progress) => Promise<string>} work resolves to what was found or made
   */
  async show(name, work) {
    this.#number++;
    const label = () => `[${this.#number}/${this.total || "…"}] ${name.padEnd(20)}`;
    const began = performance.now();
    const seconds = () => `${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s`;
    let line = "";
    const redraw = () => drawOver(`${label()} ${seconds()}  ${line}`);
    const timer = process.stdout.isTTY ? setInterval(redraw, 200) : announceLater(label());
    try {
      const note = await work((text) => (line = text));
      drawOver("");
      process.stdout.write(`${label()} ${seconds()}  ${note}\n`);
    } catch (error) {
      drawOver("");
      process.stdout.write(`${label()} ${seconds()}  failed\n`);
      throw error;
    } finally {
      clearInterval(timer);
    }
  }
}

/**
 * Say once that a step is running, if it takes longer than a moment and no terminal shows it move.
 * @param {string} label
 */
function announceLater(label) {
  return setTimeout(() => process.stdout.write(`${label} …\n`), 2000);
}

/** @param {string} text */
function drawOver(text) {
  if (!process.stdout.isTTY) return;
  clearLine(process.stdout, 0);
  cursorTo(process.stdout, 0);
  process.stdout.write(text.slice(0, process.stdout.columns - 1));
}
