import { strict as assert } from "node:assert";

import { core, tf, viz } from "latentlab";

import { FakeClock, inKernel, type Sent } from "../../support/fake-kernel";
import { PLOTLY_MIME } from "../../support/outputs";

describe("liveTraining", () => {
  async function* steps(count: number, fails = false): AsyncGenerator<viz.TrainingReport> {
    for (let step = 1; step <= count; step++) {
      await Promise.resolve();
      yield { step, loss: 100 / step, parts: { kl: step }, stepsPerSecond: 50, secondsLeft: 2 };
    }
    if (fails) throw new Error("planted");
  }
  const options = { title: "VAE", steps: 100, y: { label: "loss", unit: "nats" } };

  /** Trace values and status line of the last output. */
  function last(sent: readonly Sent[]): { names: unknown[]; status: string; picture: boolean } {
    const { bundle } = sent.at(-1) as Sent;
    const spec = bundle[PLOTLY_MIME] as {
      data: { name: string }[];
      layout: { title: { subtitle: { text: string } }; images?: unknown[] };
    };
    const status = spec.layout.title.subtitle.text;
    const names = spec.data.map(({ name }) => name);
    assert.ok("image/svg+xml" in bundle, "ends with a static picture");
    return { names, status, picture: spec.layout.images?.length === 1 };
  }

  it("shows loss, parts, measurements and pictures, and ends by itself", async () => {
    const sent = await inKernel(async () => {
      const dashboard = viz.liveTraining({ ...options, clock: new FakeClock() });
      for await (const { step } of dashboard.watch(steps(100))) {
        if (step === 100) {
          dashboard.measure("held out", step, 3);
          const images = tf.zeros<tf.Rank.R4>([4, 8, 8, 1]);
          dashboard.pictures(viz.imageGrid(images, { range: [0, 1] }));
          images.dispose();
        }
      }
    });
    const { names, status, picture } = last(sent);
    assert.deepEqual(names, ["loss", "kl", "held out"]);
    assert.match(status, /^step 100 of 100 · 50 steps\/s · [\d,]+ MB · [\d,]+ tensors$/);
    assert.ok(picture);
  });

  it("leaves the final figure after an error and after break", async () => {
    const failed = await inKernel(async () => {
      const dashboard = viz.liveTraining({ ...options, clock: new FakeClock() });
      await assert.rejects(async () => {
        for await (const { step } of dashboard.watch(steps(7, true))) assert.ok(step > 0);
      }, /planted/);
    });
    assert.match(last(failed).status, /^stopped at step 7 of 100/);
    const broken = await inKernel(async () => {
      const dashboard = viz.liveTraining({ ...options, clock: new FakeClock() });
      for await (const { step } of dashboard.watch(steps(100))) if (step === 5) break;
    });
    assert.match(last(broken).status, /^stopped at step 5 of 100/);
  });

  it("keeps pictures over time behind a slider, thinned, in less than half a megabyte", async () => {
    const sent = await inKernel(async () => {
      const dashboard = viz.liveTraining({ ...options, clock: new FakeClock() });
      for await (const { step } of dashboard.watch(steps(100))) {
        const noise = new core.Rng(step).uniform([8, 28, 28, 1]);
        dashboard.pictures(viz.imageGrid(noise, { range: [0, 1] }));
        noise.dispose();
      }
    });
    const bundle = (sent.at(-1) as Sent).bundle;
    const { frames, layout } = bundle[PLOTLY_MIME] as viz.FigureSpec;
    const [{ steps: positions, active }] = layout?.["sliders"] as [
      { steps: { label: string }[]; active: number },
    ];
    assert.ok(positions.length >= 5 && positions.length <= 16, `${positions.length} positions`);
    assert.deepEqual([positions[0]?.label, positions.at(-1)?.label], ["1", "100"]);
    assert.equal(active, positions.length - 1, "it begins with the newest");
    const pictures = frames?.map(({ layout: own }) => JSON.stringify(own?.["images"]));
    assert.equal(new Set(pictures).size, positions.length);
    assert.ok(
      frames?.every(({ data }) => data === undefined),
      "curves are there once",
    );
    const size = JSON.stringify(bundle).length;
    assert.ok(size < 500_000, `${size} bytes`);
  });

  it("draws the band of healthy runs, and warns when the loss leaves it", async () => {
    const healthyLoss = (seed: number): viz.LossCurve => {
      const x = Array.from({ length: 100 }, (_, i) => i + 1);
      return { x, y: x.map((step) => (100 / step) * (1 + 0.01 * seed)) };
    };
    const curves = [-2, -1, 0, 1, 2].map(healthyLoss);
    const healthy = viz.healthyBand(curves, 100);
    // Of the factors 0.98…1.02 the standard deviation is √(10 / 4) / 100.
    const [, , , half = 0] = healthy.x.map((_, i) => {
      const [low = NaN, high = NaN] = [healthy.low[i], healthy.high[i]];
      return (high - low) / (high + low);
    });
    assert.ok(Math.abs(half - 5 * (Math.sqrt(2.5) / 100)) < 1e-9, `${half}`);
    const shownFor = async (factor: number): Promise<ReturnType<typeof last>> =>
      last(
        await inKernel(async () => {
          const dashboard = viz.liveTraining({ ...options, healthy, clock: new FakeClock() });
          for (let step = 1; step <= 100; step++)
            dashboard.push({ step, loss: (100 * factor) / step });
          dashboard.end();
          await Promise.resolve();
        }),
      );
    const good = await shownFor(1);
    assert.deepEqual(good.names, ["5 healthy runs", "loss"]);
    assert.doesNotMatch(good.status, /healthy/);
    assert.match((await shownFor(1.2)).status, /⚠ the loss is above that of healthy runs/);
    assert.match((await shownFor(0.8)).status, /⚠ the loss is below that of healthy runs/);
  });

  it("prints a line now and then without a kernel", async () => {
    const clock = new FakeClock();
    const lines: string[] = [];
    const { log } = console;
    console.log = (line: string) => lines.push(line);
    try {
      const dashboard = viz.liveTraining({ ...options, clock });
      for await (const { step } of dashboard.watch(steps(100))) clock.advance(step > 0 ? 120 : 0);
    } finally {
      console.log = log;
    }
    assert.equal(lines.length, 3); // at 5 s, at 10 s, and the end at 12 s
    assert.match(
      lines[2] ?? "",
      /^VAE: step 100 of 100 · 50 steps\/s .* · loss 1\.000 · kl 100\.0$/,
    );
  });
});
