// @ts-check

/** Something a person must put right: one sentence on what is wrong, one on what to do. */
export class SetupProblem extends Error {
  /**
   * @param {string} what what was expected and what was found, e.g. "Node 20–24 is needed; …"
   * @param {string} fix what to do about it
   * @param {{ cause?: unknown, details?: string }} [options] `details`: last lines of a failed tool
   */
  constructor(what, fix, options = {}) {
    super(what, { cause: options.cause });
    this.name = "SetupProblem";
    this.fix = fix;
    this.details = options.details ?? "";
  }
}

/**
 * The text shown for an error, without a stack for the ones that a person can act on.
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (!(error instanceof SetupProblem)) {
    return error instanceof Error ? String(error.stack) : String(error);
  }
  const details = error.details === "" ? "" : `\n\n${error.details.trimEnd()}\n`;
  return `${error.message}\n  Fix: ${error.fix}${details}`;
}
