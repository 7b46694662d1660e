import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";

import { data, Rng, tf } from "latentlab";

import { assertClose } from "../../../support/close";

const PICTURES = data.captionedShapes({ split: "train", count: 60, size: 32, seed: 3 });

function pictureOf(object: Omit<data.ShapeObject, "size">, size: number): number[] {
  const bytes = data.drawObjects([{ ...object, size: "large" }], size);
  return Array.from({ length: size * size }, (_, i) => bytes[3 * i]! / 255);
}

/** Is a point in the shape of area π r² around its centroid? The definition, point by point. */
function isInside(shape: data.Shape, dx: number, dy: number): boolean {
  if (shape === "circle") return Math.hypot(dx, dy) < 1;
  if (shape === "square") return Math.max(Math.abs(dx), Math.abs(dy)) < Math.sqrt(Math.PI) / 2;
  const height = Math.sqrt(2 * Math.PI);
  const [apex, base] = [(-2 / 3) * height, height / 3];
  return dy < base && Math.abs(dx) < (dy - apex) / 2;
}

describe("drawing shapes", () => {
  // Red's red channel is 0.95: coverage is the byte over that.
  const RED = 0.95;
  const place = { colour: "red", x: 0.47, y: 0.561, radius: 0.16 } as const;

  for (const shape of data.SHAPES) {
    it(`covers each pixel by the share that 40×40 points of it find in a ${shape}`, () => {
      const size = 16;
      const got = pictureOf({ ...place, shape }, size).map((value) => value / RED);
      const [n, r] = [40, place.radius * size];
      const want = got.map((_, i) => {
        let hits = 0;
        for (let k = 0; k < n * n; k++) {
          const x = (i % size) + ((k % n) + 0.5) / n - place.x * size;
          const y = Math.floor(i / size) + (Math.floor(k / n) + 0.5) / n - place.y * size;
          if (isInside(shape, x / r, y / r)) hits++;
        }
        return hits / (n * n);
      });
      assertClose(got, want, { absolute: 0.045 });
    });

    it(`gives a ${shape} the area π r² and its centroid, whatever its size and place`, () => {
      const size = 32;
      for (const radius of [data.RADIUS.small, data.RADIUS.large]) {
        const pixels = pictureOf({ ...place, shape, radius }, size).map((value) => value / RED);
        const area = pixels.reduce((sum, share) => sum + share, 0);
        const moment = (at: (i: number) => number): number =>
          pixels.reduce((sum, share, i) => sum + share * (at(i) + 0.5), 0) / area / size;
        assertClose([area], [Math.PI * (radius * size) ** 2], { absolute: 0, relative: 0.012 });
        const centre = [moment((i) => i % size), moment((i) => Math.floor(i / size))];
        assertClose(centre, [place.x, place.y], { absolute: 0.002 });
      }
    });
  }

  it("keeps any two colours of the palette apart by 30° in hue as seen from black", () => {
    const norm = (v: data.Rgb): number => Math.hypot(...v);
    const angles = data.COLOURS.flatMap((a, i) =>
      data.COLOURS.slice(i + 1).map((b) => {
        const [p, q] = [data.PALETTE[a], data.PALETTE[b]];
        const dot = p.reduce((sum, v, c) => sum + v * q[c]!, 0);
        return (Math.acos(dot / norm(p) / norm(q)) * 180) / Math.PI;
      }),
    );
    assert.ok(Math.min(...angles) > 30, `${Math.min(...angles)}`);
  });

  it("draws the same bytes on every machine", () => {
    const digest = createHash("sha256").update(PICTURES.images.images).digest("hex");
    assert.equal(digest.slice(0, 16), "b7f3bcb784b495dc");
  });
});

describe("scenes of shapes", () => {
  it("are functions of the seed and their number: more pictures and another size change none", () => {
    const options = { split: "train", seed: 3 } as const;
    const few = data.captionedShapes({ ...options, count: 5, size: 16 });
    assert.deepEqual(few.scenes, PICTURES.scenes.slice(0, 5));
    const other = data.captionedShapes({ ...options, count: 5, size: 16, seed: 4 });
    assert.notDeepEqual(other.captions, few.captions);
  });

  it("show their caption: number, kind, room between objects, and the relation", () => {
    const bounds = (
      o: data.ShapeObject,
    ): { left: number; right: number; top: number; bottom: number } => {
      const height = Math.sqrt(2 * Math.PI) * o.radius;
      const side = Math.sqrt(Math.PI) * o.radius;
      const isTriangle = o.shape === "triangle";
      const half = isTriangle ? height / 2 : o.shape === "square" ? side / 2 : o.radius;
      const [up, down] = isTriangle ? [(2 * height) / 3, height / 3] : [half, half];
      return { left: o.x - half, right: o.x + half, top: o.y - up, bottom: o.y + down };
    };
    for (const { caption, groups } of PICTURES.scenes) {
      caption.groups.forEach(({ count, size, colour, shape }, g) => {
        assert.equal(groups[g]!.length, count);
        for (const object of groups[g]!) {
          assert.deepEqual([object.size, object.colour, object.shape], [size, colour, shape]);
          assert.ok(Math.abs(object.radius / data.RADIUS[size] - 1) <= 0.04 + 1e-9);
        }
      });
      const boxes = groups.flat().map(bounds);
      boxes.forEach((a, i) => {
        assert.ok(Math.min(a.left, a.top, 1 - a.right, 1 - a.bottom) > 0.019);
        for (const b of boxes.slice(i + 1)) {
          const across = Math.max(b.left - a.right, a.left - b.right);
          const down = Math.max(b.top - a.bottom, a.top - b.bottom);
          assert.ok(Math.max(across, down) > 0.0799);
        }
      });
      if (caption.relation === undefined) continue;
      const [a, b] = groups.map((group) => group.map(bounds)) as [typeof boxes, typeof boxes];
      const every = (holds: (p: (typeof boxes)[0], q: (typeof boxes)[0]) => boolean): boolean =>
        a.every((p) => b.every((q) => holds(p, q)));
      const truth: Record<data.Relation, boolean> = {
        above: every((p, q) => p.bottom < q.top),
        below: every((p, q) => p.top > q.bottom),
        "left of": every((p, q) => p.right < q.left),
        "right of": every((p, q) => p.left > q.right),
      };
      assert.ok(truth[caption.relation], data.formatCaption(caption));
    }
  });

  it("exist for every caption: also the largest objects find room", () => {
    for (const shape of data.SHAPES) {
      const group = { size: "large", shape } as const;
      const three = { groups: [{ ...group, count: 3, colour: "red" }] } as const;
      assert.equal(data.sceneObjects(data.sampleScene(three, new Rng(1))).length, 3);
      for (const relation of data.RELATIONS) {
        const [two, one] = [
          { ...group, count: 2, colour: "red" },
          { ...group, shape: "triangle", count: 1, colour: "cyan" },
        ] as const;
        const scene = data.sampleScene({ groups: [two, one], relation }, new Rng(2));
        assert.equal(data.sceneObjects(scene).length, 3);
      }
    }
  });

  it("come from all kinds of captions alike", () => {
    const { scenes } = data.captionedShapes({ split: "unseen", count: 300, size: 8, seed: 1 });
    const shares = [
      scenes.filter(({ groups }) => groups.flat().length === 1).length / 300,
      scenes.filter(({ groups }) => groups.length === 1 && groups[0]!.length > 1).length / 300,
      scenes.filter(({ groups }) => groups.length === 2).length / 300,
    ];
    const error = Math.sqrt((1 / 3) * (2 / 3) * (1 / 300));
    assertClose(shares, [1 / 3, 1 / 3, 1 / 3], { absolute: 4 * error });
    assert.ok(scenes.every(({ caption }) => data.splitOf(caption) === "unseen"));
  });
});

describe("word masks", () => {
  it("times the palette are the picture: each word has its objects' pixels, all and no other", () => {
    const size = 32;
    PICTURES.scenes.forEach((scene, i) => {
      const masks = data.wordMasks(scene, size);
      const words = data.captionWords(scene.caption);
      const byWord = (g: number, at: number): Float32Array =>
        masks[words.findIndex(({ groups }) => groups.length === 1 && groups[0] === g) + at]!;
      const painted = new Float32Array(size * size * 3);
      scene.caption.groups.forEach(({ colour }, g) => {
        for (let p = 0; p < painted.length; p++) {
          painted[p]! += byWord(g, 0)[Math.floor(p / 3)]! * data.PALETTE[colour][p % 3]!;
        }
        for (const at of [1, 2, 3]) assert.deepEqual(byWord(g, at), byWord(g, 0));
      });
      const bytes = PICTURES.images.images.subarray(i * painted.length, (i + 1) * painted.length);
      assertClose(
        Array.from(bytes, (b) => b / 255),
        painted,
        { absolute: 0.51 / 255 },
      );
      words.forEach(({ groups }, w) => {
        if (groups.length < 2) return;
        const both = byWord(0, 0).map((share, p) => share + byWord(1, 0)[p]!);
        assertClose(masks[w]!, both, { absolute: 1e-6 });
      });
    });
  });

  it("come as a tensor beside the tokens, with nothing behind the caption", () => {
    const ids = Int32Array.of(7, 0);
    const masks = PICTURES.masksAt(ids);
    assert.deepEqual(masks.shape, [2, data.MAX_CAPTION_WORDS, 32, 32]);
    const perWord = tf.tidy(() => masks.sum([2, 3]).arraySync() as number[][]);
    masks.dispose();
    perWord.forEach((sums, row) => {
      const scene = PICTURES.scenes[ids[row]!]!;
      const want = data.wordMasks(scene, 32).map((mask) => mask.reduce((a, b) => a + b));
      const padding = new Array<number>(data.MAX_CAPTION_WORDS - want.length).fill(0);
      assertClose(sums, [...want, ...padding], { relative: 1e-4 });
    });
  });
});

describe("batches of captioned shapes", () => {
  it("pair each picture in [−1, 1] with its caption's tokens, and repeat by step", () => {
    const source = data.captionBatches(PICTURES, { batchSize: 8, seed: 5 });
    const [batch, again] = [source.at(9), source.at(9)];
    const tokens = batch.tokens.arraySync();
    const pixels = batch.x.dataSync();
    assert.deepEqual(pixels, again.x.dataSync());
    [batch, again].forEach(({ x, tokens: t }) => {
      x.dispose();
      t.dispose();
    });
    const length = 32 * 32 * 3;
    batch.ids.forEach((id, row) => {
      assert.equal(data.decodeTokens(tokens[row]!), PICTURES.captions[id]);
      const bytes = PICTURES.images.images.subarray(id * length, (id + 1) * length);
      const want = Array.from(bytes, (byte) => byte / 127.5 - 1);
      assertClose(pixels.subarray(row * length, (row + 1) * length), want, { absolute: 1e-6 });
    });
  });
});
