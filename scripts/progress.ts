/** How far a learner has come in the course: `npm run progress`, in the terminal and as a page. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { progress } from "latentlab/dist/checks/progress";

const PAGE = resolve(".build", "progress.html");

function page(body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>LatentLab: progress</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
td { padding: 0.5rem 1rem 0.5rem 0; border-top: 1px solid #8888 }
</style>
</head>
<body><h1>LatentLab</h1>${body}</body>
</html>
`;
}

const shown = progress();
console.log(String(shown));
mkdirSync(dirname(PAGE), { recursive: true });
writeFileSync(PAGE, page(shown.html()));
console.log(`\nAs a page: ${PAGE}`);
