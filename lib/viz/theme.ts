/**
 * Okabe & Ito's colours, told apart by readers with any common colour blindness (Color Universal
 * Design, 2008), without their yellow, which is too light for a line on white.
 */
export const PALETTE = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#5f5f5f",
] as const;

/** Paul Tol's "muted" scheme (2021): ten classes, for scatter plots of digits or garments. */
const TEN_COLOURS = [
  "#332288",
  "#88ccee",
  "#44aa99",
  "#117733",
  "#999933",
  "#ddcc77",
  "#cc6677",
  "#882255",
  "#aa4499",
  "#8c8c8c",
] as const;

/** Of an area that lines are to lie in: the palette's green. */
export const BAND_COLOUR = PALETTE[2];

/** The colour of curve number `index`. */
export function paletteColour(index: number): string {
  return PALETTE[index % PALETTE.length] as string;
}

/** The colour of group `index` among `count`: of ten distinct ones where seven do not do. */
export function groupColour(index: number, count: number): string {
  if (count <= PALETTE.length) return paletteColour(index);
  return TEN_COLOURS[index % TEN_COLOURS.length] as string;
}

/** A palette colour as translucent fill. @param alpha 0…1 */
export function translucent(hex: string, alpha: number): string {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
}

const AXIS = {
  automargin: true,
  showline: true,
  linecolor: "#757575",
  gridcolor: "#e3e3e3",
  zerolinecolor: "#c8c8c8",
  ticks: "outside",
  tickcolor: "#757575",
  ticklen: 4,
};

/**
 * Plotly template of every figure. In JupyterLab the renderer replaces its greys by those of the
 * reader's theme; the static picture keeps these, on white.
 */
export const TEMPLATE = {
  layout: {
    colorway: PALETTE,
    paper_bgcolor: "#ffffff",
    plot_bgcolor: "#ffffff",
    font: { family: "system-ui, Helvetica, Arial, sans-serif", size: 13, color: "#222222" },
    title: { x: 0, xref: "paper", xanchor: "left", font: { size: 16 } },
    margin: { l: 64, r: 24, t: 56, b: 52 },
    xaxis: AXIS,
    yaxis: AXIS,
    legend: { orientation: "h", x: 0, xanchor: "left", y: 1, yanchor: "bottom" },
    hovermode: "closest",
  },
};
