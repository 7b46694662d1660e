import type { Disposable } from "../core/memory";
import { Scope } from "../core/memory";
import { Rng } from "../core/random";
import type { Images } from "../core/types";
import { tf } from "../engine/tf";
import { loadCourseWeights } from "../pipelines/checkpoint";
import { AttnGan } from "../pipelines/gan/attngan";
import { CaptionEncoders, type EncodedCaptions } from "../pipelines/gan/caption-encoders";
import { StackGan } from "../pipelines/gan/stackgan";
import type { DiffusionPipeline } from "../pipelines/pipeline";

/** What a painter is asked for. */
export type PaintOptions = {
  /** One picture for each. */
  readonly captions: readonly string[];
  readonly seed: number;
  /** Steps from noise to a picture, for a sampler that takes some. */
  readonly numSteps: number;
  /** s of classifier-free guidance; 1 is none. */
  readonly guidanceScale: number;
  readonly signal: AbortSignal;
};

/** A picture in the making. */
export type PaintMoment = {
  /** Steps done. */
  readonly step: number;
  readonly numSteps: number;
  /** The pictures as they are now, `[B, H, H, 3]` in [−1, 1]; the caller owns them. */
  pictures(): Images;
};

/** Anything that makes pictures of captions. */
export interface Painter extends Disposable {
  /** The last moment has the finished pictures. Stopped, it ends before it. */
  paint(options: PaintOptions): AsyncIterable<PaintMoment>;
}

/** A diffusion sampler shows what it takes the picture for at each step. */
export function pipelinePainter(pipeline: DiffusionPipeline): Painter {
  return {
    async *paint({ captions, seed, numSteps, guidanceScale, signal }) {
      const options = { captions, numSteps, guidanceScale, signal, rng: new Rng(seed) };
      for await (const { step, numSteps: last, x, pictures } of pipeline.stream(options)) {
        const finished = (): Images => pipeline.decode(x);
        yield { step, numSteps: last, pictures: step === last ? finished : pictures };
      }
    },
    dispose: () => {
      pipeline.dispose();
    },
  };
}

/** The course's AttnGAN of this name, `attngan-1`. @throws DataMissingError, CheckpointError */
export function attnGanPainter(name: string): Painter {
  return ganPainter(name, AttnGan, (net, text, rng) => {
    const { small, large } = net.draw(text, rng);
    return [small, large];
  });
}

/** The course's StackGAN of this name, `stackgan-1`. @throws DataMissingError, CheckpointError */
export function stackGanPainter(name: string): Painter {
  return ganPainter(name, StackGan, (net, text, rng) => net.large(text, rng).images);
}

/** A GAN needs one step for each of its picture sizes. */
function ganPainter<N extends AttnGan | StackGan>(
  name: string,
  Net: new (textSize: number, rng: Rng) => N,
  draw: (net: N, text: EncodedCaptions, rng: Rng) => readonly Images[],
): Painter {
  const scope = new Scope();
  try {
    const encoders = scope.own(new CaptionEncoders(new Rng(0)));
    const net = scope.own(new Net(encoders.size, new Rng(0)));
    loadCourseWeights("caption-encoders", encoders);
    loadCourseWeights(name, net);
    encoders.setTraining(false);
    net.setTraining(false);
    return {
      async *paint({ captions, seed }) {
        const drawn = tf.tidy(() => [...draw(net, encoders.encode(captions), new Rng(seed))]);
        try {
          for (const [i, images] of drawn.entries()) {
            yield { step: i + 1, numSteps: drawn.length, pictures: () => images.clone() };
          }
        } finally {
          tf.dispose(drawn);
        }
      },
      dispose: () => {
        scope.dispose();
      },
    };
  } catch (error) {
    scope.dispose();
    throw error;
  }
}
