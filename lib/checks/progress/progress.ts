import { DISPLAY, type Displayable, type MimeBundle } from "../../core/host";
import { escapeHtml } from "../../viz/html";
import { type CourseNotebook, courseNotebooks } from "./course";
import { type Attempt, type Journal, journalPath, readJournal } from "./journal";

export type ExerciseState = "solved" | "tried" | "open";

/** One notebook, and how far a learner has come in it. */
export interface NotebookProgress extends Omit<CourseNotebook, "exercises"> {
  readonly exercises: readonly { readonly name: string; readonly state: ExerciseState }[];
}

const MARKS: Readonly<Record<ExerciseState, string>> = { solved: "✓", tried: "✗", open: "○" };
const COLOURS: Readonly<Record<ExerciseState, string>> = {
  solved: "#2e7d32",
  tried: "#c62828",
  open: "#757575",
};

/**
 * How far a learner has come in the course, from the journal that checks keep. It shows itself as
 * the last expression of a cell; `npm run progress` shows the same.
 */
export function progress(): Progress {
  const path = journalPath();
  const journal = path === undefined ? { attempts: [] } : readJournal(path);
  return new Progress(courseNotebooks(), journal);
}

/** The course page: every notebook with its exercises, ticked. */
export class Progress implements Displayable {
  readonly notebooks: readonly NotebookProgress[];

  constructor(
    course: readonly CourseNotebook[],
    private readonly journal: Journal,
  ) {
    const { attempts } = journal;
    this.notebooks = course.map((notebook) => ({
      ...notebook,
      exercises: notebook.exercises.map((name) => ({ name, state: stateOf(name, attempts) })),
    }));
  }

  /** @returns e.g. "Notebook 01: ✓✓○○○ 2 of 5 solved"; undefined for an exercise of none */
  lineOf(exercise: string): string | undefined {
    const notebook = this.notebooks.find(({ exercises }) =>
      exercises.some(({ name }) => name === exercise),
    );
    if (notebook === undefined) return undefined;
    return `Notebook ${notebook.number}: ${marks(notebook)} ${count(notebook.exercises)}`;
  }

  get summary(): string {
    const all = this.notebooks.flatMap(({ exercises }) => exercises);
    const ahead = this.notebooks.filter((notebook) => !isDone(notebook));
    const minutes = ahead.reduce((sum, notebook) => sum + (notebook.minutes ?? 0), 0);
    return `${count(all)}, ${all.length === 0 ? "no exercise yet" : `about ${hours(minutes)} to go`}`;
  }

  toString(): string {
    const rows = this.notebooks.map((notebook) => [
      notebook.number,
      notebook.title,
      header(notebook),
      marks(notebook),
      count(notebook.exercises),
    ]);
    const width = (c: number): number => Math.max(...rows.map((row) => (row[c] as string).length));
    const lines = rows.map((row) => row.map((text, c) => text.padEnd(width(c))).join("  "));
    return [
      `Your course: ${this.summary}`,
      ...lines.map((line) => line.trimEnd()),
      ...this.notes(),
    ].join("\n");
  }

  html(): string {
    const notebooks = this.notebooks.map(notebookHtml).join("");
    const notes = this.notes().map((note) => `<p><b>Note:</b> ${escapeHtml(note)}</p>`);
    const summary = `<p><b>Your course:</b> ${escapeHtml(this.summary)}</p>`;
    return `${summary}<table>${notebooks}</table>${notes.join("")}`;
  }

  [DISPLAY](): MimeBundle {
    return { "text/html": this.html(), "text/plain": this.toString() };
  }

  private notes(): string[] {
    return this.journal.problem === undefined ? [] : [this.journal.problem];
  }
}

function stateOf(exercise: string, attempts: readonly Attempt[]): ExerciseState {
  const own = attempts.filter((attempt) => attempt.exercise === exercise);
  if (own.some(({ status }) => status === "passed")) return "solved";
  return own.length > 0 ? "tried" : "open";
}

function isDone({ exercises }: NotebookProgress): boolean {
  return exercises.length > 0 && exercises.every(({ state }) => state === "solved");
}

function count(exercises: NotebookProgress["exercises"]): string {
  const solved = exercises.filter(({ state }) => state === "solved").length;
  return `${solved} of ${exercises.length} solved`;
}

function marks({ exercises }: NotebookProgress): string {
  return exercises.map(({ state }) => MARKS[state]).join("");
}

/** E.g. "●●○ 90 min". */
function header({ difficulty, minutes }: NotebookProgress): string {
  const dots = difficulty === undefined ? "" : "●".repeat(difficulty) + "○".repeat(3 - difficulty);
  return `${dots} ${minutes === undefined ? "" : `${minutes} min`}`.trim();
}

function hours(minutes: number): string {
  return minutes < 60 ? `${minutes} minutes` : `${(minutes / 60).toFixed(1)} hours`;
}

function notebookHtml(notebook: NotebookProgress): string {
  const exercises = notebook.exercises.map(({ name, state }) => {
    const style = `color:${COLOURS[state]};white-space:nowrap;margin-right:1em`;
    return `<span style="${style}">${MARKS[state]} ${escapeHtml(name)}</span> `;
  });
  const cells = [
    escapeHtml(notebook.number),
    `<b>${escapeHtml(notebook.title)}</b><br>${exercises.join("")}`,
    escapeHtml(header(notebook)),
    escapeHtml(count(notebook.exercises)),
  ];
  const style = "text-align:left;vertical-align:top";
  return `<tr>${cells.map((cell) => `<td style="${style}">${cell}</td>`).join("")}</tr>`;
}
