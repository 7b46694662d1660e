import { strict as assert } from "node:assert";

import { data, diffusion, models, objectives, oracles, Rng, tf, training } from "latentlab";

describe("PointDenoiser", () => {
  it("predicts no noise at first, and depends on time and class once it has weights", () => {
    const model = new models.PointDenoiser({ hiddenSize: 16, numClasses: 3 }, new Rng(1));
    const predict = (time: number, label: number): number[] =>
      tf.tidy(() => {
        const labels = tf.tensor1d([label], "int32");
        return Array.from(model.forward(tf.tensor2d([[0.5, -1]]), tf.tensor1d([time]), labels).dataSync()); // prettier-ignore
      });
    assert.deepEqual(predict(500, 1), [0, 0]);
    tf.tidy(() => model.out.weight.assign(new Rng(2).normal([16, 2])));
    assert.notDeepEqual(predict(500, 1), predict(10, 1));
    assert.notDeepEqual(predict(500, 1), predict(500, 2));
    model.dispose();
  });

  it("SDE.7 learns the score of a mixture: 300 steps take most of the Fisher divergence away", async () => {
    const sde = diffusion.vpSde();
    const toy = data.gaussianMixture({ means: [[-1, 0], [1, 0.5]], std: 0.4 }); // prettier-ignore
    const exact = new oracles.GaussianMixture(toy.mixture!);
    const model = new models.PointDenoiser({ hiddenSize: 48, depth: 2 }, new Rng(3));
    const score = diffusion.sdeScore((x: tf.Tensor2D, t) => model.forward(x, t), sde);
    const optimizer = training.adam(model.namedParameters(), { learningRate: 3e-3 });
    const error = (): number =>
      tf.tidy(() => {
        const rng = new Rng(9);
        const [x0, noise] = [toy.sample(rng, 500), rng.normal<tf.Tensor2D>([500, 2])];
        const t = tf.fill([500], 0.3) as tf.Tensor1D;
        const xt = diffusion.addNoise(sde.marginal(0.3), { x0, noise });
        const want = exact.score(xt, sde.marginal(0.3));
        return objectives.explicitScoreMatching(score(xt, t), want).dataSync()[0] as number;
      });
    const before = error();
    const loss: training.LossFunction = ({ x }, rng) => {
      const t = rng.uniform<tf.Tensor1D>([x.shape[0] as number], 1e-3, 1);
      const noise = rng.normal<tf.Tensor2D>(x.shape);
      return objectives.scoreSdeLoss(score, sde, x as tf.Tensor2D, { t, noise });
    };
    const batches = data.toyBatches(toy, { batchSize: 128, seed: 4 });
    const run = { batches, steps: 300, optimizer, rng: new Rng(5), reportEvery: 300 };
    for await (const { step } of training.train(model, loss, run)) assert.equal(step, 300);
    const after = error();
    assert.ok(after < 0.1 * before, `${before} → ${after}`);
    optimizer.dispose();
    model.dispose();
  });
});
