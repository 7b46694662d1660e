import { strict as assert } from "node:assert";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

import ts from "typescript";

/** The folders of `lib`, and which others each may import. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  // The ground: the engine's errors are core's, core's numbers are the engine's.
  engine: ["core"],
  core: ["engine"],
  compile: ["core", "engine"],
  nn: ["core", "engine"],
  data: ["core", "engine"],
  viz: ["core", "engine"],
  models: ["core", "engine", "nn"],
  diffusion: ["core", "engine", "compile"],
  samplers: ["core", "engine", "compile", "diffusion"],
  objectives: ["core", "engine", "diffusion"],
  oracles: ["core", "engine"],
  training: ["core", "engine", "compile", "nn"],
  metrics: ["core", "engine", "oracles"],
  results: ["core", "engine", "viz"],
};
/** May import every layer. */
const TOP = [
  "checks",
  "pipelines",
  "gallery",
  "equations.ts",
  "gan-equations.ts",
  "review-equations.ts",
  "index.ts",
];

/** What is wrong with the imports of one file, `path` relative to `lib`. */
function violations(path: string, text: string): string[] {
  const layer = path.split("/")[0] as string;
  if (TOP.includes(layer)) return [];
  const allowed = LAYERS[layer];
  if (allowed === undefined) return [`${path}: no layer "${layer}" in test/unit/layers.test.ts`];
  return ts
    .preProcessFile(text)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith("."))
    .map((name) => join(dirname(path), name).split("/")[0] as string)
    .filter((target) => target !== layer && !allowed.includes(target))
    .map((target) => `${path}: ${layer} may not import ${target}`);
}

describe("layers of the library", () => {
  it("import only what lies below them", () => {
    const files = readdirSync("lib", { recursive: true, encoding: "utf8" }).filter(
      (path) => path.endsWith(".ts") && !path.startsWith("dist"),
    );
    assert.ok(files.length > 30);
    const found = files.flatMap((path) =>
      violations(path, readFileSync(join("lib", path), "utf8")),
    );
    assert.deepEqual(found, []);
  });

  it("would be seen to import what lies above them", () => {
    const text = `
import { NoiseSchedule } from "../diffusion/schedule";
import type { Sampler } from "../../lib/samplers/sampler";
export * from "../training";
import { Dense } from "../nn";
`;
    assert.deepEqual(violations("models/unet.ts", text), [
      "models/unet.ts: models may not import diffusion",
      "models/unet.ts: models may not import ..",
      "models/unet.ts: models may not import training",
    ]);
    assert.equal(violations("samplers/ddim.ts", `import { Vae } from "../models/vae";`).length, 1);
    assert.equal(violations("helpers/a.ts", "").length, 1);
  });
});
