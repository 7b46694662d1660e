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

/** √ᾱ_t and √(1 − ᾱ_t), which x_t is made with. */
type Split = Readonly<Record<"signal" | "spread", tf.Scalar>>;

/** A network on a noise schedule, as the steps of samplers see it. */
export class ScheduledNetwork<X extends Batch, C> {
  private readonly predicts: NonNullable<ScheduleOptions<X>["predicts"]>;
  private readonly spacing: TimestepSpacing;
  private readonly limitX0: ScheduleOptions<X>["limitX0"];

  /** @throws ValueError */
  constructor(
    private readonly where: string,
    private readonly denoise: Denoiser<X, C>,
    readonly schedule: NoiseSchedule,
    { predicts = "noise", limitX0, spacing = "trailing" }: ScheduleOptions<X> = {},
  ) {
    assertOneOf(where, "predicts", predicts, ["noise", "x0", "v"]);
    this.predicts = predicts;
    this.limitX0 = limitX0;
    this.spacing = spacing;
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
    return [...spacedTimesteps(numTimesteps, numSteps, this.spacing), 0];
  }

  /** What `read` needs to know of timestep t, 1…T. @throws ValueError */
  numbers(t: number): Record<"t" | "signal" | "spread", number> {
    assertInteger(this.where, "t", t);
    const alphaBar = this.alphaBar(t);
    if (alphaBar === 0 && this.predicts === "noise") {
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
   * What an output says of x_t = signal·x_0 + spread·ε. Where x0 is limited, the noise is what then
   * makes up x_t. With the noise as it was predicted a part of x_t would be lost, at each step anew:
   * with more steps a sample would be further off, not nearer.
   *
   * @eq DDPM.15 x̂_0 = (x_t − √(1 − ᾱ_t) ε̂) / √ᾱ_t
   */
  read(x: X, output: X, numbers: Split): { readonly x0: X; readonly predictedNoise: X } {
    const predicted = this.unlimited(x, output, numbers);
    if (this.limitX0 === undefined) return predicted;
    const x0 = this.limitX0(predicted.x0);
    return { x0, predictedNoise: noiseBeside(x0, x, numbers) };
  }

  private unlimited(x: X, output: X, { signal, spread }: Split): { x0: X; predictedNoise: X } {
    switch (this.predicts) {
      case "noise":
        return { x0: x.sub(output.mul(spread)).div(signal), predictedNoise: output };
      case "x0":
        return { x0: output, predictedNoise: noiseBeside(output, x, { signal, spread }) };
      case "v":
        return {
          x0: x.mul(signal).sub(output.mul(spread)),
          predictedNoise: output.mul(signal).add(x.mul(spread)),
        };
    }
  }
}

/** ε of x_t = signal·x_0 + spread·ε */
function noiseBeside<X extends Batch>(x0: X, x: X, { signal, spread }: Split): X {
  return x.sub(x0.mul(signal)).div(spread);
}
