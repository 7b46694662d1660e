import { strict as assert } from "node:assert";

import { core, diffusion, Rng, samplers, tf, viz } from "latentlab";

import { PLOTLY_MIME } from "../../support/outputs";

/** The film of a sampling of 30 steps with a network that always predicts 0.5. */
async function filmOf(
  shape: readonly number[],
  frames: number,
  over?: "σ" | "step",
): Promise<viz.DenoisingFilm> {
  const schedule = diffusion.linearSchedule(30);
  const sampler = samplers.ddim((x: tf.Tensor) => tf.fill(x.shape, 0.5), schedule, {
    predicts: "x0",
  });
  const film = viz.liveDenoising({ range: [-1, 1], title: "Test", frames, ...(over && { over }) });
  const options = { shape, rng: new Rng(1), compile: false };
  for await (const { step } of film.watch(samplers.sample(sampler, options))) assert.ok(step > 0);
  return film;
}

describe("liveDenoising", () => {
  it("keeps moments at even distances, the last one shown, behind a slider over t", async () => {
    const figure = (await filmOf([4, 8, 8, 1], 6)).figure();
    const { frames = [], layout = {} } = figure.toJSON();
    assert.equal(frames.length, 6);
    const [control] = layout["sliders"] as { active: number; steps: { label: string }[] }[];
    assert.equal(control?.active, 5);
    assert.deepEqual(
      control?.steps.map(({ label }) => label),
      ["25", "20", "15", "10", "5", "0"],
    );
    for (const frame of frames) assert.equal((frame.layout?.["images"] as unknown[]).length, 2);
  });

  it("counts noise scales, or steps where time stands still, if told", async () => {
    for (const [over, labels] of [
      ["σ", ["20", "10", "0"]],
      ["step", ["10", "20", "30"]],
    ] as const) {
      // prettier-ignore
      const { layout = {} } = (await filmOf([5, 2], 3, over)).figure().toJSON();
      const [control] = layout["sliders"] as { currentvalue: object; steps: { label: string }[] }[];
      assert.deepEqual(
        control?.steps.map(({ label }) => label),
        labels,
      );
      assert.match(JSON.stringify(control?.currentvalue), new RegExp(over));
    }
  });

  it("shows points of x_t and of the predicted x_0 in two panels", async () => {
    const { frames } = (await filmOf([5, 2], 3)).figure();
    assert.equal(frames.length, 3);
    const [xt, x0] = frames[0]?.data as { x: number[]; xaxis?: string }[];
    assert.deepEqual(x0?.x, [0.5, 0.5, 0.5, 0.5, 0.5]);
    assert.equal(x0?.xaxis, "x2");
    assert.notDeepEqual(xt?.x, x0?.x);
    const last = frames[2]?.data?.[0] as { x: number[] };
    assert.deepEqual(last.x, [0.5, 0.5, 0.5, 0.5, 0.5]); // at t = 0 the sample is the prediction
  });

  it("redraws one output in a kernel and leaves the film there, after a break too", async () => {
    const sent: { bundle: core.MimeBundle; id?: string | undefined }[] = [];
    const display: core.KernelHost["display"] = (bundle, { id } = {}) => sent.push({ bundle, id });
    core.registerKernelHost({ display, clearOutput: () => undefined, signal: undefined });
    try {
      await filmOf([2, 8, 8, 1], 4);
    } finally {
      core.registerKernelHost(undefined as never);
    }
    assert.equal(new Set(sent.map(({ id }) => id)).size, 1);
    const last = sent.at(-1)?.bundle[PLOTLY_MIME] as viz.FigureSpec;
    assert.equal(last.frames?.length, 4);
    assert.ok("image/svg+xml" in (sent.at(-1)?.bundle ?? {}));
  });

  it("refuses what is neither images nor points", () => {
    const film = viz.liveDenoising({ range: [-1, 1] });
    const x = tf.zeros([2, 3]);
    assert.throws(() => film.push({ step: 1, numSteps: 1, t: 0, x, x0: x }), core.ShapeError);
    assert.throws(() => viz.liveDenoising({ range: [0, 1], frames: 0 }), core.ValueError);
    x.dispose();
  });
});
