#!/usr/bin/env node
// @ts-check
// `npm start` and `npm run setup`. Imports the rest only after the Node version is known to be
// good: an old Node would otherwise stop at a syntax error instead of a sentence.
import { nodeProblem } from "./node-version.mjs";

const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
} else {
  import("./main.mjs").then(({ main }) => main(process.argv.slice(2)));
}
