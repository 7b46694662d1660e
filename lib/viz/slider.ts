import { ValueError } from "../core/errors";
import { assertInteger } from "../core/guard";
import { plotlyText } from "./axes";
import { Figure } from "./figure";

export type SliderOptions = {
  /** What the slider sets, e.g. "β" or "step". */
  readonly label: string;
  /** One text per figure: its position on the slider. */
  readonly positions: readonly string[];
  /** The position shown at first; default the first. */
  readonly start?: number;
};

/**
 * Figures of one kind behind a slider, which works without a kernel. They need the same number of
 * traces; axes stay those of the first unless each figure sets its own ranges.
 *
 * @throws ValueError if there is no figure, or not one position for each
 */
export function slider(
  figures: readonly Figure[],
  { label, positions, start = 0 }: SliderOptions,
): Figure {
  assertInteger("slider", "start", start, 0);
  const first = figures[start];
  if (first === undefined || positions.length !== figures.length) {
    throw new ValueError(
      `slider: ${figures.length} figures, ${positions.length} positions, start ${start}.`,
      "Give one position per figure.",
    );
  }
  const frames = figures.map(({ data, layout }, i) => ({ name: String(i), data, layout }));
  const steps = positions.map((position, i) => ({
    label: plotlyText(position),
    method: "animate",
    args: [
      [String(i)],
      { mode: "immediate", frame: { duration: 0, redraw: true }, transition: { duration: 0 } },
    ],
  }));
  const currentvalue = { prefix: `${plotlyText(label)} = ` };
  const margin = { ...(first.layout["margin"] as object), b: 110 };
  const height = Number(first.layout["height"]) + 60;
  const sliders = [{ active: start, currentvalue, pad: { t: 44 }, steps }];
  return new Figure({
    data: first.data,
    layout: { ...first.layout, margin, height, sliders },
    frames: frames.map((frame) => ({ ...frame, layout: frameLayout(frame.layout) })),
  });
}

/** What of a layout belongs to one position: the rest is common. */
function frameLayout({ title, images, annotations }: Figure["layout"]): Figure["layout"] {
  return {
    title,
    ...(images !== undefined && { images }),
    ...(annotations !== undefined && { annotations }),
  };
}
