import { strict as assert } from "node:assert";

import { objectives, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { normalLogPdf } from "../../support/quadrature";

const LOGITS = [-1.5, 0.25, 3, -0.5, 2, -4];
const PIXELS = [0, 0.4, 1, 0.75, 0.1, 0.05];

function sumOfRows(values: readonly number[]): number[] {
  return [0, 1].map((row) => values.slice(3 * row, 3 * row + 3).reduce((sum, v) => sum + v, 0));
}

describe("bernoulliLogLikelihood", () => {
  const want = sumOfRows(
    LOGITS.map((logit, i) => {
      const p = 1 / (1 + Math.exp(-logit));
      return PIXELS[i]! * Math.log(p) + (1 - PIXELS[i]!) * Math.log(1 - p);
    }),
  );

  function verify(likelihood: objectives.LogLikelihood): void {
    tf.tidy(() => {
      const shape: [number, number, number, number] = [2, 1, 3, 1];
      const got = likelihood(tf.tensor4d(LOGITS, shape), tf.tensor4d(PIXELS, shape));
      assert.deepEqual(got.shape, [2]);
      assertClose(got.dataSync(), want);
    });
  }

  it("R.3 is Σ x log p + (1 − x) log(1 − p), summed over pixels", () =>
    verify(objectives.bernoulliLogLikelihood));

  const right = objectives.bernoulliLogLikelihood;
  const wrong: Record<string, objectives.LogLikelihood> = {
    "mean over pixels": (l, x) => right(l, x).div(3),
    "a loss, not a likelihood": (l, x) => right(l, x).neg(),
    "probabilities taken for logits": (l, x) => right(tf.sigmoid(l), x),
    "x and logits exchanged": (l, x) => right(x, l),
  };
  for (const [mistake, likelihood] of Object.entries(wrong)) {
    it(`R.3 the test above rejects: ${mistake}`, () =>
      assert.throws(() => verify(likelihood), /element/));
  }

  it("R.3 stays finite and right where sigmoid is 0 or 1 in float32", () => {
    tf.tidy(() => {
      const logits = tf.tensor2d([-500, -120, 120, 500], [4, 1]);
      const asOne = objectives.bernoulliLogLikelihood(logits, tf.ones([4, 1]));
      assertClose(asOne.dataSync(), [-500, -120, 0, 0]);
      const asZero = objectives.bernoulliLogLikelihood(logits, tf.zeros([4, 1]));
      assertClose(asZero.dataSync(), [0, 0, -120, -500]);
    });
  });

  it("has the gradient x − sigmoid(logit)", () => {
    tf.tidy(() => {
      const [logits, x] = [tf.tensor2d(LOGITS, [2, 3]), tf.tensor2d(PIXELS, [2, 3])];
      const gradient = tf.grad((l) => objectives.bernoulliLogLikelihood(l, x).sum())(logits);
      const expected = LOGITS.map((l, i) => PIXELS[i]! - 1 / (1 + Math.exp(-l)));
      assertClose(gradient.dataSync(), expected);
    });
  });

  it("refuses to broadcast", () => {
    tf.tidy(() => {
      const [logits, x] = [tf.zeros([2, 3]), tf.zeros([1, 3])];
      assert.throws(() => objectives.bernoulliLogLikelihood(logits, x), /must agree/);
    });
  });
});

describe("gaussianLogLikelihood", () => {
  it("R.3 sums log N(x; mean, σ²) over pixels, with its constant", () => {
    tf.tidy(() => {
      const [mean, x] = [tf.tensor2d(LOGITS, [2, 3]), tf.tensor2d(PIXELS, [2, 3])];
      for (const std of [0.1, 1, 2.5]) {
        const got = objectives.gaussianLogLikelihood(mean, x, 2 * Math.log(std));
        const want = sumOfRows(LOGITS.map((m, i) => normalLogPdf(PIXELS[i]!, m, std)));
        assertClose(got.dataSync(), want);
      }
    });
  });

  it("R.3 takes a variance for each pixel", () => {
    tf.tidy(() => {
      const [mean, x] = [tf.tensor2d(LOGITS, [2, 3]), tf.tensor2d(PIXELS, [2, 3])];
      const stds = [0.5, 1, 2, 0.25, 3, 1.5];
      const logVar = tf.tensor2d(stds, [2, 3]).log().mul(2);
      const want = sumOfRows(LOGITS.map((m, i) => normalLogPdf(PIXELS[i]!, m, stds[i])));
      assertClose(objectives.gaussianLogLikelihood(mean, x, logVar).dataSync(), want);
    });
  });

  it("gaussianPixels puts the mean at sigmoid(logits)", () => {
    tf.tidy(() => {
      const [logits, x] = [tf.tensor2d(LOGITS, [2, 3]), tf.tensor2d(PIXELS, [2, 3])];
      const want = LOGITS.map((l, i) => normalLogPdf(PIXELS[i]!, 1 / (1 + Math.exp(-l)), 0.2));
      assertClose(objectives.gaussianPixels(0.2)(logits, x).dataSync(), sumOfRows(want));
    });
  });

  it("refuses a standard deviation of 0", () => {
    assert.throws(() => objectives.gaussianPixels(0), /std/);
  });
});
