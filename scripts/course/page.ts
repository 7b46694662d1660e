const PLOTLY = "application/vnd.plotly.v1+json";

/** As much of an executed notebook as the book changes. */
export interface BookNotebook {
  readonly cells: readonly BookCell[];
}

interface BookCell {
  readonly outputs?: readonly BookOutput[];
}

interface BookOutput {
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The notebook with its Plotly figures as HTML: interactive, and a picture without scripts. */
export function forBook<N extends BookNotebook>(notebook: N): N {
  const cells = notebook.cells.map((cell) =>
    cell.outputs === undefined ? cell : { ...cell, outputs: cell.outputs.map(asHtml) },
  );
  return { ...notebook, cells };
}

function asHtml(output: BookOutput): BookOutput {
  const { data } = output;
  if (data?.[PLOTLY] === undefined) return output;
  const html = `<div class="latentlab-figure">${picture(data)}${model(data[PLOTLY])}</div>`;
  return { ...output, data: { "text/html": html, "text/plain": data["text/plain"] } };
}

function picture(data: Readonly<Record<string, unknown>>): string {
  const [svg, png] = ["image/svg+xml", "image/png"].map((type) => textOf(data[type]));
  if (svg) return image("svg+xml", Buffer.from(svg).toString("base64"));
  return png ? image("png", png.trim()) : "";
}

function image(type: string, base64: string): string {
  return `<img alt="" src="data:image/${type};base64,${base64}">`;
}

/** No text in the figure may end the script element. */
function model(figure: unknown): string {
  const json = JSON.stringify(figure).replaceAll("<", "\\u003c");
  return `<script type="application/json">${json}</script>`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : Array.isArray(value) ? value.join("") : undefined;
}
