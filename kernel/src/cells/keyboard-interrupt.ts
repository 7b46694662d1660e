/** Thrown in a cell that was asked to stop; named as Jupyter's tools know it. */
export class KeyboardInterrupt extends Error {
  override readonly name = "KeyboardInterrupt";

  constructor() {
    super("The cell was interrupted.");
  }
}
