import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { core, results } from "latentlab";

const MEASURED = {
  subject: "U-Net",
  metric: "FID",
  better: "lower",
  value: 12,
  n: 1000,
  floor: 2.5,
  seed: 1,
  seconds: 30,
} as const;

function threeSeeds(): results.Scores {
  const scores = new results.Scores("03-ddpm");
  scores.record(MEASURED);
  scores.record({ ...MEASURED, seed: 2, value: 13, floor: 3.5 });
  scores.record({ ...MEASURED, seed: 3, value: 17, floor: 3 });
  return scores;
}

describe("store of results", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "latentlab-results-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("makes one score of several seeds: mean and standard error by hand", () => {
    const score = threeSeeds().of("U-Net", "FID");
    // Deviations −2, −1, 3: variance 14/2, standard error √(7/3).
    assert.equal(score.mean, 14);
    assert.ok(Math.abs((score.plusMinus ?? NaN) - 1.5275252316519468) < 1e-12);
    const { over, floor, n, seeds, seconds } = score;
    assert.deepEqual(
      { over, floor, n, seeds, seconds },
      {
        ...{ over: "seeds", floor: 3, n: 1000 },
        ...{ seeds: [1, 2, 3], seconds: 90 },
      },
    );
  });

  it("shows n, floor, seeds, ±, seconds, device and versions of every score", () => {
    const { "text/plain": text } = threeSeeds()[core.DISPLAY]();
    for (const piece of ["14.0 ± 1.5", "1000", "1 2 3", "90", "cpu", "TensorFlow 2", "Node 2"])
      assert.ok(String(text).includes(piece), `${piece} is missing:\n${text}`);
    assert.match(String(text), /LatentLab \d+\.\d+\.\d+/);
  });

  it("takes the error over the examples for a single seed, none for a bare number", () => {
    const scores = new results.Scores("01-vae");
    const elbo = { ...MEASURED, metric: "ELBO", unit: "nats", better: "higher" } as const;
    scores.record({ ...elbo, floor: null, value: { mean: -105.23, standardError: 0.8, n: 1000 } });
    scores.record(MEASURED);
    assert.equal(results.formatScore(scores.of("U-Net", "ELBO")), "−105.23 ± 0.80 nats");
    assert.equal(scores.of("U-Net", "ELBO").over, "examples");
    assert.equal(results.formatScore(scores.of("U-Net", "FID")), "12.00");
  });

  it("replaces a seed that is measured again, and refuses seeds measured another way", () => {
    const scores = threeSeeds();
    scores.record({ ...MEASURED, seed: 3, value: 11 });
    assert.equal(scores.rows.length, 3);
    assert.equal(scores.of("U-Net", "FID").mean, 12);
    assert.throws(() => scores.record({ ...MEASURED, seed: 4, n: 500 }), /n 500, but 1000/);
    assert.throws(() => scores.record({ ...MEASURED, value: NaN }), core.ValueError);
    assert.throws(() => scores.record({ ...MEASURED, floor: Infinity }), /floor/);
    assert.throws(() => scores.of("GAN", "FID"), /There is: FID of U-Net/);
  });

  it("comes back from Parquet as it was, nulls and types too; CSV has a line per row", () => {
    const scores = threeSeeds();
    scores.record({ ...MEASURED, metric: "ELBO", floor: null, unit: "nats" });
    assert.match(scores.save(folder), /^4 measurements in .*03-ddpm\.parquet/);
    assert.deepEqual(results.readScores("03-ddpm", folder), scores.rows);
    const lines = readFileSync(join(folder, "03-ddpm.csv"), "utf8").trim().split("\n");
    assert.equal(lines.length, 5);
    assert.equal(new results.Scores("empty").save(folder).startsWith("0 measurements"), true);
    assert.deepEqual(results.readScores("empty", folder), []);
  });

  it("says what is wrong with a file, and goes on where it cannot be written", () => {
    writeFileSync(join(folder, "cut.parquet"), "PAR1");
    assert.throws(() => results.readScores("cut", folder), core.DataFormatError);
    assert.throws(() => results.readScores("none", folder), /Run notebook none first/);
    const file = join(folder, "cut.parquet");
    assert.match(threeSeeds().save(join(file, "sub")), /were not kept: ENOTDIR/);
  });
});
