import type { SourceCell } from "./percent";
import { SourceError } from "./source-error";

/** What a notebook says about itself, in the attributes of its first cell. */
export interface Header {
  /** 1 easy, 3 hard. */
  readonly difficulty: number;
  /** Of a learner's time, exercises included. */
  readonly minutes: number;
}

/**
 * `difficulty="2" minutes="90"` of the first cell; undefined if it has neither.
 *
 * @throws SourceError
 */
export function readHeader(file: string, [first]: readonly SourceCell[]): Header | undefined {
  const { difficulty, minutes } = first?.attributes ?? {};
  if (difficulty === undefined && minutes === undefined) return undefined;
  const header = { difficulty: Number(difficulty), minutes: Number(minutes) };
  if ([1, 2, 3].includes(header.difficulty) && header.minutes > 0) return header;
  const message = 'the first cell has difficulty="1", "2" or "3", and minutes="…"';
  throw new SourceError(`${file}:${first?.line ?? 1}`, message);
}

/** The first cell's text, with the header in words under its heading. */
export function withHeader(text: string, header: Header, exercises: number): string {
  const { difficulty, minutes } = header;
  const dots = "●".repeat(difficulty) + "○".repeat(3 - difficulty);
  const count = `${exercises} exercise${exercises === 1 ? "" : "s"}`;
  const line = `**Difficulty** ${dots} · **Time** about ${minutes} minutes · ${count}`;
  const [heading = "", ...rest] = text.split("\n");
  return [heading, "", line, ...rest].join("\n");
}
