import { assertInRange, assertInteger, assertOneOf, assertReal } from "../core/guard";
import { ValueError } from "../core/errors";
import type { Rng } from "../core/random";
import type { Denoiser, Images, Labels, Timesteps, Tokens } from "../core/types";
import { encodeCaptions } from "../data/shapes/vocabulary";
import { classifierFree } from "../diffusion/guided";
import type { NoiseSchedule } from "../diffusion/schedule";
import { tf } from "../engine/tf";
import type { Autoencoder } from "../models/autoencoder";
import type { TextTower } from "../models/clip";
import type { Dit } from "../models/dit";
import type { Unet } from "../models/unet";
import type { Disposable } from "../core/memory";
import { clipTo } from "../samplers/limit";
import { type Moment, sample } from "../samplers/sample";
import { type CompiledSampler, compileSampler, type Sampler } from "../samplers/sampler";
import { SAMPLER_NAMES, type SamplerName, scheduledSampler } from "./algorithms";

/** A trained sampler's parts. The pipeline takes them over: `dispose` frees them. */
export type PipelineParts = {
  readonly denoiser: Unet | Dit;
  readonly schedule: NoiseSchedule;
  /** What the denoiser was trained to predict; default the noise. */
  readonly predicts?: "noise" | "x0" | "v";
  /** For a denoiser of latents: what makes pictures of them. */
  readonly autoencoder?: Autoencoder;
  /** What latents were multiplied by for training, so that their standard deviation is 1. */
  readonly latentScale?: number;
  /** For a denoiser that takes captions: what encodes them. */
  readonly textTower?: TextTower;
};

export type GenerateOptions = {
  /** One picture for each: a caption, or a class. A network without condition takes `count`. */
  readonly captions?: readonly string[];
  readonly labels?: readonly number[];
  readonly count?: number;
  readonly rng: Rng;
  /** Default 20. */
  readonly numSteps?: number;
  /** s of classifier-free guidance; 1, the default, is none. */
  readonly guidanceScale?: number;
  /** Default "dpm-solver". */
  readonly sampler?: SamplerName;
  readonly signal?: AbortSignal;
};

/** What a network is asked for, and how strongly it shall follow. */
export type PipelineCondition = {
  /** Token ids `[B, L]` or classes `[B]`, int32. */
  readonly ids: tf.Tensor;
  /** s of classifier-free guidance; without it the network is asked once, which is s = 1. */
  readonly guidanceScale?: tf.Scalar;
};

/** A picture in the making: `x` noisy and `x0` as the network sees it, in latents or pixels. */
export type GenerationMoment = Moment & {
  /** The predicted clean pictures `[B, H, W, C]`, in [−1, 1]; the caller owns them. */
  pictures(): Images;
};

/**
 * From captions, classes or nothing to pictures, with whatever networks were trained for it: pixels
 * or latents, U-Net or transformer. Graphs are kept from call to call.
 *
 * @example
 * const pipeline = loadPipeline("datasets/checkpoints/shapes-dit");
 * const pictures = await pipeline.generate({ captions: ["a large red circle"], rng: new Rng(1) });
 */
export class DiffusionPipeline implements Disposable {
  private readonly samplers = new Map<SamplerName, CompiledSampler<Images, PipelineCondition>>();

  /** @throws ValueError if parts do not belong together */
  constructor(readonly parts: PipelineParts) {
    const { denoiser, textTower, autoencoder, latentScale = 1 } = parts;
    assertInRange("DiffusionPipeline", "latentScale", latentScale, [Number.MIN_VALUE, Infinity]);
    const { contextSize } = denoiser.config;
    if (contextSize !== textTower?.config.size) {
      throw new ValueError(
        `DiffusionPipeline: the denoiser takes captions of ${contextSize ?? "no"} features, ` +
          `the text tower gives ${textTower?.config.size ?? "none"}.`,
      );
    }
    const [size, channels] = this.denoisedShape();
    const [latentSize, latentChannels] = [
      autoencoder?.latentSize,
      autoencoder?.config.latentChannels,
    ];
    if (autoencoder === undefined || (size === latentSize && channels === latentChannels)) return;
    throw new ValueError(
      `DiffusionPipeline: the denoiser works on ${size}×${size}×${channels}, the autoencoder's ` +
        `latents are ${latentSize}×${latentSize}×${latentChannels}.`,
    );
  }

  /**
   * @returns pictures `[B, H, W, C]`, in [−1, 1]; the caller owns them
   * @throws ValueError for a condition that the network does not take, or an unknown word
   * @throws StoppedError after an interrupt, or if `signal` ended it
   */
  async generate(options: GenerateOptions): Promise<Images> {
    let pictures: Images | undefined;
    for await (const moment of this.stream(options)) {
      if (moment.step === moment.numSteps) pictures = this.decode(moment.x);
    }
    if (pictures === undefined) throw new ValueError("DiffusionPipeline: sampling was stopped.");
    return pictures;
  }

  /** The same step by step; moments are borrowed until the next turn. */
  async *stream(options: GenerateOptions): AsyncGenerator<GenerationMoment, void, void> {
    const { rng, numSteps = 20, guidanceScale = 1, sampler = "dpm-solver", signal } = options;
    assertOneOf("DiffusionPipeline", "sampler", sampler, SAMPLER_NAMES);
    assertReal("DiffusionPipeline", "guidanceScale", guidanceScale);
    const ids = this.idsOf(options);
    const count = ids?.shape[0] ?? options.count ?? 1;
    const [size, channels] = this.denoisedShape();
    const shape = [count, size, size, channels];
    const condition = ids && {
      ids,
      ...(guidanceScale !== 1 && { guidanceScale: tf.scalar(guidanceScale) }),
    };
    try {
      const algorithm = this.compiledSampler(sampler);
      const moments = sample(algorithm, {
        shape,
        rng,
        numSteps,
        ...(condition && { condition }),
        ...(signal && { signal }),
      });
      for await (const moment of moments) {
        yield { ...moment, pictures: () => this.decode(moment.x0) };
      }
    } finally {
      tf.dispose({ ...condition });
    }
  }

  /** An algorithm on this network and schedule, op by op. */
  sampler(name: SamplerName): Sampler<Images, PipelineCondition> {
    const { schedule, predicts = "noise", autoencoder } = this.parts;
    const limits = autoencoder === undefined ? { limitX0: clipTo(-1, 1) } : {};
    return scheduledSampler(name, (x, t, asked) => this.predict(x, t, asked), schedule, {
      predicts,
      ...limits,
    });
  }

  /**
   * What the network says of x_t, guided if a scale is given.
   *
   * @param x `[B, h, w, C]` latents or pixels
   * @returns the noise, or what else it `predicts`; the caller owns it
   */
  predict(
    x: Images,
    t: Timesteps,
    { ids, guidanceScale }: Partial<PipelineCondition> = {},
  ): Images {
    const { denoiser, textTower } = this.parts;
    if (ids === undefined) return denoiser.forward(x, t);
    const denoise: Denoiser<Images, tf.Tensor> = (noisy, at, asked) =>
      tf.tidy(() => {
        const isText = textTower !== undefined;
        const given = isText ? textTower.forward(asked as Tokens) : (asked as Labels);
        return denoiser.forward(noisy, at, given);
      });
    if (guidanceScale === undefined) return denoise(x, t, ids);
    const nullCondition = (asked: tf.Tensor): tf.Tensor => this.nullCondition(asked);
    return classifierFree(denoise, { guidanceScale, nullCondition })(x, t, ids);
  }

  /** Latents or pixels of the denoiser to pictures in [−1, 1]; the caller owns them. */
  decode(x: Images): Images {
    const { autoencoder, latentScale = 1 } = this.parts;
    return tf.tidy(() => {
      const pictures = autoencoder === undefined ? x : autoencoder.decode(x.div(latentScale));
      return pictures.clipByValue(-1, 1) as Images;
    });
  }

  dispose(): void {
    for (const sampler of this.samplers.values()) sampler.dispose();
    this.samplers.clear();
    const { denoiser, autoencoder, textTower } = this.parts;
    for (const part of [denoiser, autoencoder, textTower]) part?.dispose();
  }

  /** Side and channels of what is denoised. */
  denoisedShape(): readonly [size: number, channels: number] {
    const { config } = this.parts.denoiser;
    return "inputSize" in config
      ? [config.inputSize, config.inChannels]
      : [config.imageSize, config.imageChannels];
  }

  private idsOf({ captions, labels, count }: GenerateOptions): tf.Tensor | undefined {
    const { contextSize, numClasses } = this.parts.denoiser.config;
    const wanted =
      contextSize !== undefined ? "captions" : numClasses !== undefined ? "labels" : "count";
    const given = Object.entries({ captions, labels, count })
      .filter(([, value]) => value !== undefined)
      .map(([name]) => name);
    if (given.length !== 1 || given[0] !== wanted) {
      throw new ValueError(
        `DiffusionPipeline: this network is asked by ${wanted}, got ${given.join(", ") || "none"}.`,
      );
    }
    if (captions !== undefined) return encodeCaptions(captions);
    if (labels === undefined) {
      assertInteger("DiffusionPipeline", "count", count as number);
      return undefined;
    }
    labels.forEach((label, i) => {
      assertInteger("DiffusionPipeline", `labels[${i}]`, label, 0);
      assertInRange("DiffusionPipeline", `labels[${i}]`, label, [0, numClasses as number]);
    });
    return tf.tensor1d([...labels], "int32");
  }

  private compiledSampler(name: SamplerName): CompiledSampler<Images, PipelineCondition> {
    let compiled = this.samplers.get(name);
    if (compiled === undefined) {
      compiled = compileSampler(this.sampler(name));
      this.samplers.set(name, compiled);
    }
    return compiled;
  }

  private nullCondition(condition: tf.Tensor): tf.Tensor {
    const { numClasses = 0 } = this.parts.denoiser.config;
    return tf.fill(condition.shape, numClasses, "int32"); // padding is 0
  }
}
