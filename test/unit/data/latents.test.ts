import { strict as assert } from "node:assert";

import { type core, data, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

/** q(z|x) = N(3x, ¼). */
const encode = (x: core.Images): core.DiagonalGaussian<core.Images> => ({
  mean: x.mul(3),
  logVar: tf.fill(x.shape, Math.log(0.25)),
});

const COUNT = 400;

function cached(): data.CachedLatents {
  const rng = new Rng(1);
  const batches = [0, 1].map(() => rng.normal<tf.Tensor4D>([COUNT / 2, 2, 2, 1]));
  return data.cacheLatents(encode, batches);
}

describe("cached latents", () => {
  it("R.23 have a scale of 1 over the deviation of samples of q, here √(9 + ¼)", () => {
    const { count, shape, scale, std } = cached();
    assert.deepEqual([count, ...shape], [COUNT, 2, 2, 1]);
    assertClose([std[0] as number], [0.5]);
    // The deviation of 1,600 standard normals is within 2 % of 1 (one standard error is 1.8 %).
    assertClose([scale], [1 / Math.sqrt(9.25)], { relative: 0.05 });
  });

  it("R.23 come in batches of unit variance, each anew, with what belongs to them", () => {
    const latents = cached();
    const source = data.latentBatches(latents, {
      batchSize: 200,
      seed: 3,
      conditionsAt: (ids) => ({ labels: tf.tensor1d(ids, "int32") }),
    });
    const [first, again, next] = [source.at(0), source.at(0), source.at(2)];
    assert.deepEqual(again.x.dataSync(), first.x.dataSync());
    assert.deepEqual(first.labels?.dataSync(), first.ids);
    assert.notDeepEqual(next.ids, first.ids);
    const other = source.at(1);
    const ids = [...other.ids, ...first.ids].sort((a, b) => a - b);
    assert.deepEqual(ids, [...Array(COUNT).keys()]);
    const variance = tf.tidy(() => tf.moments(first.x).variance.dataSync()[0] as number);
    assert.ok(Math.abs(variance - 1) < 0.15, `variance ${variance}`);
    const { mean, scale, std } = latents;
    const draws = Array.from(first.x.dataSync()).map((z, i) => {
      const at = (first.ids[Math.floor(i / 4)] as number) * 4 + (i % 4);
      return (z / scale - (mean[at] as number)) / (std[at] as number);
    });
    const square = draws.reduce((sum, draw) => sum + draw * draw, 0) / draws.length;
    assert.ok(Math.abs(square - 1) < 0.2, `ε has mean square ${square}`);
    for (const batch of [first, again, next, other]) tf.dispose([batch.x, batch.labels ?? []]);
  });

  it("cannot make a batch larger than the set", () => {
    const options = { batchSize: COUNT + 1, seed: 1 };
    assert.throws(() => data.latentBatches(cached(), options), /latents − batchSize/);
    assert.throws(() => data.cacheLatents(encode, []), /no picture to encode/);
  });
});
