import { ValueError } from "../core/errors";
import { assertInRange, assertInteger, assertOneOf } from "../core/guard";
import type { Batch, Denoiser } from "../core/types";
import type { NoiseSchedule } from "../diffusion/schedule";
import { spacedTimesteps, type TimestepSpacing } from "../diffusion/timesteps";
import type { tf } from "../engine/tf";
import { repeated, type StepInput } from "./sampler";

/** What samplers on a noise schedule have in common. */
export type ScheduleOptions<X extends Batch> = {
  /** What the network predicts; default the noise. */
  readonly predicts?: "noise" | "x0" | "v";
  /** Correct each predicted x0, as `clipTo(-1, 1)` or `dynamicThreshold()` do. */
  readonly limitX0?: (x0: X) => X;
  /** Where the steps of a shorter sampling lie; default "trailing". */
  readonly spacing?: TimestepSpacing;
};

/** A network on a noise schedule, as the steps of samplers see it. */
export class ScheduledNetwork<X extends Batch, C> {
  private readonly options: Required<ScheduleOptions<X>>;

  /** @throws ValueError */
  constructor(
    private readonly where: string,
    private readonly denoise: Denoiser<X, C>,
    readonly schedule: NoiseSchedule,
    { predicts = "noise", limitX0 = (x0) => x0, spacing = "trailing" }: ScheduleOptions<X> = {},
  ) {
    assertOneOf(where, "predicts", predicts, ["noise", "x0", "v"]);
    this.options = { predicts, limitX0, spacing };
  }

  /** ᾱ_t of t = 0…T. @throws ValueError */
  alphaBar(t: number): number {
    assertInteger(this.where, "t", t, 0);
    assertInRange(this.where, "t", t, [0, this.schedule.numTimesteps]);
    return this.schedule.alphaBar[t] as number;
  }

  /** The timesteps of a sampling, and 0 after them. */
  times(numSteps = this.schedule.numTimesteps): number[] {
    const { numTimesteps } = this.schedule;
    return [...spacedTimesteps(numTimesteps, numSteps, this.options.spacing), 0];
  }

  /** What `read` needs to know of timestep t, 1…T. @throws ValueError */
  numbers(t: number): Record<"t" | "signal" | "spread", number> {
    assertInteger(this.where, "t", t);
    const alphaBar = this.alphaBar(t);
    if (alphaBar === 0 && this.options.predicts === "noise") {
      throw new ValueError(
        `${this.where}: at t = ${t} there is no signal, and predicted noise says nothing of x0.`,
        'Train the network to predict "v" or "x0".',
      );
    }
    return { t, signal: Math.sqrt(alphaBar), spread: Math.sqrt(1 - alphaBar) };
  }

  /** The network's output for x at a move. */
  ask({ x, condition }: StepInput<X, C>, { t }: { readonly t: tf.Scalar }): X {
    return this.denoise(x, repeated(t, x).toInt(), condition);
  }

  /**
   * What an output says of x_t = signal·x_0 + spread·ε. Where x0 is limited, the noise stays as it
   * was predicted, as in the code of DDPM and DDIM.
   *
   * @eq DDPM.15 x̂_0 = (x_t − √(1 − ᾱ_t) ε̂) / √ᾱ_t
   */
  read(
    x: X,
    output: X,
    { signal, spread }: Readonly<Record<"signal" | "spread", tf.Scalar>>,
  ): { readonly x0: X; readonly predictedNoise: X } {
    const { predicts, limitX0 } = this.options;
    switch (predicts) {
      case "noise":
        return { x0: limitX0(x.sub(output.mul(spread)).div(signal)), predictedNoise: output };
      case "x0":
        return { x0: limitX0(output), predictedNoise: x.sub(output.mul(signal)).div(spread) };
      case "v":
        return {
          x0: limitX0(x.mul(signal).sub(output.mul(spread))),
          predictedNoise: output.mul(signal).add(x.mul(spread)),
        };
    }
  }
}
