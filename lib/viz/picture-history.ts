import type { ImageGrid } from "./image-grid";

/** Pictures as they were after so many steps. */
export interface Moment {
  readonly step: number;
  readonly images: ImageGrid;
}

const MOST = 16;
/** Characters of all pictures together in a saved notebook, which should stay under a megabyte. */
const MOST_CHARACTERS = 60_000;

/** Pictures over time, thinned as they get many: evenly spaced ones, the first and the newest stay. */
export class PictureHistory {
  private moments: Moment[] = [];
  private seen = 0;
  /** Of the pictures seen, every so many are kept. */
  private every = 1;
  newest: Moment | undefined;

  push(moment: Moment): void {
    this.newest = moment;
    if (this.seen++ % this.every !== 0) return;
    this.moments.push(moment);
    if (this.moments.length < MOST) return;
    this.moments = everyOther(this.moments);
    this.every *= 2;
  }

  /** What is worth keeping in a notebook, in order; the newest is the last. */
  kept(): readonly Moment[] {
    const { newest } = this;
    if (newest === undefined) return [];
    const earlier = this.moments.filter((moment) => moment !== newest);
    let count = earlier.length;
    while (count > 0 && characters([...evenly(earlier, count), newest]) > MOST_CHARACTERS) count--;
    return [...evenly(earlier, count), newest];
  }
}

/** So many of the items, evenly spaced from the first on. */
function evenly<T>(items: readonly T[], count: number): T[] {
  return Array.from(
    { length: count },
    (_, i) => items[Math.floor((i * items.length) / count)] as T,
  );
}

function everyOther<T>(items: readonly T[]): T[] {
  return items.filter((_, i) => i % 2 === 0);
}

function characters(moments: readonly Moment[]): number {
  return moments.reduce((sum, { images }) => sum + images.dataUri().length, 0);
}
