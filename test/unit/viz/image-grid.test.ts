import { strict as assert } from "node:assert";

import { core, tf, viz } from "latentlab";

import { assertNoMarkup, decode, HOSTILE, PLOTLY_MIME, shown } from "../../support/outputs";

describe("imageGrid", () => {
  it("puts each picture's exact pixels in its place", () => {
    const images = tf.tensor4d([0, 0.2, 0.4, 1, 1, 0.6, 0.8, 0], [2, 2, 2, 1]);
    const bundle = shown(viz.imageGrid(images, { range: [0, 1], columns: 2, scale: 1 }));
    images.dispose();
    const { shape, pixels } = decode(bundle["image/png"]);
    assert.deepEqual(shape, [2, 8, 1]); // two pictures of 2 and a gap of 4
    const gap = [128, 128, 128, 128];
    assert.deepEqual(pixels, [0, 51, ...gap, 255, 153, 102, 255, ...gap, 204, 0]);
  });

  it("takes [−1, 1] as told, clips, and makes squares of pixels", () => {
    const images = tf.tensor4d([-1, 0, 3, -7], [1, 1, 4, 1]);
    const bundle = shown(viz.imageGrid(images, { range: [-1, 1], scale: 2 }));
    images.dispose();
    const { shape, pixels } = decode(bundle["image/png"]);
    assert.deepEqual(shape, [2, 8, 1]);
    const row = [0, 0, 128, 128, 255, 255, 0, 0];
    assert.deepEqual(pixels, [...row, ...row]);
  });

  it("keeps the channels of colour and of transparency", () => {
    const rgb = tf.tensor4d([1, 0, 0.2], [1, 1, 1, 3]);
    const rgba = tf.tensor4d([1, 0, 0.2, 0.4], [1, 1, 1, 4]);
    const of = (images: tf.Tensor): unknown =>
      decode(shown(viz.imageGrid(images, { range: [0, 1], scale: 1 }))["image/png"]);
    assert.deepEqual(of(rgb), { shape: [1, 1, 3], pixels: [255, 0, 51] });
    assert.deepEqual(of(rgba), { shape: [1, 1, 4], pixels: [255, 0, 51, 102] });
    tf.dispose([rgb, rgba]);
  });

  it("makes a digit of 28×28 at least 56 wide", () => {
    const images = tf.zeros<tf.Rank.R4>([3, 28, 28, 1]);
    const { pixels } = viz.imageGrid(images, { range: [0, 1], columns: 3 });
    images.dispose();
    assert.deepEqual([pixels.height, pixels.width], [56, 3 * 56 + 2 * 4]);
  });

  it("shows captions and row labels as text in the figure", () => {
    const images = tf.zeros<tf.Rank.R4>([2, 4, 4, 1]);
    const texts = { captions: [HOSTILE, "b"], rowLabels: ["x", "y"] };
    const bundle = shown(viz.imageGrid(images, { range: [0, 1], columns: 1, ...texts }));
    images.dispose();
    assert.deepEqual(Object.keys(bundle).sort(), [PLOTLY_MIME, "image/svg+xml", "text/plain"]);
    assertNoMarkup(bundle);
  });

  it("frames each picture that has a caption: height of 56, and a caption's 22 between rows", () => {
    const images = tf.ones<tf.Rank.R4>([2, 4, 4, 1]);
    const { layout } = viz
      .imageGrid(images, { range: [0, 1], columns: 1, captions: ["a", "b"] })
      .figure();
    images.dispose();
    const frames = layout["shapes"] as { readonly y0: number; readonly y1: number }[];
    const places = frames.map(({ y0, y1 }) => [y0, y1].map((y) => Math.round(134 * (1 - y))));
    assert.deepEqual(places, [
      [0, 56],
      [78, 134],
    ]);
  });

  it("refuses NaN, another rank, and captions of another number", () => {
    const images = tf.tensor4d([0, NaN], [2, 1, 1, 1]);
    const flat = tf.zeros([2, 784]);
    const show = (x: tf.Tensor, captions?: string[]): unknown =>
      viz.imageGrid(x, captions ? { range: [0, 1], captions } : { range: [0, 1] });
    assert.throws(() => show(images), core.NonFiniteError);
    assert.throws(() => show(flat), core.ShapeError);
    assert.throws(() => show(images, ["one"]), core.ValueError);
    tf.dispose([images, flat]);
  });
});
