import { strict as assert } from "node:assert";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";

import { core, Rng, tf, training } from "latentlab";

import { Mlp } from "../../support/mlp";
import { newRunFolder, type SmallRun, smallRun } from "../../support/run";

const { latestCheckpoint, resume, saveCheckpoint } = training;

async function finish(running: AsyncGenerator<training.TrainProgress>): Promise<number[]> {
  const losses: number[] = [];
  for await (const { loss } of running) losses.push(loss);
  return losses;
}

/** Run the body with a run and a folder of its own. */
async function withRun(
  body: (run: SmallRun, folder: string) => void | Promise<void>,
): Promise<void> {
  const [run, folder] = [smallRun(), newRunFolder()];
  try {
    await body(run, folder);
  } finally {
    run.dispose();
    rmSync(dirname(folder), { recursive: true });
  }
}

function refused(pattern: RegExp): (error: Error) => boolean {
  return (error) => {
    assert.ok(error instanceof core.CheckpointError, String(error));
    assert.match(error.message, pattern);
    return true;
  };
}

describe("checkpoints", () => {
  for (const compile of [true, false]) {
    it(`a run resumed at step 7 of 20 ends bitwise as an unbroken one, compile: ${compile}`, async () => {
      await withRun(async (unbroken, folder) => {
        const losses = await finish(unbroken.train({ compile }));
        const [first, second] = [smallRun(), smallRun()];
        const checkpoint = { folder, every: 5, resume: true };
        const begun = await finish(first.train({ compile, steps: 7, checkpoint }));
        const ended = await finish(second.train({ compile, checkpoint }));
        assert.deepEqual([...begun, ...ended], losses);
        assert.equal(second.fingerprint(), unbroken.fingerprint());
        assert.notEqual(first.fingerprint(), unbroken.fingerprint());
        first.dispose();
        second.dispose();
      });
    });
  }

  it("saves every n steps and at the end, keeps the newest, and unlocks the folder", async () => {
    await withRun(async (run, folder) => {
      await finish(run.train({ checkpoint: { folder, every: 4, keep: 3 }, steps: 18 }));
      assert.deepEqual(readdirSync(folder).sort(), [
        "step-00000012",
        "step-00000016",
        "step-00000018",
      ]);
    });
  });

  it("saves the step it came to when stopped or broken off", async () => {
    await withRun(async (run, folder) => {
      const signal = AbortSignal.abort();
      await finish(run.train({ signal, checkpoint: { folder } }));
      assert.equal(latestCheckpoint(folder), undefined);
      for await (const { step } of run.train({ checkpoint: { folder } })) if (step === 3) break;
      assert.equal(latestCheckpoint(folder), join(folder, "step-00000003"));
    });
  });

  it("saves nothing of a step that failed", async () => {
    await withRun(async (run, folder) => {
      const train = run.train({ checkpoint: { folder, every: 2 } });
      for (let i = 0; i < 3; i++) await train.next();
      tf.tidy(() => run.model.out.bias?.assign(tf.fill([4], NaN)));
      await assert.rejects(train.next(), core.NonFiniteError);
      assert.equal(latestCheckpoint(folder), join(folder, "step-00000002"));
      assert.throws(() => saveCheckpoint(folder, 9, run), /out\.bias holds a NaN/);
      assert.equal(resume(folder, run), 2);
    });
  });

  it("refuses to start anew over another run", async () => {
    await withRun(async (run, folder) => {
      saveCheckpoint(folder, 5, run);
      const again = run.train({ checkpoint: { folder } });
      await assert.rejects(
        again.next(),
        refused(/already holds a run, up to step 5.*resume: true/),
      );
    });
  });

  it("refuses other models and other parts, and then changes nothing", async () => {
    await withRun((run, folder) => {
      saveCheckpoint(folder, 5, run);
      const wider = smallRun([4, 9, 4]);
      const before = wider.fingerprint();
      assert.throws(() => resume(folder, wider), refused(/hidden\.weight is float32 \[4, 8\]/));
      const { model, optimizer, rng } = wider;
      assert.throws(() => resume(folder, { model, optimizer, rng }), refused(/part "ema"/));
      assert.equal(wider.fingerprint(), before);
      wider.dispose();
    });
  });

  it("replaces a checkpoint of the same step, and mends what a killed writer left", async () => {
    await withRun((run, folder) => {
      const path = saveCheckpoint(folder, 5, run);
      run.rng.normalArray(1);
      assert.equal(saveCheckpoint(folder, 5, run), path);
      assert.equal(resume(folder, run), 5);
      assert.equal(run.rng.state().counter, 1);
      const deadPid = 2 ** 22 + 1;
      mkdirSync(join(folder, `.writing-${deadPid}`));
      writeFileSync(join(folder, `.writing-${deadPid}`, "model.safetensors"), "half");
      mkdirSync(join(folder, `.replaced-step-00000005-${deadPid}`));
      saveCheckpoint(folder, 6, run);
      assert.deepEqual(readdirSync(folder).sort(), ["step-00000005", "step-00000006"]);
    });
  });

  it("names what is wrong: missing file, link, no folder, future version", async () => {
    await withRun((run, folder) => {
      assert.equal(resume(folder, run), 0);
      const path = saveCheckpoint(folder, 1, run);
      const weights = join(path, "model.safetensors");
      const bytes = readFileSync(weights);
      rmSync(weights);
      assert.throws(
        () => resume(folder, run),
        refused(/model\.safetensors is damaged: it is missing/),
      );
      writeFileSync(join(folder, "outside"), bytes);
      symlinkSync(join(folder, "outside"), weights);
      assert.throws(() => resume(folder, run), refused(/not a plain file/));
      const manifest = join(path, "manifest.json");
      writeFileSync(
        manifest,
        readFileSync(manifest, "utf8").replace('"version": 1', '"version": 2'),
      );
      assert.throws(() => resume(folder, run), refused(/version 2.*up to 1.*Update the library/));
    });
  });

  it("falls back to the checkpoint before a damaged one only if asked", async () => {
    await withRun((run, folder) => {
      saveCheckpoint(folder, 1, run);
      const newest = saveCheckpoint(folder, 2, run);
      writeFileSync(join(newest, "ema.safetensors"), "");
      assert.throws(() => resume(folder, run), refused(/ema\.safetensors.*fallback: true.*step 1/));
      assert.equal(resume(folder, run, { fallback: true }), 1);
    });
  });

  it("keeps two runs out of one folder, and takes over the lock of a dead process", async () => {
    await withRun(async (run, folder) => {
      mkdirSync(folder);
      const lock = (pid: number): void => {
        const holder = { pid, host: hostname(), token: "another" };
        writeFileSync(join(folder, "lock"), JSON.stringify(holder));
      };
      lock(process.ppid);
      const blocked = run.train({ checkpoint: { folder } });
      await assert.rejects(blocked.next(), refused(/in use by process \d+ .*delete .*lock/));
      lock(2 ** 22 + 1);
      await finish(run.train({ checkpoint: { folder }, steps: 1 }));
      assert.deepEqual(readdirSync(folder), ["step-00000001"]);
    });
  });

  it("lets a later run of this process take the folder; the older one then refuses to save", async () => {
    await withRun(async (older, folder) => {
      const newer = smallRun();
      const checkpoint = { folder, every: 1, resume: true };
      const first = older.train({ checkpoint });
      await first.next();
      const second = newer.train({ checkpoint });
      await second.next();
      await assert.rejects(first.next(), refused(/used by another run/));
      await second.return();
      assert.equal(latestCheckpoint(folder), join(folder, "step-00000002"));
      newer.dispose();
    });
  });
});

describe("weights alone", () => {
  it("go to one file and back, and to no other model", async () => {
    await withRun((run, folder) => {
      mkdirSync(folder);
      const file = join(folder, "mlp.safetensors");
      training.saveWeights(file, run.model);
      assert.deepEqual(readdirSync(folder), ["mlp.safetensors"]);
      const [same, wider] = [new Mlp([4, 8, 4], new Rng(9)), new Mlp([4, 9, 4], new Rng(9))];
      training.loadWeights(file, same);
      for (const [name, variable] of same.namedVariables()) {
        assert.deepEqual(variable.dataSync(), run.model.stateDict()[name]!.dataSync());
      }
      assert.throws(() => training.loadWeights(file, wider), refused(/another model/));
      assert.throws(() => training.loadWeights(join(folder, "no"), same), refused(/missing/));
      same.dispose();
      wider.dispose();
    });
  });
});
