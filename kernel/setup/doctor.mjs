#!/usr/bin/env node
// @ts-check
// `npm run doctor`: what is installed, what is chosen, what is broken and how to mend it.
import { nodeProblem } from "./node-version.mjs";

const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
} else {
  import("./examination.mjs").then(({ main }) => main(process.argv.slice(2)));
}
