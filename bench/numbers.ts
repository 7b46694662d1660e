import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { tf } from "latentlab";

/** The works' parameters and sizes; every peer reads the same file. */
export interface WorkConfig {
  readonly batch: number;
  readonly params: readonly (readonly [name: string, shape: number[]])[];
  readonly optimizer: {
    readonly lr: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly weight_decay?: number;
  };
  readonly ema?: number;
  readonly latent: number;
  readonly nz: number;
  readonly T: number;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly num_classes: number;
  readonly label_drop: number;
  readonly fourier: number;
  readonly sigma: number;
}

export interface SamplingConfig {
  readonly steps: number;
  readonly images: number;
  readonly cfg_scale: number;
  readonly params_cfg_extra: WorkConfig["params"];
}

export type TrainingWork =
  "vae_mlp" | "vae_conv" | "dcgan" | "ddpm_unet" | "dit_tiny" | "score_mlp";
export type Work = TrainingWork | "ddim" | "ddim_cfg";
export const WORKS: readonly Work[] = [
  "vae_mlp",
  "vae_conv",
  "dcgan",
  "ddpm_unet",
  "dit_tiny",
  "score_mlp",
  "ddim",
  "ddim_cfg",
];

const file = JSON.parse(readFileSync(resolve("bench/works.json"), "utf8")) as {
  readonly models: Readonly<Record<TrainingWork, WorkConfig>> & { readonly ddim: SamplingConfig };
};
export const models = file.models;

/** Numbers in [0, 1) that every framework computes alike: a hash of name and position. */
export function uniform(name: string, size: number): Float32Array {
  let seed = 2166136261;
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 16777619);
  return Float32Array.from({ length: size }, (_, j) => {
    let h = (Math.imul(j, 0x9e3779b1) + seed) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  });
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, axis) => product * axis, 1);
}

/** Hash noise of mean 0 and variance 1; the caller owns it. */
export function noise(name: string, shape: number[]): tf.Tensor {
  const values = uniform(name, sizeOf(shape)).map((u) => Math.sqrt(3) * (2 * u - 1));
  return tf.tensor(values, shape);
}

/** A parameter's first value; the caller owns it. */
export function parameter(name: string, shape: number[]): tf.Tensor {
  const size = sizeOf(shape);
  const centred = uniform(name, size).map((u) => 2 * u - 1);
  const scale = Math.sqrt((3 * (shape.at(-1) ?? 1)) / size);
  if (name.endsWith(".bias"))
    return tf.tensor(
      centred.map((c) => 0.1 * c),
      shape,
    );
  if (name.endsWith(".gain"))
    return tf.tensor(
      centred.map((c) => 1 + 0.1 * c),
      shape,
    );
  return tf.tensor(
    centred.map((c) => c * scale),
    shape,
  );
}

const IMAGE_SHAPES: Readonly<Record<TrainingWork, readonly number[]>> = {
  vae_mlp: [784],
  vae_conv: [32, 32, 1],
  dcgan: [32, 32, 1],
  ddpm_unet: [32, 32, 1],
  dit_tiny: [8, 8, 4],
  score_mlp: [2],
};

export function batchShape(work: TrainingWork): number[] {
  return [models[work].batch, ...IMAGE_SHAPES[work]];
}

/** The batch of all steps: in [0, 1) for the VAEs, in [−1, 1) for the others. */
export function data(work: TrainingWork): tf.Tensor {
  const values = uniform("data0", sizeOf(batchShape(work)));
  const scaled = work.startsWith("vae") ? values : values.map((u) => 2 * u - 1);
  return tf.tensor(scaled, batchShape(work));
}

export function labels(work: TrainingWork): tf.Tensor1D {
  const { batch, num_classes } = models[work];
  return tf.tensor1d(
    Array.from(uniform("label0", batch), (u) => Math.floor(u * num_classes)),
    "int32",
  );
}

/** The draws of a step, by name: given ones when checking, random ones when timing. */
export type Draws = Readonly<Record<string, tf.Tensor>>;

/** The draws of check step `step`; the caller owns them. */
export function checkDraws(work: TrainingWork, step: number): Draws {
  const { batch, latent, nz, T, label_drop } = models[work];
  if (work === "dcgan") return { z: noise(`z${step}`, [batch, nz]) };
  if (work.startsWith("vae")) return { eps: noise(`eps${step}`, [batch, latent]) };
  const u = Array.from(uniform(`t${step}`, batch));
  const eps = noise(`eps${step}`, batchShape(work));
  if (work === "score_mlp") {
    const t = u.map((v) => Math.fround(Math.fround(v * (1 - 1e-5)) + 1e-5));
    return { eps, t: tf.tensor1d(t) };
  }
  const t = tf.tensor1d(
    u.map((v) => Math.floor(v * T)),
    "int32",
  );
  if (work !== "dit_tiny") return { eps, t };
  const drop = Array.from(uniform(`drop${step}`, batch), (v) => v < label_drop);
  return { eps, t, drop: tf.tensor1d(drop, "bool") };
}
