import { strict as assert } from "node:assert";

import { core, diffusion, oracles, tf } from "latentlab";

import { assertClose } from "../../support/close";
import { int32 } from "../../support/tensors";

const MIXTURE = { means: [[-1], [0.5], [2]], std: [0.6, 0.3, 0.9], labels: [0, 1, 0] };
const OF_CLASS_ONE = { means: [[0.5]], std: 0.3 };

describe("the classifier of a noise chain", () => {
  it("R.16 knows each point's own timestep and label", () => {
    const schedule = diffusion.linearSchedule(1000);
    const [points, timesteps, labels] = [
      [-1.2, 0.3, 0.9, 0.3],
      [40, 400, 900, 400],
      [0, 1, 1, 0],
    ];
    const want = points.map((x, i) => {
      const level = oracles.levelOfAlphaBar(schedule.alphaBar[timesteps[i]!]!);
      const logRatio =
        oracles.mixtureLogPdf([x], OF_CLASS_ONE, level) -
        oracles.mixtureLogPdf([x], MIXTURE, level);
      const one = Math.exp(logRatio) / 3; // p(y = 1 | x_t), by Bayes
      return Math.log(labels[i] === 1 ? one : 1 - one);
    });
    const classify = new oracles.GaussianMixture(MIXTURE).classifier(schedule);
    tf.tidy(() => {
      const x = tf.tensor2d(points, [4, 1]);
      const got = classify(x, int32(...timesteps), int32(...labels));
      assertClose(got.dataSync(), want, { absolute: 2e-5 });
      assert.throws(() => classify(x, int32(...timesteps)), core.ValueError);
    });
  });
});
