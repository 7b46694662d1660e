import { join } from "node:path";

import { type ExportedFunction, exportSavedModel, type InputSpec } from "../compile";
import { CheckpointError } from "../core/errors";
import { writeWhole } from "../core/files";
import { gatherRows } from "../core/ops";
import { Rng } from "../core/random";
import type { Images, Timesteps } from "../core/types";
import { MAX_CAPTION_WORDS, VOCABULARY } from "../data/shapes/vocabulary";
import type { NoiseSchedule } from "../diffusion/schedule";
import { tf } from "../engine/tf";
import type { DiffusionPipeline } from "./pipeline";

/**
 * Write a sampler as a TensorFlow SavedModel, `FOLDER/saved_model.pb`, for programs without
 * LatentLab. Its functions take any number of pictures at once:
 *
 * - `serving_default(x, t, tokens | labels)` is the network alone: `noise`, `x0` or `v`, as trained;
 * - `step(x, t, t_next, tokens | labels, guidance_scale)` is a step of DDIM under guidance: `x`, and
 *   `x0` as the network sees it. t descends from T; `t_next` is 0 at the last;
 * - `decode(x)` makes `pictures` of what was sampled, in [−1, 1].
 *
 * `FOLDER/latentlab.json` has the rest: the shape of x, T, ᾱ, and the words, whose places in the list
 * are their tokens. The network alone gets tokens or labels for "no condition" as well.
 *
 * @throws CheckpointError if it cannot be written
 * @see exportSavedModel for anything else that is trained
 */
export function exportPipeline(folder: string, pipeline: DiffusionPipeline): void {
  const { schedule, predicts = "noise", denoiser } = pipeline.parts;
  exportSavedModel(folder, {
    serving_default: networkOf(pipeline),
    step: stepOf(pipeline),
    decode: {
      inputs: { x: { shape: xShape(pipeline) } },
      run: ({ x }) => ({ pictures: pipeline.decode(x as Images) }),
    },
  });
  const { contextSize, numClasses } = denoiser.config;
  const description = {
    format: "latentlab-export",
    version: 1,
    x: xShape(pipeline),
    predicts,
    numTimesteps: schedule.numTimesteps,
    alphaBar: Array.from(schedule.alphaBar),
    ...(contextSize !== undefined && {
      captions: { words: VOCABULARY, length: MAX_CAPTION_WORDS, none: 0 },
    }),
    ...(numClasses !== undefined && { labels: { count: numClasses, none: numClasses } }),
  };
  const file = join(folder, "latentlab.json");
  try {
    writeWhole(file, `${JSON.stringify(description, null, 2)}\n`);
  } catch (cause) {
    throw new CheckpointError(`${file} could not be written.`, undefined, { cause });
  }
}

function networkOf(pipeline: DiffusionPipeline): ExportedFunction {
  const condition = conditionOf(pipeline);
  const { predicts = "noise" } = pipeline.parts;
  return {
    inputs: {
      x: { shape: xShape(pipeline) },
      t: { shape: [null], dtype: "int32" },
      ...(condition && { [condition.name]: condition.spec }),
    },
    run(inputs) {
      const ids = condition && inputs[condition.name];
      const [x, t] = [inputs["x"] as Images, inputs["t"] as Timesteps];
      return { [predicts]: pipeline.predict(x, t, { ...(ids && { ids }) }) };
    },
  };
}

function stepOf(pipeline: DiffusionPipeline): ExportedFunction {
  const condition = conditionOf(pipeline);
  const sampler = pipeline.sampler("ddim");
  const time: InputSpec = { shape: [], dtype: "int32" };
  return {
    inputs: {
      ...{ x: { shape: xShape(pipeline) }, t: time, t_next: time },
      ...(condition && { [condition.name]: condition.spec, guidance_scale: { shape: [] } }),
    },
    run(inputs) {
      const ids = condition && inputs[condition.name];
      const guidanceScale = inputs["guidance_scale"] as tf.Scalar;
      const given = {
        x: inputs["x"] as Images,
        memory: [],
        condition: ids && { ids, guidanceScale },
        rng: new Rng(0), // DDIM draws nothing
      };
      const [t, tNext] = [inputs["t"] as tf.Scalar, inputs["t_next"] as tf.Scalar];
      const { x, x0 } = sampler.step(given, ddimNumbers(pipeline.parts.schedule, t, tNext));
      return { x, x0 };
    },
  };
}

/** What `ddim` works out of times in its `moves`, of times that are tensors. */
function ddimNumbers(
  { alphaBar }: NoiseSchedule,
  t: tf.Scalar,
  tNext: tf.Scalar,
): Record<string, tf.Scalar> {
  const at = (table: Float64Array, time: tf.Scalar): tf.Scalar =>
    gatherRows(tf.tensor1d(Float32Array.from(table)), time.reshape([1])).reshape([]);
  const [signal, spread] = [alphaBar.map(Math.sqrt), alphaBar.map((a) => Math.sqrt(1 - a))];
  return {
    t: t.toFloat(),
    signal: at(signal, t),
    spread: at(spread, t),
    signalNext: at(signal, tNext),
    direction: at(spread, tNext),
  };
}

/** The input that asks for a picture, if the network takes one. */
function conditionOf({
  parts: { denoiser },
}: DiffusionPipeline): { readonly name: string; readonly spec: InputSpec } | undefined {
  const { contextSize, numClasses } = denoiser.config;
  if (contextSize !== undefined) {
    return { name: "tokens", spec: { shape: [null, MAX_CAPTION_WORDS], dtype: "int32" } };
  }
  return numClasses === undefined
    ? undefined
    : { name: "labels", spec: { shape: [null], dtype: "int32" } };
}

function xShape(pipeline: DiffusionPipeline): readonly (number | null)[] {
  const [size, channels] = pipeline.denoisedShape();
  return [null, size, size, channels];
}
