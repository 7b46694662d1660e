import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { core, tf, training } from "latentlab";

import { faultDraws, reportRow } from "../support/faults";
import { newRunFolder, type SmallRun, smallRun } from "../support/run";

const BIT_FLIPS = 500;
const CUTS = 64;

/** A run saved at steps 1 and 2, to be damaged at step 2. */
class SavedRun {
  readonly run: SmallRun = smallRun();
  readonly folder = newRunFolder();
  readonly path: string;
  readonly originals: ReadonlyMap<string, Buffer>;

  constructor() {
    // The averages must differ from the weights, or swapping their files would be no fault.
    const { bias } = this.run.model.out;
    tf.tidy(() => bias?.assign(tf.ones(bias.shape)));
    training.saveCheckpoint(this.folder, 1, this.run);
    this.path = training.saveCheckpoint(this.folder, 2, this.run);
    const files = readdirSync(this.path);
    this.originals = new Map(files.map((file) => [file, readFileSync(join(this.path, file))]));
    assert.equal(files.length, 4);
  }

  /** True if the damaged checkpoint is refused by a named error and nothing of the run changes. */
  isRefused(): boolean {
    const before = this.run.fingerprint();
    try {
      training.resume(this.folder, this.run);
      return false;
    } catch (error) {
      assert.ok(error instanceof core.CheckpointError, String(error));
      assert.ok(error.message.includes(this.path), error.message);
      assert.ok(error.fix !== undefined);
    }
    assert.equal(this.run.fingerprint(), before);
    return true;
  }

  mend(): void {
    for (const [file, bytes] of this.originals) {
      rmSync(join(this.path, file), { force: true });
      writeFileSync(join(this.path, file), bytes);
    }
    assert.equal(training.resume(this.folder, this.run), 2);
  }

  /** Change the manifest and seal it again, as an attacker would. */
  forge(change: (manifest: Record<string, unknown>) => void): void {
    const path = join(this.path, "manifest.json");
    const manifest = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    delete manifest["digest"];
    change(manifest);
    const digest = sha256(JSON.stringify(manifest));
    writeFileSync(path, `${JSON.stringify({ ...manifest, digest }, null, 2)}\n`);
  }

  dispose(): void {
    this.run.dispose();
    rmSync(dirname(this.folder), { recursive: true });
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Try every fault on its own; each must be refused, and the mended checkpoint must load again. */
function refuseAll(row: string, faults: (saved: SavedRun) => readonly (() => void)[]): void {
  const saved = new SavedRun();
  const all = faults(saved);
  let survived = 0;
  for (const fault of all) {
    fault();
    if (saved.isRefused()) survived++;
    saved.mend();
  }
  saved.dispose();
  reportRow(row, survived, all.length);
  assert.equal(survived, all.length);
}

describe("F4 cut checkpoints", () => {
  it("each file cut at every 64th of its length is refused", () => {
    refuseAll("F4", ({ path, originals }) =>
      [...originals].flatMap(([file, { length }]) =>
        Array.from({ length: CUTS }, (_, i) => () => {
          truncateSync(join(path, file), Math.floor((length * i) / CUTS));
        }),
      ),
    );
  });

  it("the one before it loads, if asked", () => {
    const saved = new SavedRun();
    for (const file of saved.originals.keys()) {
      truncateSync(join(saved.path, file), 10);
      assert.equal(training.resume(saved.folder, saved.run, { fallback: true }), 1);
      saved.mend();
    }
    saved.dispose();
  });
});

describe("F5 corrupt checkpoints", () => {
  it(`${BIT_FLIPS} flipped bits are refused`, () => {
    const below = faultDraws("F5");
    refuseAll("F5 bit flips", ({ path, originals }) => {
      const total = [...originals.values()].reduce((sum, { length }) => sum + length, 0);
      return Array.from({ length: BIT_FLIPS }, () => {
        let at = below(total);
        const bit = 1 << below(8);
        return () => {
          for (const [file, bytes] of originals) {
            if (at < bytes.length) {
              const damaged = Buffer.from(bytes);
              damaged[at] = (damaged[at] as number) ^ bit;
              return writeFileSync(join(path, file), damaged);
            }
            at -= bytes.length;
          }
        };
      });
    });
  });

  it("swapped files, extra bytes, a future version and NaN weights are refused", () => {
    refuseAll("F5 others", (saved) => {
      const { path, originals } = saved;
      const files = [...originals.keys()];
      const swaps = files.flatMap((a, i) => files.slice(i + 1).map((b) => [a, b] as const));
      return [
        ...swaps.map(([a, b]) => () => {
          writeFileSync(join(path, a), originals.get(b)!);
          writeFileSync(join(path, b), originals.get(a)!);
        }),
        ...files.map((file) => () => appendFileSync(join(path, file), "\0")),
        ...files.map((file) => () => rmSync(join(path, file))),
        () => saved.forge((manifest) => (manifest["version"] = 2)),
        // A file sealed well, whose last weight is NaN.
        ...["model.safetensors", "ema.safetensors"].map((file) => () => {
          const bytes = Buffer.from(originals.get(file)!);
          bytes.writeFloatLE(NaN, bytes.length - 4);
          writeFileSync(join(path, file), bytes);
          saved.forge(({ files: seals }) => {
            (seals as Record<string, object>)[file] = {
              bytes: bytes.length,
              sha256: sha256(bytes),
            };
          });
        }),
      ];
    });
  });
});

describe("F6 hostile checkpoints", () => {
  it("are refused before anything is read outside the folder or allocated", () => {
    refuseAll("F6", (saved) => {
      const { path, originals, folder } = saved;
      const seal = { bytes: 10, sha256: "0".repeat(64) };
      const addFile = (name: string) => (manifest: Record<string, unknown>) => {
        const files = Object.entries(manifest["files"] as object);
        manifest["files"] = Object.fromEntries([...files, [name, seal]]);
      };
      const reseal = (change: object) => (manifest: Record<string, unknown>) => {
        const files = manifest["files"] as Record<string, object>;
        files["model.safetensors"] = { ...files["model.safetensors"], ...change };
      };
      const forgeries: ((manifest: Record<string, unknown>) => void)[] = [
        addFile("../step-00000001/model.safetensors"),
        addFile("/etc/hostname"),
        addFile("__proto__"),
        addFile("constructor"),
        ...[-1, 1.5, 1e12, "10", null].map((bytes) => reseal({ bytes })),
        reseal({ sha256: "0".repeat(63) }),
        reseal({ path: "/etc/hostname" }),
        ...[-1, 0.5, "2", null, 2 ** 60].map((step) => (m: object) => Object.assign(m, { step })),
        (manifest) => (manifest["rng"] = { key: 0.5, counter: 0 }),
        (manifest) => (manifest["rng"] = { key: 1, counter: -1 }),
        (manifest) => (manifest["rng"] = []),
        (manifest) => (manifest["files"] = {}),
        (manifest) => (manifest["surprise"] = 1),
        (manifest) => Reflect.deleteProperty(manifest, "versions"),
      ];
      const outside = join(folder, "outside");
      return [
        ...forgeries.map((change) => () => saved.forge(change)),
        () => {
          writeFileSync(outside, originals.get("model.safetensors")!);
          rmSync(join(path, "model.safetensors"));
          symlinkSync(outside, join(path, "model.safetensors"));
        },
        // 100 MB of manifest, and a terabyte of weights that take no room.
        () => truncateSync(join(path, "manifest.json"), 100 * 2 ** 20),
        () => truncateSync(join(path, "model.safetensors"), 2 ** 40),
        () => writeFileSync(join(path, "manifest.json"), "[".repeat(60_000)),
      ];
    });
  });
});
