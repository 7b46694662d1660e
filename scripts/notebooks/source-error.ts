/** Something is wrong in a notebook source. */
export class SourceError extends Error {
  /** @param where `file:line` */
  constructor(where: string, message: string) {
    super(`${where}: ${message}`);
    this.name = "SourceError";
  }
}
