/**
 * A curve that never grows beyond `capacity` points: each point is the mean of a bucket of
 * neighbouring values, and when all are full, buckets are joined in pairs.
 */
export class RunningCurve {
  private readonly x: number[] = [];
  private readonly y: number[] = [];
  private bucketSize = 1;
  private bucket = { x: 0, y: 0, count: 0 };

  /** @param capacity an even number of points */
  constructor(private readonly capacity = 240) {}

  push(x: number, y: number): void {
    this.bucket.x += x;
    this.bucket.y += y;
    if (++this.bucket.count < this.bucketSize) return;
    this.x.push(this.bucket.x / this.bucketSize);
    this.y.push(this.bucket.y / this.bucketSize);
    this.bucket = { x: 0, y: 0, count: 0 };
    if (this.x.length === this.capacity) this.halve();
  }

  private halve(): void {
    for (const values of [this.x, this.y]) {
      const half = this.capacity / 2;
      for (let i = 0; i < half; i++) {
        values[i] = ((values[2 * i] as number) + (values[2 * i + 1] as number)) / 2;
      }
      values.length = half;
    }
    this.bucketSize *= 2;
  }

  /** Means of full buckets, and of the one being filled: the newest value always counts. */
  points(): { readonly x: readonly number[]; readonly y: readonly number[] } {
    const { x, y, count } = this.bucket;
    if (count === 0) return { x: [...this.x], y: [...this.y] };
    return { x: [...this.x, x / count], y: [...this.y, y / count] };
  }
}
