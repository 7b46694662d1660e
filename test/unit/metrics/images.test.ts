import { strict as assert } from "node:assert";

import { metrics, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";

/** SSIM of one window position by plain sums: the definition, pixel by pixel. */
function ssimAt(x: number[][], y: number[][], range: number): number {
  const weight = (i: number): number => Math.exp(-((i - 5) ** 2) / (2 * 1.5 ** 2));
  let total = 0;
  const sums = { x: 0, y: 0, xx: 0, yy: 0, xy: 0 };
  for (let i = 0; i < 11; i++) {
    for (let j = 0; j < 11; j++) {
      const w = weight(i) * weight(j);
      const [a, b] = [x[i]?.[j] as number, y[i]?.[j] as number];
      total += w;
      sums.x += w * a;
      sums.y += w * b;
      sums.xx += w * a * a;
      sums.yy += w * b * b;
      sums.xy += w * a * b;
    }
  }
  const [muX, muY] = [sums.x / total, sums.y / total];
  const [varX, varY] = [sums.xx / total - muX ** 2, sums.yy / total - muY ** 2];
  const covariance = sums.xy / total - muX * muY;
  const [c1, c2] = [(0.01 * range) ** 2, (0.03 * range) ** 2];
  const luminance = (2 * muX * muY + c1) / (muX ** 2 + muY ** 2 + c1);
  return luminance * ((2 * covariance + c2) / (varX + varY + c2));
}

describe("quality of pictures against a reference", () => {
  it("PSNR of an error of a tenth of the range is 20 dB, of none is infinite", () => {
    const [black, grey] = [tf.zeros([1, 4, 4, 1]), tf.fill([1, 4, 4, 1], 0.2)] as tf.Tensor4D[];
    const found = tf.tidy(() => [
      ...metrics.psnr(black as never, grey as never, { dataRange: 2 }).dataSync(),
      ...metrics.psnr(black as never, black as never, { dataRange: 2 }).dataSync(),
    ]);
    tf.dispose([black, grey]);
    assertClose([found[0] as number], [20], { absolute: 1e-4 });
    assert.equal(found[1], Infinity);
  });

  it("SSIM is its definition summed pixel by pixel", () => {
    const rng = new Rng(5);
    const [x, y] = [0, 1].map(() =>
      Array.from({ length: 11 }, () => Array.from(rng.uniformArray(11))),
    ) as [number[][], number[][]];
    const found = tf.tidy(() => {
      const image = (rows: number[][]): tf.Tensor4D => tf.tensor2d(rows).reshape([1, 11, 11, 1]);
      return metrics.ssim(image(x), image(y), { dataRange: 1 }).dataSync<"float32">();
    });
    assertClose([...found], [ssimAt(x, y, 1)], { absolute: 1e-5 });
  });

  it("SSIM refuses pictures smaller than its window", () => {
    const small = tf.zeros<tf.Rank.R4>([1, 8, 8, 1]);
    assert.throws(() => metrics.ssim(small, small, { dataRange: 1 }), /at least 11 × 11 pixels/);
    small.dispose();
  });
});

describe("classes of generated pictures", () => {
  it("are as uneven as the share that must move", () => {
    assertClose([metrics.classImbalance([0, 0, 0, 1], [0.5, 0.5])], [0.25], { absolute: 1e-12 });
    assert.equal(metrics.classImbalance([1, 1], [1, 0]), 1);
    assertClose([...metrics.classShares([0, 2, 2, 2], 3)], [0.25, 0, 0.75], { absolute: 1e-12 });
    assert.throws(() => metrics.classImbalance([2], [0.5, 0.5]), /label 0 must be one of 0…1/);
  });
});
