import { readdirSync } from "node:fs";
import { dirname } from "node:path";

import { checkpointPath } from "../pipelines/checkpoint";
import { latentSamplerOf, loadSampler } from "../pipelines/course-sampler";
import { describePipeline, loadPipeline } from "../pipelines/store";
import { attnGanPainter, type Painter, pipelinePainter, stackGanPainter } from "./painter";

/** A model that the gallery offers; it is loaded when it is first asked. */
export type GalleryModel = {
  readonly name: string;
  /** For people: "latent DiT". */
  readonly title: string;
  /** Whether steps and guidance mean something to it. */
  readonly isDiffusion: boolean;
  load(): Painter;
};

/** The course's models that make pictures of captions, as far as their checkpoints are there. */
export function courseModels(): GalleryModel[] {
  const names = checkpointNames();
  const pipelines = names.map(pipelineModel).filter((model) => model !== undefined);
  return [
    ...names.flatMap(shapesModel),
    ...pipelines,
    ...gansOf(names, /^attngan-\d+$/, "AttnGAN", attnGanPainter),
    ...gansOf(names, /^stackgan-\d+$/, "StackGAN", stackGanPainter),
  ];
}

function checkpointNames(): string[] {
  try {
    return readdirSync(dirname(checkpointPath("any")))
      .filter((file) => file.endsWith(".json"))
      .map((file) => file.slice(0, -".json".length))
      .sort();
  } catch {
    return [];
  }
}

/** A latent sampler of the course. */
function shapesModel(name: string): GalleryModel[] {
  const latent = latentSamplerOf(name);
  if (latent === undefined) return [];
  const title = `latent ${latent.kind === "dit" ? "DiT" : "U-Net"}, seed ${latent.seed}`;
  return [{ name, title, isDiffusion: true, load: () => pipelinePainter(loadSampler(name)) }];
}

/** A saved pipeline, if that is what it is and if it takes captions. */
function pipelineModel(name: string): GalleryModel | undefined {
  const path = checkpointPath(name);
  const described = describePipeline(path);
  if (described?.asks !== "captions") return undefined;
  const { network, space } = described;
  return {
    name,
    title: `${space === "latents" ? "latent" : "pixel"} ${network === "dit" ? "DiT" : "U-Net"}`,
    isDiffusion: true,
    load: () => pipelinePainter(loadPipeline(path)),
  };
}

function gansOf(
  names: readonly string[],
  pattern: RegExp,
  title: string,
  load: (name: string) => Painter,
): GalleryModel[] {
  return names
    .filter((name) => pattern.test(name))
    .map((name) => ({ name, title, isDiffusion: false, load: () => load(name) }));
}
