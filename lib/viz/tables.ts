import { DISPLAY, type Displayable, type MimeBundle } from "../core/host";
import { assertInRange, assertInteger } from "../core/guard";
import { escapeHtml } from "./html";

/** The part of a nodejs-polars DataFrame that a table needs: polars itself is not loaded. */
export interface FrameLike {
  readonly columns: readonly string[];
  readonly height: number;
  head(length: number): { toRecords(): Record<string, unknown>[] };
}

export type Row = Readonly<Record<string, unknown>>;

export type TableOptions = {
  readonly title?: string;
  /** Significant digits of numbers that are not whole; default 4. */
  readonly digits?: number;
  /** Rows shown at most; default 50. */
  readonly maxRows?: number;
};

export function isFrame(value: unknown): value is FrameLike {
  if (typeof value !== "object" || value === null) return false;
  const tag = (value as Record<symbol, unknown>)[Symbol.toStringTag];
  return tag === "DataFrame" && typeof (value as FrameLike).head === "function";
}

function cellText(value: unknown, digits: number): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number" && Number.isFinite(value)) {
    return Number.isInteger(value) ? String(value) : value.toPrecision(digits);
  }
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Rows of results as a table. */
export class Table implements Displayable {
  private readonly columns: readonly string[];
  private readonly cells: readonly (readonly string[])[];
  private readonly numeric: readonly boolean[];
  private readonly hidden: number;

  constructor(
    rows: FrameLike | readonly Row[],
    private readonly options: TableOptions = {},
  ) {
    const { digits = 4, maxRows = 50 } = options;
    assertInteger("table", "digits", digits);
    assertInRange("table", "digits", digits, [1, 100]);
    assertInteger("table", "maxRows", maxRows);
    const records = isFrame(rows) ? rows.head(maxRows).toRecords() : rows.slice(0, maxRows);
    this.columns = isFrame(rows) ? rows.columns : [...new Set(records.flatMap(Object.keys))];
    this.hidden = (isFrame(rows) ? rows.height : rows.length) - records.length;
    this.cells = records.map((row) => this.columns.map((name) => cellText(row[name], digits)));
    this.numeric = this.columns.map((name) =>
      records.every((row) => row[name] === null || typeof row[name] === "number"),
    );
  }

  private more(): string {
    return this.hidden > 0 ? `${this.hidden} more rows` : "";
  }

  text(): string {
    const lines = [this.columns, ...this.cells];
    const widths = this.columns.map((_, c) => Math.max(...lines.map((l) => (l[c] ?? "").length)));
    const body = lines.map((line) =>
      line
        .map((cell, c) => {
          const width = widths[c] as number;
          return this.numeric[c] ? cell.padStart(width) : cell.padEnd(width);
        })
        .join("  ")
        .trimEnd(),
    );
    const { title } = this.options;
    const extra = this.hidden > 0 ? [this.more()] : [];
    return [...(title === undefined ? [] : [title]), ...body, ...extra].join("\n");
  }

  html(): string {
    const row = (tag: "th" | "td", cells: readonly string[]): string => {
      const style = (c: number): string => `text-align:${this.numeric[c] ? "right" : "left"}`;
      const tagged = cells.map((t, c) => `<${tag} style="${style(c)}">${escapeHtml(t)}</${tag}>`);
      return `<tr>${tagged.join("")}</tr>`;
    };
    const { title } = this.options;
    const caption = title === undefined ? "" : `<caption>${escapeHtml(title)}</caption>`;
    const head = `<thead>${row("th", this.columns)}</thead>`;
    const body = `<tbody>${this.cells.map((cells) => row("td", cells)).join("")}</tbody>`;
    const rest = this.hidden > 0 ? `<p>${this.more()}</p>` : "";
    return `<table>${caption}${head}${body}</table>${rest}`;
  }

  [DISPLAY](): MimeBundle {
    return { "text/html": this.html(), "text/plain": this.text() };
  }
}

/**
 * Results as a table: a polars DataFrame, or plain rows.
 *
 * @example table([{ beta: 0.5, rate: 31.2, distortion: 78.4 }], { title: "Rate and distortion" })
 */
export function table(rows: FrameLike | readonly Row[], options?: TableOptions): Table {
  return new Table(rows, options);
}
