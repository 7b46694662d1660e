import { strict as assert } from "node:assert";

import { data, tf } from "latentlab";

const SIZES = [16, 32] as const;

function pictures(size: number, count = 300): data.CaptionedShapes {
  return data.captionedShapes({ split: "train", count, size, seed: 11 });
}

function read(objects: readonly data.ShapeObject[], size: number): data.FoundObject[] {
  return data.readScene(
    Float32Array.from(data.drawObjects(objects, size), (byte) => byte / 255),
    size,
  );
}

/** Right or wrong, attribute by attribute, e.g. "count✓ colour✗ …"; a missing relation is left out. */
function verdict(objects: readonly data.ShapeObject[], caption: data.Caption): string {
  const { attributes, isExact } = data.scoreScene(read(objects, 32), caption);
  const wrong = data.ATTRIBUTES.filter((a) => attributes[a].right < attributes[a].asked);
  return `${wrong.join(" ")}${isExact ? "exact" : ""}`;
}

describe("parser of shape pictures", () => {
  for (const size of SIZES) {
    it(`reads ≥ 99 % of clean ${size}×${size} pictures exactly, of unseen combinations too`, () => {
      for (const split of data.SPLITS) {
        const shapes = data.captionedShapes({ split, count: 300, size, seed: 11 });
        const { exactAccuracy, n } = data.parserAccuracy(shapes, { seed: 1 });
        assert.equal(n, 300);
        assert.ok(exactAccuracy >= 0.99, `${split}: ${exactAccuracy}`);
      }
    });

    it(`confuses no colour, shape or size at ${size}×${size}`, () => {
      for (const shape of data.SHAPES) {
        for (const colour of data.COLOURS) {
          for (const word of ["small", "large"] as const) {
            for (const shift of [0, 0.31, 0.77]) {
              const at = { x: 0.5 + shift / size, y: 0.45 + shift ** 2 / size };
              const radius = data.RADIUS[word];
              const found = read([{ colour, shape, size: word, radius, ...at }], size);
              assert.equal(found.length, 1);
              const [object] = found as [data.FoundObject];
              assert.deepEqual([object.colour, object.shape, object.size], [colour, shape, word]);
              assert.ok(Math.hypot(object.x - at.x, object.y - at.y) * size < 0.1);
              assert.ok(Math.abs(object.radius / radius - 1) < 0.02);
              assert.ok(object.misfit < 0.02);
            }
          }
        }
      }
    });
  }

  it("holds out against noise and blur, and fails as they grow", () => {
    const levels = [{ noise: 0.1 }, { noise: 0.4 }, { blur: 0.5 }, { blur: 1 }, { blur: 3 }];
    const curve = (size: number): number[] =>
      data
        .parserCurve(pictures(size, 150), { damages: levels, seed: 2 })
        .map(({ attributeAccuracy }) => attributeAccuracy);
    const [a, b, c, d, e] = curve(32) as [number, number, number, number, number];
    assert.ok(a >= 0.99 && c >= 0.99 && d >= 0.99, `${[a, c, d]}`);
    assert.ok(b < 0.8 && e < 0.8, `${[b, e]}`);
    const [noisy, , soft] = curve(16) as [number, number, number];
    assert.ok(noisy >= 0.98 && soft >= 0.96, `${[noisy, soft]}`);
  });

  it("finds exactly what is wrong with a picture", () => {
    const caption = data.parseCaption("two small red circles above a large blue square");
    const [left, right] = [
      { colour: "red", shape: "circle", size: "small", x: 0.3, y: 0.2, radius: 0.11 },
      { colour: "red", shape: "circle", size: "small", x: 0.7, y: 0.25, radius: 0.11 },
    ] as const;
    const square = {
      colour: "blue",
      shape: "square",
      size: "large",
      x: 0.5,
      y: 0.7,
      radius: 0.16,
    } as const;
    const wide = (object: data.ShapeObject): data.ShapeObject => ({ ...object, radius: 0.16 });
    const flipped = (object: data.ShapeObject): data.ShapeObject => ({
      ...object,
      y: 1 - object.y,
    });
    const extra = { ...left, colour: "green", x: 0.15, y: 0.85 } as const;
    const cases: readonly (readonly [string, readonly data.ShapeObject[], string])[] = [
      ["nothing", [left, right, square], "exact"],
      ["a circle is missing", [left, square], "count"],
      ["the square is green", [left, right, { ...square, colour: "green" }], "colour"],
      ["the circles are large", [wide(left), wide(right), square], "size"],
      ["a circle is large", [wide(left), right, square], "size"],
      ["the square is round", [left, right, { ...square, shape: "circle" }], "shape"],
      ["upside down", [left, right, square].map(flipped), "relation"],
      ["something else is there", [left, right, square, extra], ""],
      ["no square", [left, right], "count colour size shape relation"],
      ["black", [], "count colour size shape relation"],
    ];
    for (const [what, objects, want] of cases) assert.equal(verdict(objects, caption), want, what);
    const same = data.converse(caption);
    assert.equal(verdict([left, right, square], same), "exact");
  });

  it("sees no shape in a blob that is none", () => {
    const blob = Float32Array.from({ length: 32 * 32 * 3 }, (_, i) => {
      const y = Math.floor(i / 96);
      return i % 3 === 0 && y >= 14 && y < 16 ? 1 : 0; // a red line of 2 by 32 pixels
    });
    const { attributes } = data.scoreScene(
      data.readScene(blob, 32),
      data.parseCaption("a small red square"),
    );
    assert.deepEqual([attributes.colour.right, attributes.shape.right], [1, 0]);
  });

  it("adds up scores over pictures in either range", () => {
    const shapes = pictures(32, 12);
    const ids = Int32Array.from({ length: 12 }, (_, i) => i);
    const captions = shapes.scenes.map(({ caption }) => caption);
    const rotated = [...captions.slice(1), captions[0]!];
    const ranges = { signed: [-1, 1], unit: [0, 1] } as const;
    for (const name of ["signed", "unit"] as const) {
      tf.tidy(() => {
        const range = ranges[name];
        const { x } = shapes.batchAt(ids, name);
        const right = data.scorePictures(x, captions, { range });
        assert.deepEqual([right.n, right.exactAccuracy, right.attributeAccuracy], [12, 1, 1]);
        const wrong = data.scorePictures(x, rotated, { range });
        assert.ok(wrong.exactAccuracy < 0.2 && wrong.attributeAccuracy < 0.8);
        const asked = captions.reduce((n, { groups }) => n + groups.length, 0);
        assert.equal(wrong.attributes.colour.asked, asked);
      });
    }
  });

  it("reads 1,000 pictures of 32×32 in less than 2 s of one processor", () => {
    const shapes = pictures(32, 200);
    const before = process.cpuUsage();
    data.parserAccuracy(shapes, { seed: 1 });
    const { user } = process.cpuUsage(before);
    assert.ok((5 * user) / 1e6 < 2, `${(5 * user) / 1e6} s`);
  });
});
