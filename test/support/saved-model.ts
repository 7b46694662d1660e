import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { tf } from "latentlab";

/** Run something with a folder that is gone afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "saved-model-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The functions of a SavedModel as any other program sees them: from its file alone. */
export class OpenedModel {
  private readonly functions = new Map<string, Promise<Opened>>();

  constructor(private readonly folder: string) {}

  async call(name: string, inputs: tf.NamedTensorMap): Promise<tf.NamedTensorMap> {
    const known = this.functions.get(name);
    const opened = known ?? tf.node.loadSavedModel(this.folder, ["serve"], name);
    this.functions.set(name, opened);
    return (await opened).predict(inputs) as tf.NamedTensorMap;
  }

  async close(): Promise<void> {
    for (const opened of this.functions.values()) (await opened).dispose();
  }
}

type Opened = Awaited<ReturnType<typeof tf.node.loadSavedModel>>;
