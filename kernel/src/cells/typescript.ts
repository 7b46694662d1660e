/**
 * Must be imported before anything of tslab: it puts a wrapped TypeScript where tslab looks for its
 * own, in Node's cache of modules. The wrapped functions add source maps, instrument, and mend.
 */
import * as ts from "@tslab/typescript-for-tslab";
import type { SourceMapPayload } from "node:module";

import { createBuilder } from "./builder";
import { instrument } from "./instrument";
import { visitEachChild } from "./shorthand";

/** What is known about the script that TypeScript made last. */
export interface LastScript {
  /** Source maps from what runs back to what was written, one per stage. */
  readonly stages: readonly SourceMapPayload[];
  readonly topLevelAwait: boolean;
}

let last: LastScript = { stages: [], topLevelAwait: false };

export function lastScript(): LastScript {
  return last;
}

const INLINE_MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/;
const MAP_LINK = /\n?\/\/# sourceMappingURL=\S+\s*$/;

const OPTIONS: ts.CompilerOptions = {
  inlineSourceMap: true,
  lib: ["lib.es2023.d.ts"],
  // Else every @types package of the project is read and checked with each cell.
  types: ["node"],
};

type HostArguments = [files: string[], options: ts.CompilerOptions, system: ts.System];
type Reporters = [ts.DiagnosticReporter, ts.WatchStatusReporter];

/** First stage, TypeScript to JavaScript: made once, with our options. */
function createWatchCompilerHost(
  ...[files, options, system, , ...reporters]: [...HostArguments, unknown, ...Reporters]
): unknown {
  const ours = { ...options, ...OPTIONS };
  allowSecondTimer(system);
  return ts.createWatchCompilerHost(files, ours, system, createBuilder, ...reporters);
}

/**
 * tslab's timers hold one callback, the next rebuild. TypeScript also sets one when files come or go
 * in a folder where it looked for a module; tslab would fail the next cell over it. It need not fire:
 * every rebuild, and so every cell, begins with what it is to do.
 */
function allowSecondTimer(system: ts.System): void {
  const { setTimeout: schedule, clearTimeout: cancel } = system;
  const lookups = new WeakSet<object>();
  system.setTimeout = (callback, ...rest) => {
    if (callback.name !== "invalidateResolutionsOfFailedLookup")
      return schedule?.(callback, ...rest);
    const token = {};
    lookups.add(token);
    return token;
  };
  system.clearTimeout = (token: object) => {
    if (!lookups.has(token)) cancel?.(token);
  };
}

/** Second stage, modules to CommonJS: called for each cell. */
function transpileModule(input: string, options: ts.TranspileOptions): ts.TranspileOutput {
  const { transformer, found } = instrument();
  const output = ts.transpileModule(input.replace(INLINE_MAP, ""), {
    ...options,
    compilerOptions: { ...options.compilerOptions, sourceMap: true },
    transformers: { before: [transformer] },
  });
  const stages = [output.sourceMapText ?? "{}", inlineMap(input)].map(
    (json) => JSON.parse(json) as SourceMapPayload,
  );
  last = { stages, topLevelAwait: found.topLevelAwait };
  return { ...output, outputText: output.outputText.replace(MAP_LINK, "") };
}

function inlineMap(code: string): string {
  const encoded = INLINE_MAP.exec(code)?.[1];
  return encoded === undefined ? "{}" : Buffer.from(encoded, "base64").toString();
}

const cached = require.cache[require.resolve("@tslab/typescript-for-tslab")];
if (cached) cached.exports = { ...ts, createWatchCompilerHost, transpileModule, visitEachChild };
