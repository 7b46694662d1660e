import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { EngineError } from "../core/errors";
import { restoreUtilPredicates } from "./node-compat";

const REBUILD = "Run `npm run setup` in the course folder; `npm run doctor` shows the details.";

/** Cluster what XLA can fuse, and leave convolutions and matrix products to TensorFlow. */
const XLA_FLAGS = "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit --tf_xla_ops_to_cluster=FUSIBLE";

/** Where tfjs-node looks for its native addon. */
export function addonPath(): string {
  const packageFolder = dirname(require.resolve("@tensorflow/tfjs-node-gpu/package.json"));
  return join(packageFolder, "lib", "napi-v8", "tfjs_binding.node");
}

/**
 * Everything that must be true before tfjs-node is loaded: TensorFlow's log level and thread
 * count, Node's removed predicates, and an addon that opens.
 *
 * `LATENTLAB_THREADS` sets the number of threads (default: TensorFlow's own choice, all cores).
 * `LATENTLAB_XLA=1` lets XLA fuse chains of elementwise operations of compiled functions: slower to
 * start, often faster to run (lib/compile/README.md).
 *
 * @throws EngineError if the addon is absent or its libtensorflow cannot be opened
 */
function preflight(): void {
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  const threads = process.env["LATENTLAB_THREADS"];
  if (threads !== undefined) process.env["TF_NUM_INTRAOP_THREADS"] = threads;
  // Each compiled graph has threads of its own, as many as suit it (lib/compile/session.ts).
  process.env["TF_OVERRIDE_GLOBAL_THREADPOOL"] ??= "1";
  if (process.env["LATENTLAB_XLA"] === "1") process.env["TF_XLA_FLAGS"] ??= XLA_FLAGS;
  restoreUtilPredicates();
  const path = addonPath();
  if (!existsSync(path))
    throw new EngineError(`The native engine is not built: no ${path}.`, REBUILD);
  try {
    createRequire(path)(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError(`The native engine does not load: ${reason}.`, REBUILD, { cause });
  }
}

preflight();
