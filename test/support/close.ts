import { strict as assert } from "node:assert";

/** What a value may be off by: |got − want| ≤ absolute + relative·|want| for every element. */
export type Tolerance = { readonly absolute?: number; readonly relative?: number };

/**
 * Element-wise closeness: each element counts by itself, so errors of opposite sign cannot cancel.
 */
export function assertClose(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  { absolute = 1e-6, relative = 1e-5 }: Tolerance = {},
): void {
  assert.equal(got.length, want.length, `got ${got.length} values, expected ${want.length}`);
  for (let i = 0; i < want.length; i++) {
    const [g, w] = [got[i] as number, want[i] as number];
    const near = Object.is(g, w) || Math.abs(g - w) <= absolute + relative * Math.abs(w);
    assert.ok(near, `element ${i}: got ${g}, expected ${w} (off by ${Math.abs(g - w)})`);
  }
}
