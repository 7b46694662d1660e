// Usage: fill-disk FOLDER: saves a small model, then 16 MB where there is no room for them, and
// prints the error's class and message, what the folder holds, and whether the first save loads.
import { readdirSync } from "node:fs";

import { Rng, training } from "latentlab";

import { Mlp } from "../../support/mlp";
import { largeModel } from "./large-model";

const [, , folder = ""] = process.argv;
const [small, large] = [new Mlp([4, 8, 4], new Rng(1)), largeModel(new Rng(2))];
training.saveCheckpoint(folder, 1, { model: small });
let error = new Error("none");
try {
  training.saveCheckpoint(folder, 2, { model: large });
} catch (thrown) {
  error = thrown as Error;
}
const { name, message } = error;
const resumed = training.resume(folder, { model: small });
console.log(JSON.stringify({ name, message, entries: readdirSync(folder), resumed }));
