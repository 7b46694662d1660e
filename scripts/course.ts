/** Run all solutions and make the book of them: `npm run course`. */
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { buildBook } from "./course/book";
import { executeAll, fittingJobs, solutionsNamed } from "./course/execute";

const USAGE = `Run all solutions through the kernel, then build the book: a site for the disk.

  npm run course                     every notebook
  npm run course -- --only 00,01     these
  --profile quick|full               short trainings, as in CI (default), or those of the text
  --jobs N                           notebooks at once; default: what fits this machine
  --out FOLDER                       default: .build/course
  --site-only                        the book alone, from notebooks that ran before`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      profile: { type: "string", default: "quick" },
      jobs: { type: "string", default: String(fittingJobs()) },
      out: { type: "string", default: join(".build", "course") },
      "site-only": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { profile, only } = values;
  const jobs = Number(values.jobs);
  if (values.help || !["quick", "full"].includes(profile) || !(jobs >= 1)) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const names = solutionsNamed(only?.split(","));
  const folder = resolve(values.out);
  if (!values["site-only"]) {
    rmSync(folder, { recursive: true, force: true });
    const problems = await executeAll(names, { folder, jobs, profile });
    if (problems.length > 0) {
      for (const problem of problems) console.error(problem);
      return 1;
    }
  }
  const problems = await buildBook(names, folder);
  for (const problem of problems) console.error(problem);
  if (problems.length === 0) console.log(`The book: ${resolve(folder, "site", "index.html")}`);
  return problems.length === 0 ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
