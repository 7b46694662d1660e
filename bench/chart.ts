import type { Report } from "./run";

const [ROW, LEFT, WIDTH] = [16, 190, 620];
const OWN = "#0072b2";
const OTHER = "#999999";

/** Bars of median step times as an SVG, each work scaled to its slowest contestant. */
export function chart({ measurements, date }: Report): string {
  const works = [...new Set(measurements.map(({ work }) => work))];
  let y = 30;
  const parts = [text(LEFT, 18, `median ms a step, ${date.slice(0, 10)}`)];
  for (const work of works) {
    const rows = measurements.filter((row) => row.work === work);
    const slowest = Math.max(...rows.map(({ median }) => median));
    parts.push(text(8, (y += ROW) + 11, work));
    for (const { contestant, median } of rows) {
      y += ROW;
      const width = (WIDTH * median) / slowest;
      const fill = contestant.startsWith("LatentLab") ? OWN : OTHER;
      parts.push(
        text(LEFT - 6, y + 11, contestant, "end"),
        `<rect x="${LEFT}" y="${y + 2}" width="${width.toFixed(1)}" height="12" fill="${fill}"/>`,
        text(LEFT + width + 5, y + 11, median.toPrecision(3)),
      );
    }
  }
  const size = `width="${LEFT + WIDTH + 60}" height="${y + 2 * ROW}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif">
<rect width="100%" height="100%" fill="white"/>
${parts.join("\n")}
</svg>
`;
}

function text(x: number, y: number, content: string, anchor: "start" | "end" = "start"): string {
  const place = `x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}"`;
  return `<text ${place} font-size="12">${content}</text>`;
}
