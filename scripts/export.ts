/**
 * `npm run export -- NAME FOLDER`: write a trained sampler as a TensorFlow SavedModel. NAME is one of
 * the course's checkpoints or the path of another, without an ending.
 */
import { core, pipelines } from "latentlab";

function main([name, folder]: readonly string[]): void {
  if (name === undefined || folder === undefined) {
    throw new core.ValueError("Which sampler, and where to?", "npm run export -- NAME FOLDER");
  }
  const pipeline = pipelines.loadSampler(name);
  pipelines.exportPipeline(folder, pipeline);
  pipeline.dispose();
  console.log(`${folder} is written. In Python: tf.saved_model.load("${folder}").signatures`);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof core.LatentLabError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
