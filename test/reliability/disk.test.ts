import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { core, training } from "latentlab";

import { startChild } from "../support/child";
import { reportRow } from "../support/faults";
import { smallRun } from "../support/run";

/** Wrappers that leave no room for 16 MB; `"$@"` is the command, `$0` the folder. */
const LIMITS = {
  "a limit on file sizes (RLIMIT_FSIZE)": { shell: 'ulimit -f 1024; exec "$@"', code: "EFBIG" },
  "a full disk (tmpfs of 4 MB)": {
    shell: 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"',
    code: "ENOSPC",
  },
} as const;

/** In a mount namespace of its own, so that nothing outside the child sees the small disk. */
const UNSHARE = ["unshare", "--map-root-user", "--mount"];

describe("F7 no room for a checkpoint", () => {
  for (const [name, { shell, code }] of Object.entries(LIMITS)) {
    it(`${name}: named error, the old checkpoint loads, nothing half-written stays`, async function () {
      const namespace = code === "ENOSPC" ? UNSHARE : [];
      if (namespace.length > 0 && spawnSync("unshare", [...UNSHARE.slice(1), "true"]).status !== 0)
        this.skip();
      const disk = mkdtempSync(join(tmpdir(), "latentlab-disk-"));
      const wrapper = [...namespace, "bash", "-c", shell, disk];
      const script = join(__dirname, "children", "fill-disk.js");
      const child = startChild(script, [join(disk, "run")], { wrapper });
      assert.equal((await child.ended).code, 0);
      const result = JSON.parse(child.lines.at(-1)!) as Record<string, unknown>;
      assert.equal(result["name"], "CheckpointError");
      assert.match(String(result["message"]), new RegExp(`cannot be written: ${code}`));
      assert.deepEqual(result["entries"], ["step-00000001"]);
      assert.equal(result["resumed"], 1);
      rmSync(disk, { recursive: true });
      reportRow(`F7 ${code}`, 1, 1);
    });
  }

  it("a place that is no folder, for saving and for training", async () => {
    const folder = mkdtempSync(join(tmpdir(), "latentlab-disk-"));
    const [file, run] = [join(folder, "file"), smallRun()];
    writeFileSync(file, "");
    mkdirSync(join(folder, "run"));
    for (const path of [file, join(file, "run")]) {
      assert.throws(() => training.saveCheckpoint(path, 1, run), core.CheckpointError);
      await assert.rejects(
        run.train({ checkpoint: { folder: path } }).next(),
        core.CheckpointError,
      );
    }
    run.dispose();
    rmSync(folder, { recursive: true });
  });
});
