/**
 * Errors for people. Every error that this library throws on purpose is one of these classes: the
 * message says what was wrong, what was expected and what was found; `fix` says what to do.
 */
export class LatentLabError extends Error {
  constructor(
    message: string,
    /** What to do about it, as one sentence. */
    readonly fix?: string,
    options?: ErrorOptions,
  ) {
    super(fix === undefined ? message : `${message} ${fix}`, options);
    this.name = new.target.name;
  }
}

/** The native engine is missing, half built or cannot be loaded. */
export class EngineError extends LatentLabError {}
/** A tensor has another shape, rank or dtype than the function takes. */
export class ShapeError extends LatentLabError {}
/** A value lies outside its range: a timestep, a pixel, a probability, a size. */
export class ValueError extends LatentLabError {}
/** A file is cut, damaged, hostile or in a foreign format. */
export class DataFormatError extends LatentLabError {}
/** A data set, folder or file that was asked for is not there. */
export class DataMissingError extends LatentLabError {}
/** A checkpoint cannot be written, is damaged, or does not fit the model. */
export class CheckpointError extends LatentLabError {}
/** A loss, gradient or weight became NaN or infinite. */
export class NonFiniteError extends LatentLabError {}
/** Work ended because a person or a signal asked it to. */
export class StoppedError extends LatentLabError {}
/** An exercise is not right yet, and checks were asked to be strict. */
export class CheckFailedError extends LatentLabError {}
