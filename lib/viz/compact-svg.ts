const POINT =
  /<path class="point" transform="translate\(([-\d.]+),([-\d.]+)\)" style="([^"]*)" d="M([\d.]+),0A\4,[^"]*"\/>/g;
const POINTS =
  /(?:<path class="point" transform="[^"]*" style="[^"]*" d="M([\d.]+),0A\1,[^"]*"\/>)+/g;
/** Set by Plotly on each element although it is the default, or never read outside a browser. */
const NEEDLESS = / (?:class|data-[\w-]+)="[^"]*"|(?:fill-|stroke-)?opacity: 1;\s?/g;

/**
 * A smaller SVG that looks the same: round points of one colour as one path, no attributes that say
 * what is so anyway, coordinates to a hundredth of a pixel, the font named once.
 *
 * @param font as it is named in each text
 */
export function compactSvg(svg: string, font: string): string {
  return svg
    .replace(POINTS, (points) => joinedPoints(points))
    .replace(NEEDLESS, "")
    .replaceAll(`font-family: ${font}; `, "")
    .replace("<svg ", `<svg font-family="${font}" `)
    .replace(/(\d\.\d\d)\d+/g, "$1");
}

/** Points as dots of one path per colour: strokes of no length with round ends. */
function joinedPoints(points: string): string {
  const places = new Map<string, string[]>();
  for (const [, x = "", y = "", style = "", radius = ""] of points.matchAll(POINT)) {
    const colour = /(?<!\w)fill: ([^;]+);/.exec(style)?.[1];
    const isPlain = colour !== undefined && /stroke-width: 0px/.test(style);
    if (!isPlain) return points;
    const opacity = /(?<![\w-])opacity: ([\d.]+);/.exec(style)?.[1] ?? "1";
    const dot = `fill: none; opacity: ${opacity}; stroke: ${colour}; stroke-linecap: round; stroke-width: ${2 * Number(radius)}px`;
    places.set(dot, [...(places.get(dot) ?? []), `M${x},${y}h0`]);
  }
  return [...places].map(([dot, at]) => `<path style="${dot}" d="${at.join("")}"/>`).join("");
}
