import { strict as assert } from "node:assert";

import { tf, viz } from "latentlab";

describe("process sliders", () => {
  const grid = (grey: number): viz.ImageGrid => {
    const images = tf.fill([1, 2, 2, 1], grey);
    const made = viz.imageGrid(images, { range: [0, 1], scale: 1 });
    images.dispose();
    return made;
  };

  it("timestepScrubber: a frame per t with its own picture, and a button to play them", () => {
    const { frames, layout } = viz.timestepScrubber([
      { t: 10, images: grid(0) },
      { t: 0, images: grid(1) },
    ]);
    const sources = frames.map(({ layout: own }) => (own?.["images"] as { source: string }[])[0]);
    assert.equal(new Set(sources.map((image) => image?.source)).size, 2);
    const [{ steps }] = layout["sliders"] as [{ steps: { label: string; args: unknown[] }[] }];
    assert.deepEqual(
      steps.map(({ label, args }) => [label, args[0]]),
      [
        ["10", ["0"]],
        ["0", ["1"]],
      ],
    );
    assert.equal((layout["updatemenus"] as unknown[]).length, 1);
  });

  it("scheduleSlider: signal² + noise² = 1 at every t", () => {
    const alphaBar = [1, 0.9, 0.3, 0];
    const { frames } = viz.scheduleSlider(
      [
        { setting: "a", alphaBar },
        { setting: "b", alphaBar: [1, 0] },
      ],
      "rate",
    );
    const [signal = [], noise = []] = (frames[0]?.data ?? []).map(({ y }) => y as number[]);
    assert.deepEqual(
      signal.map((value) => Number((value ** 2).toFixed(12))),
      alphaBar,
    );
    signal.forEach((value, t) =>
      assert.ok(Math.abs(value ** 2 + (noise[t] ?? NaN) ** 2 - 1) < 1e-12),
    );
  });
});
