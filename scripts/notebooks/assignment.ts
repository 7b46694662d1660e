import type { BuiltNotebook } from "./build";
import { type ExpandedCell, toNotebookCell } from "./expand";
import { type Notebook, type NotebookCell, stringify } from "./ipynb";
import { SourceError } from "./source-error";

const POINTS = 1;

/**
 * A notebook as nbgrader wants it from an instructor: solved, the body of each exercise marked as
 * the solution that a release takes out, and the check below it locked and worth a point.
 *
 * @throws SourceError if an exercise has no check below it
 */
export function createAssignment(exercise: BuiltNotebook, solution: BuiltNotebook): string {
  const notebook = JSON.parse(solution.text) as Notebook;
  const cells = solution.cells.map((cell, i): NotebookCell => {
    const { kind, id, text } = cell;
    if (cell.exercise !== undefined) {
      const stub = exercise.cells[i]?.text ?? "";
      const marked = { ...cell, text: markSolution(stub, text, `${solution.source} ${id}`) };
      return withMetadata(marked, { grade_id: id, solution: true });
    }
    const before = solution.cells.slice(0, i).findLast((other) => other.kind === "code");
    if (kind === "code" && before?.exercise !== undefined) {
      if (!text.includes("check(")) {
        throw new SourceError(`${solution.source} ${id}`, "a check belongs below an exercise");
      }
      const graded = { grade: true, locked: true, points: POINTS };
      return withMetadata(cell, { grade_id: id, ...graded });
    }
    return toNotebookCell(cell);
  });
  return stringify({ ...notebook, cells });
}

function withMetadata(
  cell: ExpandedCell,
  nbgrader: Readonly<Record<string, unknown>>,
): NotebookCell {
  const { metadata, ...rest } = toNotebookCell(cell);
  const defaults = { grade: false, locked: false, schema_version: 3, solution: false, task: false };
  return { ...rest, metadata: { ...metadata, nbgrader: { ...defaults, ...nbgrader } } };
}

/** The solution with marks around what the stub has left out. */
function markSolution(stub: string, solution: string, where: string): string {
  const end = stub.search(/^ *(\/\/ Hint: .*\n *)?throw new Error\("TODO/m);
  const head = stub.slice(0, end);
  if (end < 0 || !solution.startsWith(head) || !solution.endsWith("\n}")) {
    throw new SourceError(where, "stub and solution do not begin alike");
  }
  const hint = /^ *\/\/ Hint: .*\n/m.exec(stub.slice(end))?.[0] ?? "";
  const body = solution.slice(head.length, -"\n}".length);
  return `${head}${hint}  // BEGIN SOLUTION\n${body}\n  // END SOLUTION\n}`;
}
