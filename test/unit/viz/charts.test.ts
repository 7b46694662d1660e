import { strict as assert } from "node:assert";

import { core, tf, viz } from "latentlab";

import { assertNoMarkup, decode, HOSTILE, PLOTLY_MIME, shown } from "../../support/outputs";

describe("charts", () => {
  const axes = { x: "x", y: { label: "ELBO", unit: "nats" } };

  it("curves: the numbers, the band and the labels that were given", () => {
    const x = [1, 2, 3];
    const options = { ...axes, title: "T", horizontals: [{ y: 9, name: "bound" }] };
    const curve = { name: "a", x, y: [4, 5, 6], plusMinus: [1, 0.5, 2] };
    const { data, layout } = viz.curves({ ...options, curves: [curve] });
    assert.deepEqual(data[0]?.["y"], [5, 5.5, 8, 4, 4.5, 3]); // up one way, down on the way back
    assert.deepEqual(data[0]["x"], [1, 2, 3, 3, 2, 1]);
    assert.deepEqual([data[1]?.["x"], data[1]?.["y"]], [x, [4, 5, 6]]);
    assert.deepEqual(
      [data[2]?.["x"], data[2]?.["y"]],
      [
        [1, 3],
        [9, 9],
      ],
    );
    assert.deepEqual((layout["yaxis"] as { title: unknown }).title, { text: "ELBO (nats)" });
  });

  it("a logarithmic axis takes its range in units, not powers", () => {
    const y = { label: "variance", log: true, range: [0.01, 100] } as const;
    const { layout } = viz.curves({ title: "T", x: "n", y, curves: [] });
    assert.deepEqual((layout["yaxis"] as { range: number[] }).range, [-2, 2]);
  });

  it("groupsByLabel sorts points into their labels", () => {
    const points = tf.tensor2d([0, 1, 2, 3, 4, 5], [3, 2]);
    const groups = viz.groupsByLabel(points, [7, 3, 7]);
    points.dispose();
    assert.deepEqual(groups, [
      { name: "3", x: [2], y: [3] },
      { name: "7", x: [0, 4], y: [1, 5] },
    ]);
  });

  it("arrows: from each place along its vector, with a head that lies on both sides of the tip", () => {
    const [at, vectors] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[20, 0]])];
    const behind = { z: [[0, 1]], colour: "p" };
    const { data } = viz.arrows({ ...axes, title: "T", at, vectors, scale: 0.5, behind });
    tf.dispose([at, vectors]);
    assert.equal(data[0]?.["type"], "heatmap");
    assert.deepEqual(data[1]?.["x"], [1, 11, NaN, 7.5, 11, 7.5, NaN]);
    assert.deepEqual(data[1]["y"], [2, 2, NaN, 3.75, 2, 0.25, NaN]);
  });

  it("refuses lengths that disagree", () => {
    const wrong = { name: "a", x: [1], y: [1, 2] };
    assert.throws(() => viz.curves({ ...axes, title: "", curves: [wrong] }), core.ValueError);
    assert.throws(() => viz.scatter2d({ ...axes, title: "", groups: [wrong] }), core.ValueError);
    const series = [{ name: "a", values: [1, 2] }];
    assert.throws(
      () => viz.bars({ ...axes, title: "", categories: ["a"], series }),
      core.ValueError,
    );
  });

  it("JSON has six digits, gaps for NaN, and no typed arrays", () => {
    const y = new Float64Array([1 / 3, NaN, Infinity, 123456789]);
    const { data } = viz.curves({ ...axes, title: "", curves: [{ name: "a", y }] }).toJSON();
    assert.deepEqual(data[0]?.["y"], [0.333333, null, null, 123456789]);
  });

  it("slider: one frame per position", () => {
    const figure = (k: number): viz.Figure =>
      viz.curves({ ...axes, title: `k ${k}`, curves: [{ name: "a", y: [k] }] });
    const { frames, layout } = viz.slider([figure(1), figure(2)], {
      label: "k",
      positions: ["1", "2"],
    });
    assert.deepEqual(
      frames.map(({ data }) => data?.[0]?.["y"]),
      [[1], [2]],
    );
    assert.equal((layout["sliders"] as { steps: unknown[] }[])[0]?.steps.length, 2);
  });
});

describe("static picture", function () {
  this.timeout(60_000);

  function texts(svg: string): string[] {
    return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? "");
  }

  it("has title, note, axis labels, tick labels and legend", () => {
    const figure = viz.curves({
      title: HOSTILE,
      note: "band: ± 1",
      x: "step",
      y: { label: "loss", unit: "nats" },
      curves: [
        { name: "first", y: [0, 10] },
        { name: "second", y: [2, 3] },
      ],
    });
    const bundle = shown(figure);
    assertNoMarkup(bundle);
    const labels = texts(String(bundle["image/svg+xml"]));
    for (const text of ["band: ± 1", "step", "loss (nats)", "first", "second", "0", "10"])
      assert.ok(labels.includes(text), `${text} in ${labels.join(" | ")}`);
  });

  it("draws a curve through the right pixels", () => {
    const svg = String(
      shown(
        viz.curves({
          title: "",
          x: { label: "x", range: [0, 2] },
          y: { label: "y", range: [0, 4] },
          curves: [{ name: "a", x: [0, 1, 2], y: [0, 4, 2] }],
        }),
      )["image/svg+xml"],
    );
    const [, path = ""] = /stroke: rgb\(0, 114, 178\)[^>]* d="M([^"]*)"/.exec(svg) ?? [];
    const numbers = path.split(/[L,]/).map(Number);
    // Width 760 less margins 64 and 24; height 380 less 46 and 52; y downwards.
    assert.deepEqual(numbers, [0, 282, 336, 0, 672, 141]);
  });

  it("puts scattered points on the right pixels, as dots of one path a colour", () => {
    const groups = [
      { name: "a", x: [0, 1], y: [0, 4] },
      { name: "b", x: [2], y: [2] },
    ];
    const axis = (label: string, end: number): viz.Axis => ({ label, range: [0, end] });
    const figure = viz.scatter2d({ title: "", x: axis("x", 2), y: axis("y", 4), groups, size: 6 });
    const svg = String(shown(figure)["image/svg+xml"]);
    const dots = [...svg.matchAll(/stroke: (rgb[^;]*);[^>]*stroke-width: 6px" d="(M[^"]*h0)"/g)];
    const [, blue, blueDots = ""] = dots[0] ?? [];
    assert.equal(blue, "rgb(0, 114, 178)");
    const places = [...blueDots.matchAll(/M([\d.]+),([\d.]+)h0/g)].map(([, x, y]) => [+x!, +y!]);
    // Inside the plot of the width and the height that are left between the margins.
    const [[x0 = NaN, y0 = NaN] = [], [x1 = NaN, y1 = NaN] = []] = places;
    const [[, , last = ""] = []] = dots.slice(1);
    const [, x2 = "", y2 = ""] = /^M([\d.]+),([\d.]+)h0$/.exec(last) ?? [];
    assert.deepEqual([x0, y1, x1 - x0, y0 - y1], [0, 0, 336, y0]);
    assert.deepEqual([Number(x2) - x0, Number(y2)], [672, y0 / 2]);
    assert.ok(y0 > 200 && y0 < 300);
  });

  it("paints a heat map's exact colours", () => {
    const options = { title: "", x: "x", y: "y", colour: "c", diverging: true };
    const svg = String(shown(viz.heatmap({ ...options, z: [[-1, 1]] }))["image/svg+xml"]);
    const [, png] = /data:image\/png;base64,([^"]*)"/.exec(svg) ?? [];
    const { shape, pixels } = decode(png);
    assert.deepEqual(shape, [1, 2, 4]);
    assert.deepEqual(pixels, [5, 10, 172, 255, 178, 10, 28, 255]); // the ends of RdBu
  });

  it("a figure that plotly.js cannot draw is shown without a picture", () => {
    const broken = new viz.Figure({
      data: [{ type: "scatter", y: [1] }],
      layout: { width: "wide", height: {} },
    });
    assert.ok(PLOTLY_MIME in shown(broken));
  });
});
