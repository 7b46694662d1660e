import { DISPLAY, type Displayable, type MimeBundle } from "../core/host";
import type { Aspect, Row } from "./probe";
import { toHtml, toText } from "./render";

/** MIME type of a verdict that a program reads: graders, the notebook runner, a course page. */
export const CHECK_MIME = "application/vnd.latentlab.check+json";

/** What that MIME type holds. */
export interface Verdict {
  readonly id: string;
  readonly exercise: string;
  readonly status: CheckStatus;
  readonly passed: boolean;
  readonly mistake?: string;
}

/** `todo`: the exercise still throws its "TODO". */
export type CheckStatus = "passed" | "failed" | "todo";

/** One named sub-check. It passed when `rows` is empty and there is no `error`. */
export interface CheckPart {
  readonly aspect: Aspect;
  readonly title: string;
  readonly rows: readonly Row[];
  readonly error?: string;
}

/** What a check found. */
export interface Finding {
  readonly id: string;
  /** Name of the function. */
  readonly exercise: string;
  readonly status: CheckStatus;
  readonly parts: readonly CheckPart[];
  /** What was probably done wrong, if the numbers tell. */
  readonly mistake: string | undefined;
  readonly hints: readonly [string, string];
}

/** The outcome of one check. It shows itself as the last expression of a cell. */
export class CheckResult implements Displayable {
  constructor(readonly finding: Finding) {}

  get status(): CheckStatus {
    return this.finding.status;
  }

  get passed(): boolean {
    return this.finding.status === "passed";
  }

  get mistake(): string | undefined {
    return this.finding.mistake;
  }

  /** Help in two steps: 1 says where to look, 2 almost how. */
  hint(step: 1 | 2 = 1): string {
    return this.finding.hints[step - 1] as string;
  }

  toJSON(): Verdict {
    const { id, exercise, status, mistake } = this.finding;
    return {
      id,
      exercise,
      status,
      passed: this.passed,
      ...(mistake === undefined ? {} : { mistake }),
    };
  }

  toString(): string {
    return toText(this.finding);
  }

  [DISPLAY](): MimeBundle {
    return {
      "text/plain": toText(this.finding),
      "text/html": toHtml(this.finding),
      [CHECK_MIME]: this.toJSON(),
    };
  }
}
