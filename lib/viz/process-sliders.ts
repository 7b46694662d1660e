import { ValueError } from "../core/errors";
import { assertInRange, assertInteger } from "../core/guard";
import { type Axis } from "./axes";
import { curves } from "./curves";
import type { Figure } from "./figure";
import type { ImageGrid } from "./image-grid";
import { slider } from "./slider";

const ANY_NUMBER = [-Number.MAX_VALUE, Number.MAX_VALUE] as const;

/**
 * A process seen in pictures: a slider over its timesteps, and a button that plays them. Each frame
 * is kept as a PNG in the notebook, so show tens of frames, not hundreds.
 *
 * @param frames grids of one size, in the order in which they are played; t as in the schedule
 * @example timestepScrubber(kept.map(({ t, x }) => ({ t, images: imageGrid(x, { range: [-1, 1] }) })))
 * @throws ValueError if there is no frame, or grids differ in size
 */
export function timestepScrubber(
  frames: readonly { readonly t: number; readonly images: ImageGrid }[],
): Figure {
  for (const { t } of frames) assertInteger("timestepScrubber", "t", t, 0);
  const positions = frames.map(({ t }) => String(t));
  return imageSlider("timestepScrubber", frames, { label: "t", positions, play: true });
}

/**
 * The same draws at several guidance scales s, behind a slider; s = 1 is no guidance.
 *
 * @param frames grids of one size, made from the same noise so that only s differs
 * @throws ValueError if there is no frame, or grids differ in size
 */
export function guidanceSlider(
  frames: readonly { readonly guidanceScale: number; readonly images: ImageGrid }[],
): Figure {
  for (const { guidanceScale } of frames) {
    assertInRange("guidanceSlider", "guidanceScale", guidanceScale, ANY_NUMBER);
  }
  const positions = frames.map(({ guidanceScale }) => String(guidanceScale));
  return imageSlider("guidanceSlider", frames, { label: "guidance scale s", positions });
}

/** One setting of a noise schedule. */
export interface ScheduleFrame {
  /** Position on the slider, e.g. "0.02". */
  readonly setting: string;
  /** ᾱ_t for t = 0…T, from 1 down. */
  readonly alphaBar: ArrayLike<number>;
}

/**
 * What is left of the picture, √ᾱ_t, and how much noise there is, √(1 − ᾱ_t), behind a slider over
 * settings of the schedule.
 *
 * @param label what the slider sets, e.g. "last β"
 * @throws ValueError if there is no frame, or an ᾱ_t lies outside [0, 1]
 */
export function scheduleSlider(frames: readonly ScheduleFrame[], label: string): Figure {
  const figures = frames.map(({ setting, alphaBar }) => {
    const values = Array.from(alphaBar);
    for (const value of values) assertInRange("scheduleSlider", "alphaBar", value, [0, 1]);
    const y: Axis = { label: "standard deviation", range: [0, 1.05] };
    return curves({
      title: `Noise schedule, ${label} ${setting}`,
      ...{ x: "t", y },
      curves: [
        { name: "signal √ᾱ", y: values.map((value) => Math.sqrt(value)) },
        { name: "noise √(1 − ᾱ)", y: values.map((value) => Math.sqrt(1 - value)) },
      ],
    });
  });
  return slider(figures, { label, positions: frames.map(({ setting }) => setting) });
}

function imageSlider(
  where: string,
  frames: readonly { readonly images: ImageGrid }[],
  options: { readonly label: string; readonly positions: readonly string[]; play?: boolean },
): Figure {
  const sizes = new Set(
    frames.map(({ images: { pixels } }) => `${pixels.width} × ${pixels.height}`),
  );
  if (sizes.size > 1) {
    throw new ValueError(
      `${where}: the grids measure ${[...sizes].join(", ")} pixels.`,
      "Give each the same number of images, columns and scale.",
    );
  }
  return slider(
    frames.map(({ images }) => images.figure()),
    options,
  );
}
