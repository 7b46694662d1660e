import { ValueError } from "../core/errors";
import { assertInteger } from "../core/guard";
import { plotlyText } from "./axes";
import { Figure, type Layout } from "./figure";
import { TEMPLATE } from "./theme";

export type SliderOptions = {
  /** What the slider sets, e.g. "β" or "step". */
  readonly label: string;
  /** One text per figure: its position on the slider. */
  readonly positions: readonly string[];
  /** The position shown at first; default the first. */
  readonly start?: number;
  /** A button beside the slider that runs through all positions. */
  readonly play?: boolean;
};

/** Of one position while a film plays, in milliseconds. */
const FILM_PACE = 150;
/** A slider needs this much width, and this much height below the figure. */
const LEAST_WIDTH = 440;
const SLIDER_HEIGHT = 96;

/**
 * Figures of one kind behind a slider, which works without a kernel. They need the same number of
 * traces; axes stay those of the first unless each figure sets its own ranges.
 *
 * @throws ValueError if there is no figure, or not one position for each
 */
export function slider(
  figures: readonly Figure[],
  { label, positions, start = 0, play = false }: SliderOptions,
): Figure {
  assertInteger("slider", "start", start, 0);
  const first = figures[start];
  if (first === undefined || positions.length !== figures.length) {
    throw new ValueError(
      `slider: ${figures.length} figures, ${positions.length} positions, start ${start}.`,
      "Give one position per figure.",
    );
  }
  // What all have in common is in the notebook once.
  const isCommon = figures.every(({ data }) => data === first.data);
  const frames = figures.map(({ data, layout }, i) => ({
    name: String(i),
    ...(!isCommon && { data }),
    layout: frameLayout(layout),
  }));
  const { margin, height, width } = first.layout;
  const { b = TEMPLATE.layout.margin.b } = (margin ?? {}) as { b?: number };
  const layout = {
    ...first.layout,
    margin: { ...(margin as object), b: b + SLIDER_HEIGHT },
    height: Number(height) + SLIDER_HEIGHT,
    ...(width !== undefined && { width: Math.max(LEAST_WIDTH, Number(width)) }),
    sliders: [sliderLayout(label, positions, { start, bottom: b, play })],
    ...(play && { updatemenus: [playButton(b)] }),
  };
  return new Figure({ data: first.data, layout, frames });
}

type Placing = { readonly start: number; readonly bottom: number; readonly play: boolean };

function sliderLayout(
  label: string,
  positions: readonly string[],
  { start, bottom, play }: Placing,
): Layout {
  const [x, len] = play ? [0.14, 0.86] : [0, 1];
  return {
    active: start,
    currentvalue: { prefix: `${plotlyText(label)} = ` },
    ...{ x, len, y: 0, pad: { t: bottom } },
    steps: positions.map((position, i) => ({
      label: plotlyText(position),
      method: "animate",
      args: [[String(i)], animation(0)],
    })),
  };
}

function playButton(bottom: number): Layout {
  const film = { label: "▶", method: "animate", args: [null, animation(FILM_PACE)] };
  const place = { x: 0, xanchor: "left", y: 0, yanchor: "top", pad: { t: bottom + 20 } };
  return { type: "buttons", showactive: false, buttons: [film], ...place };
}

function animation(duration: number): Layout {
  return { mode: "immediate", frame: { duration, redraw: true }, transition: { duration: 0 } };
}

/** What of a layout belongs to one position: the rest is common. */
function frameLayout({ title, images, annotations, shapes }: Layout): Layout {
  return {
    title,
    ...(shapes !== undefined && { shapes }),
    ...(images !== undefined && { images }),
    ...(annotations !== undefined && { annotations }),
  };
}
