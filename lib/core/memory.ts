import { tf } from "../engine/tf";

/** Anything that owns tensors. */
export interface Disposable {
  dispose(): void;
}

/**
 * An owner for long-lived tensors: what is added is freed together, newest first.
 *
 * @example
 * const scope = new Scope();
 * const z = scope.own(rng.normal([64, 2]));
 * scope.dispose();
 */
export class Scope implements Disposable {
  private readonly owned: Disposable[] = [];

  own<T extends Disposable>(item: T): T {
    this.owned.push(item);
    return item;
  }

  dispose(): void {
    for (const item of this.owned.splice(0).reverse()) item.dispose();
  }
}

/**
 * Run `body` and say how many tensors it left behind.
 *
 * @returns the tensors alive after `body` less those alive before: 0 when nothing leaked
 */
export async function countLeaks(body: () => void | Promise<void>): Promise<number> {
  const before = tf.memory().numTensors;
  await body();
  return tf.memory().numTensors - before;
}
