import { strict as assert } from "node:assert";

import { viz } from "latentlab";
import { RunningCurve } from "latentlab/dist/viz/running-curve";
import { Throttle } from "latentlab/dist/viz/throttle";

import { FakeClock, inKernel, type Sent } from "../../support/fake-kernel";
import { PLOTLY_MIME } from "../../support/outputs";

function figure(value: number): viz.Figure {
  return viz.curves({ title: "T", x: "x", y: "y", curves: [{ name: "a", y: [value] }] });
}

function valueOf({ bundle }: Sent): unknown {
  return (bundle[PLOTLY_MIME] as { data: { y: number[] }[] }).data[0]?.y[0];
}

describe("Throttle", () => {
  it("sends the first at once, the newest after each interval, the last always", () => {
    const clock = new FakeClock();
    const sent: [number, number][] = [];
    const throttle = new Throttle<number>((value) => sent.push([clock.now(), value]), clock);
    for (let k = 0; k < 100; k++) {
      throttle.request(k);
      clock.advance(10);
    }
    clock.advance(1000);
    // Every 120 ms the newest of those that came each 10 ms; 99 is the last.
    const expected = [0, 11, 23, 35, 47, 59, 71, 83, 95, 99].map((k, i) => [120 * i, k]);
    assert.deepEqual(sent, expected);
  });

  it("sends at least 5 and at most 9 a second", () => {
    const clock = new FakeClock();
    let count = 0;
    const throttle = new Throttle<number>(() => (count++, 1000), clock);
    for (let ms = 0; ms < 10_000; ms++, clock.advance(1)) throttle.request(ms);
    assert.ok(count >= 50 && count <= 90, `${count} in 10 s`);
  });

  it("stays under half of the server's limit of a million bytes a second", () => {
    const clock = new FakeClock();
    let bytes = 0;
    const throttle = new Throttle<number>(() => ((bytes += 200_000), 200_000), clock);
    for (let ms = 0; ms < 10_000; ms += 10, clock.advance(10)) throttle.request(ms);
    assert.ok(bytes <= 10 * 500_000, `${bytes} bytes in 10 s`);
    assert.ok(bytes >= 10 * 300_000, `${bytes} bytes in 10 s`);
  });
});

describe("RunningCurve", () => {
  it("keeps the means of joined buckets, and the newest value", () => {
    const curve = new RunningCurve(4);
    for (let k = 1; k <= 7; k++) curve.push(k, 10 * k);
    assert.deepEqual(curve.points(), { x: [1.5, 3.5, 5.5, 7], y: [15, 35, 55, 70] });
  });

  it("stays small, and its mean is the mean of all values", () => {
    const curve = new RunningCurve(400);
    for (let k = 0; k < 409_600; k++) curve.push(k, k % 3);
    const { y } = curve.points();
    assert.ok(y.length <= 400);
    const mean = y.reduce((a, b) => a + b) / y.length;
    assert.ok(Math.abs(mean - 1) < 1e-3, String(mean));
  });
});

describe("liveFigure", () => {
  it("adds one output, replaces it in place, and ends with the static form", async () => {
    const clock = new FakeClock();
    const sent = await inKernel(() => {
      const live = viz.liveFigure(figure(0), { clock });
      for (let k = 1; k <= 30; k++) {
        clock.advance(50);
        live.update(() => figure(k));
      }
      live.end();
      live.end();
      live.update(figure(99));
      clock.advance(1000);
    });
    assert.equal(new Set(sent.map(({ options }) => options.id)).size, 1);
    assert.deepEqual(
      sent.map(({ options }) => options.update),
      sent.map((_, i) => i > 0),
    );
    assert.equal(valueOf(sent.at(-1) as Sent), 30);
    const withPicture = sent.map(({ bundle }) => "image/svg+xml" in bundle);
    assert.deepEqual(withPicture, [...withPicture.slice(1).map(() => false), true]);
    assert.ok(sent.length >= 12 && sent.length <= 16, `${sent.length} in 1.5 s`);
  });

  it("makes no figure that it does not show", async () => {
    const clock = new FakeClock();
    let made = 0;
    const sent = await inKernel(() => {
      const live = viz.liveFigure(figure(0), { clock });
      for (let k = 0; k < 1000; k++) live.update(() => (made++, figure(k)));
      clock.advance(1000);
    });
    assert.deepEqual([made, sent.length], [1, 2]);
  });

  it("is silent without a kernel", () => {
    const live = viz.liveFigure(() => assert.fail("drawn"));
    live.update(() => assert.fail("drawn"));
    live.end();
  });
});

describe("display", () => {
  it("sends a bundle to the kernel, and text to the console without one", async () => {
    const sent = await inKernel(() => {
      viz.display(viz.table([{ a: 1 }]), { id: "t" });
    });
    assert.deepEqual(Object.keys(sent[0]?.bundle ?? {}), ["text/html", "text/plain"]);
    assert.equal(sent[0]?.options.id, "t");
  });
});
