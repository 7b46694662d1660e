/**
 * Print every equation with the functions, tests and notebook cells that cite it, and fail on an
 * unknown id or on a gap in what a notebook claims: `npm run equations`.
 */
// Straight from its file: the package's index would load TensorFlow.
import { EQUATIONS } from "latentlab/dist/equations";

import { traceEquations } from "./equations/trace";

const { threads, problems } = traceEquations(process.cwd(), Object.keys(EQUATIONS));
for (const [id, equation] of Object.entries(EQUATIONS)) {
  const { functions = [], tests = [], cells = [] } = threads.get(id) ?? {};
  console.log(`${id.padEnd(5)} ${equation.title}`);
  for (const { what, where } of functions) console.log(`        function  ${what}  (${where})`);
  for (const { what, where } of tests) console.log(`        test      ${what}  (${where})`);
  for (const { what, where } of cells) console.log(`        cell      ${what}  (${where})`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
