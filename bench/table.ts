import type { Measurement, Report } from "./run";

/** The report as Markdown: medians, minima, memory, and our time over each peer's. */
export function table({
  date,
  machine,
  node,
  threads,
  versions,
  quiet,
  measurements,
}: Report): string {
  const restless = quiet.filter(({ isQuiet }) => !isQuiet).length;
  const lines = [
    `# Speed, ${date.slice(0, 10)}`,
    "",
    `${machine.cpu}, ${machine.cores} cores, ${machine.system}, ${threads} threads, Node ${node}; ` +
      Object.entries(versions)
        .map((entry) => entry.join(" "))
        .join(", "),
    restless === 0
      ? "The machine was quiet before each work."
      : `The machine was **not quiet** before ${restless} of ${quiet.length} works.`,
    "",
    "| work | contestant | median ms | min ms | peak MB | ready in s | ours / theirs |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ...measurements.map((row) => rowOf(row, ours(measurements, row))),
    "",
    ...summary(measurements),
  ];
  return lines.join("\n");
}

function ours(rows: readonly Measurement[], { work }: Measurement): Measurement | undefined {
  return rows.find((row) => row.work === work && row.contestant === "LatentLab compiled");
}

function rowOf(row: Measurement, own: Measurement | undefined): string {
  const ratio = own === undefined || own === row ? "" : (own.median / row.median).toFixed(2);
  const cells = [
    row.work,
    row.contestant,
    row.median.toPrecision(3),
    row.minimum.toPrecision(3),
    (row.peakRss / 1e6).toFixed(0),
    row.prepareSeconds.toFixed(1),
    ratio,
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Geometric mean of our time over each peer's, over the works that both did. */
function summary(rows: readonly Measurement[]): string[] {
  const names = [...new Set(rows.map(({ contestant }) => contestant))];
  return names.flatMap((name) => {
    const logs = rows
      .filter(({ contestant }) => contestant === name)
      .map((row) => Math.log((ours(rows, row)?.median ?? NaN) / row.median))
      .filter(Number.isFinite);
    if (name === "LatentLab compiled" || logs.length === 0) return [];
    const mean = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
    return [`- geometric mean of ours / ${name}: ${mean.toFixed(2)} (${logs.length} works)`];
  });
}
