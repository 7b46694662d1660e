import { training } from "latentlab";

import { assertClose } from "../../support/close";

const { cosineDecay, linearDecay, withWarmUp } = training;

describe("learning-rate schedules", () => {
  it("cosine: peak, half and zero where they belong, and zero afterwards", () => {
    const rate = cosineDecay(2, 40);
    assertClose([0, 20, 40, 50].map(rate), [2, 1, 0, 0], { absolute: 1e-12 });
    assertClose([rate(10)], [1 + Math.SQRT1_2], { relative: 1e-12 });
  });

  it("linear: a straight line to zero", () => {
    assertClose([0, 1, 4, 9].map(linearDecay(8, 4)), [8, 6, 0, 0], { absolute: 1e-12 });
  });

  it("warm-up meets the schedule after it without a jump", () => {
    const rate = withWarmUp(4, linearDecay(1, 10));
    assertClose([0, 1, 2, 3, 4, 5, 14].map(rate), [0, 0.25, 0.5, 0.75, 1, 0.9, 0], {
      absolute: 1e-12,
    });
  });
});
