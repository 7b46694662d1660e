import { DISPLAY, type Displayable, type MimeBundle } from "../core/host";
import type { Aspect, Comparison, Row } from "./probe";
import { NO_STANDING, type Standing } from "./progress/attempts";
import { solutionText } from "./progress/course";
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
  /** Numbers to be seen side by side. */
  readonly comparison?: Comparison;
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
  constructor(
    readonly finding: Finding,
    private readonly standing: Standing = NO_STANDING,
  ) {}

  get status(): CheckStatus {
    return this.finding.status;
  }

  get passed(): boolean {
    return this.finding.status === "passed";
  }

  get mistake(): string | undefined {
    return this.finding.mistake;
  }

  /** Help in two steps: 1 says where to look, 2 almost how. Default: the step that is due. */
  hint(step: 1 | 2 = this.standing.failures < 2 ? 1 : 2): string {
    return this.finding.hints[step - 1] as string;
  }

  /** The solution, to be looked at as the last expression of a cell. */
  solution(): Displayable {
    const code = solutionOf(this.finding);
    const forms = { "text/markdown": `\`\`\`typescript\n${code}\n\`\`\``, "text/plain": code };
    return { [DISPLAY]: () => forms };
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
    return toText(this.finding, this.standing);
  }

  [DISPLAY](): MimeBundle {
    const { finding, standing } = this;
    const isDue = finding.status === "failed" && standing.failures > 2;
    return {
      "text/plain": toText(finding, standing),
      "text/html": toHtml(finding, standing, isDue ? solutionOf(finding) : undefined),
      [CHECK_MIME]: this.toJSON(),
    };
  }
}

function solutionOf({ exercise }: Finding): string {
  const none = `// This copy of the course holds no solution; the library has ${exercise}.`;
  return solutionText(exercise) ?? none;
}
