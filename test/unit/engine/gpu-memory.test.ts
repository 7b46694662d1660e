import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { GpuMemory } from "latentlab/dist/engine/gpu-memory";

describe("GpuMemory", () => {
  /** The first reading that there is, within five seconds. */
  async function reading(memory: GpuMemory): Promise<number | undefined> {
    for (let waited = 0; waited < 5_000; waited += 20) {
      const bytes = memory.read();
      if (bytes !== undefined) return bytes;
      await sleep(20);
    }
    return undefined;
  }

  it("reads mebibytes from the tool's answer, the first GPU's", async () => {
    const folder = mkdtempSync(join(tmpdir(), "latentlab-gpu-"));
    const tool = join(folder, "nvidia-smi");
    writeFileSync(tool, "#!/bin/sh\necho 1234\necho 99\n", { mode: 0o755 });
    assert.equal(await reading(new GpuMemory(tool)), 1234 * 2 ** 20);
    rmSync(folder, { recursive: true });
  });

  it("knows nothing without the tool", async () => {
    const memory = new GpuMemory("no-such-program");
    assert.equal(memory.read(), undefined);
    await sleep(100);
    assert.equal(memory.read(), undefined);
  });
});
