// @ts-check
import { mkdirSync } from "node:fs";

import { course } from "./course.mjs";
import { StepList } from "./display.mjs";
import { sweep } from "./files.mjs";
import { runJupyterLab } from "./jupyter.mjs";
import { acquireLock } from "./lock.mjs";
import { checkDisk, inspectMachine } from "./machine.mjs";
import { parseOptions, USAGE } from "./options.mjs";
import { explain } from "./problem.mjs";
import { endOrphanedTool } from "./run.mjs";
import { bringToEnd, isDone } from "./steps.mjs";
import { setupSteps } from "./steps/index.mjs";

/**
 * `npm start`: set up what is not there yet, then start JupyterLab. Sets the exit code.
 * @param {string[]} args
 */
export async function main(args) {
  try {
    const options = parseOptions(args);
    if (options.help) return void process.stdout.write(USAGE);
    await setUp();
    if (options.setupOnly) return;
    process.exitCode = await runJupyterLab(options, (address) => {
      process.stdout.write(`\nJupyterLab: ${address}\nCtrl-C ends it.\n`);
    });
  } catch (error) {
    process.stderr.write(`\n${explain(error)}\n`);
    process.exitCode = 1;
  }
}

/** Bring the course folder up to date. One set-up at a time. */
async function setUp() {
  mkdirSync(course.local, { recursive: true });
  const free = await acquireLock(course.lock, (pid) =>
    process.stdout.write(`Another set-up (process ${pid}) is at work here; waiting for it.\n`),
  );
  // A signal ends set-up and its tool through "exit"; a kill -9 is put right by the next set-up.
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  const stop = () => process.exit(130);
  process.once("exit", free);
  signals.forEach((signal) => process.on(signal, stop));
  try {
    await endOrphanedTool();
    sweep(course.local);
    await runSteps();
  } finally {
    signals.forEach((signal) => process.off(signal, stop));
    process.off("exit", free);
    free();
  }
}

async function runSteps() {
  const list = new StepList();
  /** @type {import("./steps.mjs").Step[]} */
  let steps = [];
  await list.show("Machine", async () => {
    const machine = inspectMachine();
    steps = setupSteps(machine);
    list.total = 1 + steps.length;
    const ahead = steps.filter((step) => !isDone(step));
    checkDisk(ahead.reduce((sum, { megabytes = 0 }) => sum + megabytes, 0));
    const { python, compiler } = machine;
    return `Node ${process.versions.node}, Python ${python.version}, ${compiler.version}`;
  });
  for (const step of steps) {
    await list.show(step.name, (progress) => bringToEnd(step, progress));
  }
}
