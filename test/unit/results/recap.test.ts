import { strict as assert } from "node:assert";

import { type core, results } from "latentlab";

const BASE = { metric: "FID", better: "lower", n: 100, floor: 1, seconds: 1 } as const;

/** Two models an error of 0.1 each apart by `gap`. */
function twoModels(gap: number): results.Scores {
  const scores = new results.Scores("04-compare");
  for (const [i, subject] of ["GAN", "DDPM"].entries()) {
    const value = { mean: 20 - i * gap, standardError: 0.1, n: 100 };
    scores.record({ ...BASE, subject, value, seed: 1 });
  }
  return scores;
}

describe("recap", () => {
  it("renders numbers and comparisons from the store", () => {
    const scores = twoModels(5);
    const recap = scores.recap`Now the FID is ${scores.of("DDPM", "FID")}: ${scores.compare(
      "DDPM",
      "GAN",
      "FID",
    )}. First is ${scores.best("FID")}, as R.8 promised.`;
    assert.equal(
      String(recap),
      "Now the FID is 15.00 ± 0.10: DDPM is better than GAN (FID 15.00 ± 0.10 against " +
        "20.00 ± 0.10). First is DDPM (15.00 ± 0.10), as R.8 promised.",
    );
  });

  it("changes its words with the numbers: worse, or not to be told apart", () => {
    const said = (gap: number): string => {
      const scores = twoModels(gap);
      return String(scores.recap`${scores.compare("DDPM", "GAN", "FID")}`);
    };
    assert.match(said(-5), /^DDPM is worse than GAN/);
    // Three errors of the difference are 3 √(0.1² + 0.1²) = 0.424.
    assert.match(said(0.42), /^DDPM is within the errors of GAN/);
    assert.match(said(0.43), /^DDPM is better than GAN/);
  });

  it("says so where the error of one score or of both is unknown", () => {
    const said = (gap: number, value: number | core.Estimate = 20): string => {
      const scores = new results.Scores("04-compare");
      scores.record({ ...BASE, subject: "GAN", value, seed: 1 });
      scores.record({ ...BASE, subject: "DDPM", value: 20 - gap, seed: 1 });
      return String(scores.recap`${scores.compare("DDPM", "GAN", "FID")}`);
    };
    const known = { mean: 20, standardError: 0.1, n: 100 };
    assert.match(said(0.29, known), /^DDPM is within the errors of GAN/);
    assert.match(said(0.31, known), /^DDPM is better than, the error of one unknown, GAN/);
    assert.match(said(-0.01), /^DDPM is worse than, one run each and no error known, GAN/);
  });

  it("takes no number and no comparison by hand", () => {
    const scores = twoModels(5);
    assert.throws(() => scores.recap`The FID is 15.`, /"15" is written by hand/);
    assert.throws(() => scores.recap`DDPM beats the GAN.`, /"beats" is written by hand/);
    assert.throws(() => scores.recap`It is ${scores.best("IS")}.`, /no IS/);
  });

  it("that contradicts its table is found out", () => {
    const scores = twoModels(5);
    const recap = scores.recap`${scores.compare("DDPM", "GAN", "FID")}.`;
    const { parts } = recap.toJSON();
    const shown = String(recap);
    const against = (rows = scores.rows, text = shown, data = { parts }): string[] =>
      results.contradictions(text, data, rows);
    assert.deepEqual(against(), []);
    assert.match(against(twoModels(-5).rows).join(), /says ".*better.*the table says ".*worse/);
    assert.match(against([]).join(), /There is no FID of DDPM/);
    assert.match(against(scores.rows, shown.replace("15.00", "12.00")).join(), /another text/);
    const byHand = { parts: [...parts, " It wins."] };
    assert.match(against(scores.rows, `${shown} It wins.`, byHand).join(), /"wins" stands/);
  });
});
