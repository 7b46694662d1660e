import { strict as assert } from "node:assert";

import { nn, Rng, tf } from "latentlab";

import { assertClose } from "../../support/close";
import {
  assertGradient,
  assertTwiceDifferentiable,
  finiteDifferences,
} from "../../support/finite-difference";

type Geometry = { kernelSize: number; stride: number; dilation: number; padding: nn.Padding };

/** Pixels before the first of a row, and how many come out. */
function border(
  size: number,
  { kernelSize, stride, dilation, padding }: Geometry,
): [number, number] {
  const window = (kernelSize - 1) * dilation + 1;
  if (padding === "same") {
    const out = Math.ceil(size / stride);
    return [Math.floor(Math.max((out - 1) * stride + window - size, 0) / 2), out];
  }
  const before = padding === "valid" ? 0 : padding;
  return [before, Math.floor((size + 2 * before - window) / stride) + 1];
}

/** Cross-correlation by its definition, one channel in and out, on the host. */
function convolve(x: number[][], w: number[][], geometry: Geometry): number[] {
  const [top, rows] = border(x.length, geometry);
  const [left, columns] = border(x[0]!.length, geometry);
  const { stride, dilation } = geometry;
  const y: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      w.forEach((row, p) =>
        row.forEach((weight, q) => {
          const [r, c] = [i * stride + p * dilation - top, j * stride + q * dilation - left];
          sum += weight * (x[r]?.[c] ?? 0);
        }),
      );
      y.push(sum);
    }
  }
  return y;
}

function grid(rows: number, columns: number, seed: number): number[][] {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => Math.sin(seed + 1.3 * i + 0.7 * j * j)),
  );
}

function sized(geometry: Geometry, channels: [number, number] = [1, 1]): nn.Conv2d {
  return new nn.Conv2d(...channels, new Rng(1), geometry);
}

function picture(rows: number[][]): tf.Tensor4D {
  return tf.tensor2d(rows).expandDims(0).expandDims(3) as tf.Tensor4D;
}

/** The layer's answer with the given kernel, on the host. */
function layerAnswer(x: number[][], w: number[][], geometry: Geometry): Float32Array {
  const layer = sized(geometry);
  try {
    return tf.tidy(() => {
      const weight = tf.tensor2d(w).expandDims(2).expandDims(3);
      layer.loadStateDict({ weight, bias: tf.zeros([1]) });
      return layer.forward(picture(x)).dataSync<"float32">().slice();
    });
  } finally {
    layer.dispose();
  }
}

const GEOMETRIES: Geometry[] = [
  { kernelSize: 3, stride: 1, dilation: 1, padding: "same" },
  { kernelSize: 3, stride: 2, dilation: 1, padding: "same" },
  { kernelSize: 3, stride: 2, dilation: 1, padding: 1 },
  { kernelSize: 4, stride: 2, dilation: 1, padding: 1 },
  { kernelSize: 3, stride: 1, dilation: 1, padding: "valid" },
  { kernelSize: 3, stride: 1, dilation: 2, padding: "same" },
  { kernelSize: 2, stride: 2, dilation: 3, padding: 2 },
  { kernelSize: 1, stride: 3, dilation: 1, padding: 0 },
];

describe("Conv2d", () => {
  for (const geometry of GEOMETRIES) {
    it(`is a scalar loop: ${JSON.stringify(geometry)}`, () => {
      const { kernelSize } = geometry;
      for (const [height, width] of [
        [6, 8],
        [7, 5],
      ] as const) {
        const [x, w] = [grid(height, width, 1), grid(kernelSize, kernelSize, 2)];
        assertClose(layerAnswer(x, w, geometry), convolve(x, w, geometry));
      }
    });
  }

  it("the loop would see a flipped kernel and padding on the other side", () => {
    const [x, w] = [grid(6, 8, 1), grid(3, 3, 2)];
    const same = GEOMETRIES[1]!;
    const flipped = [...w].reverse().map((row) => [...row].reverse());
    assert.throws(() => assertClose(layerAnswer(x, w, same), convolve(x, flipped, same)));
    const torch = convolve(x, w, { ...same, padding: 1 });
    assert.throws(() => assertClose(layerAnswer(x, w, same), torch));
  });

  it("sums over channels in and adds one bias per channel out", () => {
    const layer = sized({ ...GEOMETRIES[0]!, kernelSize: 1 }, [2, 3]);
    tf.tidy(() => {
      const weight = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 1, 2, 3]);
      layer.loadStateDict({ weight, bias: tf.tensor1d([0.1, 0.2, 0.3]) });
      const y = layer.forward(tf.tensor4d([10, 100], [1, 1, 1, 2]));
      assertClose(y.dataSync(), [410.1, 520.2, 630.3]);
    });
    layer.dispose();
  });

  for (const geometry of [GEOMETRIES[2]!, GEOMETRIES[5]!]) {
    it(`gradients: x, weight, and a gradient penalty's: ${JSON.stringify(geometry)}`, () => {
      const layer = sized(geometry, [2, 2]);
      tf.tidy(() => {
        const rng = new Rng(3);
        const x = rng.normal<tf.Tensor4D>([1, 4, 4, 2]);
        const { weight } = layer;
        assertTwiceDifferentiable((at) => layer.forward(at as tf.Tensor4D).square(), x);
        // R1: ∂/∂w of ‖∂(Σ softplus y)/∂x‖²
        const penalty = (): tf.Tensor =>
          tf
            .grad((at: tf.Tensor) => tf.softplus(layer.forward(at as tf.Tensor4D)).sum())(x)
            .square()
            .sum();
        const start = weight.clone();
        const { grads } = tf.variableGrads(() => penalty() as tf.Scalar, [weight]);
        const direction = rng.normal(weight.shape, 0, 0.1);
        const slope = grads[weight.name]!.mul(direction).sum().dataSync();
        const along = (step: tf.Tensor): tf.Tensor => {
          weight.assign(start.add(direction.mul(step)));
          return penalty();
        };
        assertClose(slope, finiteDifferences(along, tf.tensor1d([0])), { relative: 1e-3 });
      });
      layer.dispose();
    });
  }
});

/** ⟨conv x, y⟩ = ⟨x, convᵀ y⟩ for a random x, where `lifted` is said to be convᵀ y. */
function assertTransposed(
  down: nn.Conv2d,
  { lifted, y }: Readonly<Record<"lifted" | "y", tf.Tensor4D>>,
  rng: Rng,
): void {
  const x = rng.normal<tf.Tensor4D>(lifted.shape);
  const [left] = down.forward(x).mul(y).sum().dataSync();
  const [right] = x.mul(lifted).sum().dataSync();
  assertClose([left!], [right!], { absolute: 1e-4, relative: 1e-4 });
}

describe("ConvTranspose2d", () => {
  for (const padding of ["same", "valid", 1] as const) {
    for (const [kernelSize, stride] of [
      [4, 2],
      [3, 2],
      [3, 1],
    ] as const) {
      it(`is the transpose of Conv2d: ⟨conv x, y⟩ = ⟨x, convᵀ y⟩: ${padding}, ${kernelSize}, ${stride}`, () => {
        const rng = new Rng(5);
        const options = { kernelSize, stride, padding, useBias: false };
        const up = new nn.ConvTranspose2d(3, 2, rng, options);
        const down = new nn.Conv2d(2, 3, rng, options);
        tf.tidy(() => {
          // Conv2d's [k, k, in, out] is ConvTranspose2d's [k, k, out, in] when in and out swap.
          down.loadStateDict({ weight: up.weight });
          const y = rng.normal<tf.Tensor4D>([2, 3, 4, 3]);
          const lifted = up.forward(y);
          assertTransposed(down, { lifted, y }, rng);
          assertGradient(
            (at) =>
              up
                .forward(at as tf.Tensor4D)
                .square()
                .sum(),
            y.slice(0, 1),
          );
        });
        up.dispose();
        down.dispose();
      });
    }
  }

  it("is the transpose at odd sizes too, where two sizes are halved to one", () => {
    const options = { kernelSize: 4, stride: 2, useBias: false } as const;
    const up = new nn.ConvTranspose2d(3, 2, new Rng(5), options);
    const down = new nn.Conv2d(2, 3, new Rng(5), options);
    tf.tidy(() => {
      down.loadStateDict({ weight: up.weight });
      const y = new Rng(6).normal<tf.Tensor4D>([2, 4, 3, 3]);
      const lifted = up.forward(y, [7, 5]);
      assert.deepEqual(lifted.shape, [2, 7, 5, 2]);
      assertTransposed(down, { lifted, y }, new Rng(7));
    });
    up.dispose();
    down.dispose();
  });

  it("refuses a size that is not halved to that of x", () => {
    const up = new nn.ConvTranspose2d(1, 1, new Rng(1), { stride: 2 });
    const valid = new nn.ConvTranspose2d(1, 1, new Rng(1), { stride: 2, padding: "valid" });
    const y = tf.ones<tf.Rank.R4>([1, 4, 4, 1]);
    assert.throws(() => up.forward(y, [6, 8]), /makes 4 × 4 pixels of 6 × 8/);
    assert.throws(() => up.forward(y, [7, 7.5]), /outputSize must be a list of whole numbers/);
    assert.throws(() => valid.forward(y, [9, 9]), /padding valid/);
    tf.dispose(y);
    up.dispose();
    valid.dispose();
  });

  it("scatters the kernel: one pixel, stride 2", () => {
    const layer = new nn.ConvTranspose2d(1, 1, new Rng(1), { kernelSize: 2, stride: 2 });
    tf.tidy(() => {
      layer.loadStateDict({
        weight: tf.tensor4d([1, 2, 3, 4], [2, 2, 1, 1]),
        bias: tf.tensor1d([0.5]),
      });
      const y = layer.forward(tf.tensor4d([1, 10], [1, 1, 2, 1]));
      assert.deepEqual(y.shape, [1, 2, 4, 1]);
      assertClose(y.dataSync(), [1.5, 2.5, 10.5, 20.5, 3.5, 4.5, 30.5, 40.5]);
    });
    layer.dispose();
  });

  it("initialises by the fans of its own direction", () => {
    const layer = new nn.ConvTranspose2d(50, 2, new Rng(1), { weightInit: nn.heNormal });
    const variance = tf.tidy(() => layer.weight.square().mean().dataSync()[0]!);
    // 900 draws: the variance has a relative standard error of √(2/900) = 4.7%
    assertClose([variance], [2 / (9 * 50)], { relative: 5 * 0.047 });
    layer.dispose();
  });
});
