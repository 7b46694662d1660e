/** Thrown in a cell that was asked to stop; named as Jupyter's tools know it. */
export class KeyboardInterrupt extends Error {
  override readonly name = "KeyboardInterrupt";

  constructor(message = "The cell was interrupted.") {
    super(message);
  }

  /** How to show the end of an interrupted cell, given what it ended with: an error or nothing. */
  static from(error: unknown): KeyboardInterrupt {
    if (error instanceof KeyboardInterrupt) return error;
    const isError = error instanceof Error;
    const shown = new KeyboardInterrupt(isError ? messageOf(error) : undefined);
    shown.stack = isError ? error.stack : "";
    return shown;
  }
}

/** latentlab's training ends with a StoppedError, whose message is made for the reader. */
function messageOf({ name, message }: Error): string {
  return name === "StoppedError" ? message : `${name}: ${message}`;
}
