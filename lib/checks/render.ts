import { escapeHtml } from "../viz/html";
import { pictureHtml } from "./picture";
import type { Row } from "./probe";
import type { Standing } from "./progress/attempts";
import type { CheckPart, CheckStatus, Finding } from "./result";

const ROWS_SHOWN = 6;

const HEADINGS: Readonly<Record<CheckStatus, string>> = {
  passed: "right",
  failed: "not right yet",
  todo: "not done yet: replace the line that throws TODO",
};
const MARKS: Readonly<Record<CheckStatus, string>> = { passed: "✓", failed: "✗", todo: "○" };
const COLOURS: Readonly<Record<CheckStatus, string>> = {
  passed: "#2e7d32",
  failed: "#c62828",
  todo: "#8a6d00",
};

function isPassed({ rows, error }: CheckPart): boolean {
  return rows.length === 0 && error === undefined;
}

/** Details of the first failure only: the later ones mostly follow from it. */
function firstFailure({ status, parts }: Finding): CheckPart | undefined {
  return status === "failed" ? parts.find((part) => !isPassed(part)) : undefined;
}

/** Plain text, for terminals, logs and viewers without HTML. */
export function toText(finding: Finding, { failures, notes }: Standing): string {
  const { id, exercise, status, parts, mistake, hints } = finding;
  const lines = [`${MARKS[status]} ${id} ${exercise}: ${HEADINGS[status]}`];
  if (status === "todo") return [...lines, `  hint: ${hints[0]}`].join("\n");
  for (const part of parts) {
    lines.push(`  ${isPassed(part) ? "✓" : "✗"} ${part.aspect}: ${part.title}`);
    if (part === firstFailure(finding)) lines.push(...tableText(part));
  }
  if (mistake !== undefined) lines.push(`  probably: ${mistake}`);
  if (status === "failed") {
    lines.push(...hints.slice(0, Math.max(failures, 1)).map((hint) => `  hint: ${hint}`));
    if (failures > 2) lines.push(`  solution: check("${id}", ${exercise}).solution()`);
  }
  return [...lines, ...notes.map((note) => `  ${note}`)].join("\n");
}

function tableText({ rows, error }: CheckPart): string[] {
  if (error !== undefined) return [`      ${error}`];
  const shown = rows.slice(0, ROWS_SHOWN);
  const table = [{ where: "", got: "got", expected: "expected" }, ...shown];
  const width = (column: keyof Row): number => Math.max(...table.map((row) => row[column].length));
  const lines = table.map(
    ({ where, got, expected }) =>
      `      ${where.padEnd(width("where"))}  ${got.padStart(width("got"))}  ` +
      expected.padStart(width("expected")),
  );
  return rows.length > shown.length ? [...lines, `      … ${remaining(rows)}`] : lines;
}

function remaining(rows: readonly Row[]): string {
  return `${rows.length - ROWS_SHOWN} more differ`;
}

/** HTML without scripts, classes or links: it looks the same in an untrusted notebook. */
export function toHtml(finding: Finding, standing: Standing, solution?: string): string {
  const { id, exercise, status, parts, mistake } = finding;
  const heading = `${MARKS[status]} ${id} ${exercise}: ${HEADINGS[status]}`;
  const failure = firstFailure(finding);
  const body = [
    `<div style="font-weight:600;color:${COLOURS[status]}">${escapeHtml(heading)}</div>`,
    status === "todo" ? "" : `<div>${parts.map(partHtml).join("<br>")}</div>`,
    failure === undefined ? "" : tableHtml(failure),
    mistake === undefined ? "" : `<div><b>Probably:</b> ${escapeHtml(mistake)}</div>`,
    status === "passed" ? "" : hintsHtml(finding, standing),
    solution === undefined ? "" : detailsHtml("Solution", `<pre>${escapeHtml(solution)}</pre>`),
    ...standing.notes.map((note) => `<div>${escapeHtml(note)}</div>`),
  ];
  const style = `border-left:4px solid ${COLOURS[status]};padding:4px 12px`;
  return `<div style="${style}">${body.join("")}</div>`;
}

function partHtml(part: CheckPart): string {
  return escapeHtml(`${isPassed(part) ? "✓" : "✗"} ${part.aspect}: ${part.title}`);
}

function tableHtml({ rows, error, comparison }: CheckPart): string {
  if (error !== undefined) return `<pre>${escapeHtml(error)}</pre>`;
  if (comparison !== undefined) return pictureHtml(comparison);
  const body = rows
    .slice(0, ROWS_SHOWN)
    .map(({ where, got, expected }) => rowHtml("td", [where, got, expected]));
  const more = rows.length > ROWS_SHOWN ? `<div>… ${remaining(rows)}</div>` : "";
  return `<table>${rowHtml("th", ["", "got", "expected"])}${body.join("")}</table>${more}`;
}

function rowHtml(tag: "td" | "th", cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
}

/** The next hint is a click away; those before it are open. */
function hintsHtml({ hints }: Finding, { failures }: Standing): string {
  const shown = hints.slice(0, Math.max(failures, 1));
  return shown
    .map((hint, i) => detailsHtml(`Hint ${i + 1}`, escapeHtml(hint), i < failures - 1))
    .join("");
}

function detailsHtml(summary: string, body: string, isOpen = false): string {
  return `<details${isOpen ? " open" : ""}><summary>${summary}</summary>${body}</details>`;
}
