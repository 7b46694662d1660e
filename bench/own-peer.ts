// Our side of the race: the same protocol as the peers in Python (see peers/common.py).
import { createInterface } from "node:readline";

import { engine, tf } from "latentlab";

import { models, noise, type Work } from "./numbers";
import { ddpmUnet, ditTiny, scoreMlp } from "./works/denoising";
import { Gan } from "./works/gan";
import { Sampling } from "./works/sampling";
import { type Runnable, type RunOptions, Training } from "./works/training-work";
import { vaeConv, vaeMlp } from "./works/vae";

type Request =
  | { readonly do: "info" }
  | { readonly do: "check"; readonly work: Work }
  | { readonly do: "prepare"; readonly work: Work; readonly mode: string }
  | { readonly do: "step"; readonly count: number };

function make(work: Work, options: RunOptions): Runnable {
  switch (work) {
    case "vae_mlp":
      return new Training(work, vaeMlp(), options);
    case "vae_conv":
      return new Training(work, vaeConv(), options);
    case "dcgan":
      return new Gan(options);
    case "ddpm_unet":
      return new Training(work, ddpmUnet(), options);
    case "dit_tiny":
      return new Training(work, ditTiny(), options);
    case "score_mlp": {
      const frequencies = tf.tidy(() => noise("fourier.freq", [models.score_mlp.fourier]).mul(16));
      return new Training(work, scoreMlp(frequencies), options);
    }
    case "ddim":
    case "ddim_cfg":
      return new Sampling(work === "ddim_cfg", options);
  }
}

let running: Runnable | undefined;

function answer(request: Request): object {
  switch (request.do) {
    case "info": {
      const { tfjs, tensorflow } = engine.deviceReport();
      const version = `0.1.0 (tfjs ${tfjs}, TensorFlow ${tensorflow})`;
      return { framework: "LatentLab", version, modes: ["compiled", "eager"] };
    }
    case "check": {
      const work = make(request.work, { isCompiled: true, isChecking: true });
      const losses = Array.from({ length: work.checkSteps }, (_, i) => work.step(i));
      return { losses, ...work.sums() };
    }
    case "prepare": {
      const begin = performance.now();
      running = make(request.work, { isCompiled: request.mode === "compiled", isChecking: false });
      for (let i = 0; i < 3; i++) running.step(i);
      return { seconds: (performance.now() - begin) / 1000 };
    }
    case "step": {
      const work = running as Runnable;
      const ms = Array.from({ length: request.count }, (_, i) => {
        const begin = performance.now();
        work.step(i);
        return performance.now() - begin;
      });
      return { ms, peakRss: process.resourceUsage().maxRSS * 1024 };
    }
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  console.log(JSON.stringify(answer(JSON.parse(line) as Request)));
});
