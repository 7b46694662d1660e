import type { Engine } from "../cells/engine";
import type { Question } from "../threads/channel";
import { hoverBundle } from "./hover";
import { describeValueAt } from "./live-value";

type Content = Record<string, unknown>;

/** Answers questions about code that is being written. */
export function answerQuestion(engine: Engine, { about, content }: Question): Content {
  const code = String(content["code"] ?? "");
  switch (about) {
    case "complete":
      return complete(engine, code, Number(content["cursor_pos"] ?? 0));
    case "inspect":
      return inspect(engine, code, Number(content["cursor_pos"] ?? 0));
    case "is_complete": {
      const { completed, indent } = engine.isComplete(code);
      return completed ? { status: "complete" } : { status: "incomplete", indent: indent ?? "" };
    }
  }
}

function complete(engine: Engine, code: string, cursor: number): Content {
  const { start, end, candidates, original } = engine.complete(code, unitsOf(code, cursor));
  const range = { start: pointsOf(code, start), end: pointsOf(code, end) };
  const kinds = new Map(original?.entries.map(({ name, kind }) => [name, kind]));
  const types = candidates.map((text) => ({ text, type: kinds.get(text) ?? "", ...range }));
  return {
    status: "ok",
    matches: candidates,
    cursor_start: range.start,
    cursor_end: range.end,
    metadata: { _jupyter_types_experimental: types },
  };
}

function inspect(engine: Engine, code: string, cursor: number): Content {
  const position = unitsOf(code, cursor);
  const info = engine.inspect(code, position);
  if (!info) return { status: "ok", found: false, data: {}, metadata: {} };
  const data = hoverBundle(info, describeValueAt(code, position, engine.variables));
  return { status: "ok", found: true, data, metadata: {} };
}

/** Jupyter counts positions in code points, TypeScript in UTF-16 units. */
function unitsOf(code: string, points: number): number {
  return [...code].slice(0, points).join("").length;
}

function pointsOf(code: string, units: number): number {
  return [...code.slice(0, units)].length;
}
