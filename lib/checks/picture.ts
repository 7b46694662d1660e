import { escapeHtml } from "../viz/html";
import type { Comparison } from "./probe";

/** Larger arrays are shown in part. */
const MAX_ROWS = 6;
const MAX_COLUMNS = 8;

/** Got and expected side by side as small heat maps with their numbers; wrong ones are framed. */
export function pictureHtml({ shape, got, expected, isWrong }: Comparison): string {
  const columns = shape.at(-1) ?? 1;
  const rows = got.length / columns;
  const largest = Math.max(...expected.map(Math.abs), Number.MIN_VALUE);
  const grid = (values: readonly number[], framed: readonly boolean[]): string => {
    const row = (r: number): string => {
      const cells = range(Math.min(columns, MAX_COLUMNS)).map((c) => {
        const i = r * columns + c;
        return cellHtml(values[i] as number, largest, framed[i] ?? false);
      });
      return `<tr>${cells.join("")}</tr>`;
    };
    return `<table>${range(Math.min(rows, MAX_ROWS)).map(row).join("")}</table>`;
  };
  const isPart = rows > MAX_ROWS || columns > MAX_COLUMNS;
  const sides = [
    sideHtml(`got${isPart ? ", first part" : ""}`, grid(got, isWrong)),
    sideHtml("expected", grid(expected, [])),
  ];
  return `<div>${sides.join("")}</div>`;
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

function sideHtml(title: string, table: string): string {
  const style = "display:inline-block;vertical-align:top;margin-right:2em";
  return `<div style="${style}">${escapeHtml(title)}${table}</div>`;
}

function cellHtml(value: number, largest: number, isFramed: boolean): string {
  const strength = Number.isFinite(value) ? 0.6 * Math.min(Math.abs(value) / largest, 1) : 0;
  const colour = value < 0 ? "33,102,172" : "217,95,2";
  const style = [
    "text-align:right;padding:2px 6px",
    `background-color:rgba(${colour},${strength.toFixed(2)})`,
    isFramed ? "border:2px solid #c62828" : "border:2px solid transparent",
  ];
  return `<td style="${style.join(";")}">${Number(value.toPrecision(3))}</td>`;
}
