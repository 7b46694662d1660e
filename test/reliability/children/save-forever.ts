// Usage: save-forever FOLDER FIRST_STEP: saves 16 MB as step n with all weights n, n = FIRST_STEP, …
import { Rng, training } from "latentlab";

import { fillWith, largeModel } from "./large-model";

const [, , folder = "", firstStep = ""] = process.argv;
const model = largeModel(new Rng(1));
for (let step = Number(firstStep); ; step++) {
  fillWith(model, step);
  training.saveCheckpoint(folder, step, { model });
  console.log(`saved ${step}`);
}
