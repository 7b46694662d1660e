import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";

import { core, data } from "latentlab";

const ALL = data.SPLITS.flatMap((split) =>
  data.CAPTION_KINDS.flatMap((kind) => data.captionsOf(split, kind)),
);
const TOLD = ALL.flatMap((caption) => [caption, data.converse(caption)]);

describe("captions of shapes", () => {
  it("are read back as they were written, all of them, told from either group", () => {
    for (const caption of TOLD) {
      assert.deepEqual(data.parseCaption(data.formatCaption(caption)), caption);
    }
  });

  it("read as English", () => {
    const caption = data.parseCaption("Two small red circles left of a large  blue square ");
    assert.deepEqual(caption, {
      groups: [
        { count: 2, size: "small", colour: "red", shape: "circle" },
        { count: 1, size: "large", colour: "blue", shape: "square" },
      ],
      relation: "left of",
    });
    const same = "a large blue square right of two small red circles";
    assert.equal(data.formatCaption(data.converse(caption)), same);
    assert.deepEqual(data.canonicalCaption(data.parseCaption(same)), caption);
  });

  it("are refused with the word that does not fit", () => {
    const refusals: readonly (readonly [string, RegExp])[] = [
      ["two small red circle", /word 4 .* must be one of circles, squares.*got "circle"/],
      ["a red circle", /word 2 .* small, large, got "red"/],
      ["", /word 1 .* got nothing/],
      ["a small red circle near a large blue square", /word 5 .*above.*got "near"/],
      ["a small red circle left a large blue square", /word 6 .* of, got "a"/],
      ["a small red circle above a large red square", /both groups .* are red/],
      ["a small red circle above a large blue square below", /must end before "below"/],
    ];
    for (const [text, message] of refusals) {
      assert.throws(() => data.parseCaption(text), { name: "ValueError", message });
    }
  });

  it("use every word of the vocabulary and no other", () => {
    const used = new Set(TOLD.flatMap((caption) => data.formatCaption(caption).split(" ")));
    assert.deepEqual([...used].sort(), data.VOCABULARY.slice(1).sort());
    assert.equal(new Set(data.VOCABULARY).size, data.VOCABULARY.length);
    const longest = Math.max(...TOLD.map((caption) => data.captionWords(caption).length));
    assert.equal(data.MAX_CAPTION_WORDS, longest);
  });

  it("become token ids and texts again; an unknown word is named", () => {
    const texts = ["a small red circle", "two large cyan squares left of a small green triangle"];
    const tokens = data.encodeCaptions(texts);
    const rows = tokens.arraySync();
    tokens.dispose();
    assert.deepEqual(rows.map(data.decodeTokens), texts);
    assert.deepEqual(rows[0]?.slice(4), [0, 0, 0, 0, 0, 0]);
    const refused = (text: string, message: RegExp): void =>
      assert.throws(() => data.encodeCaptions([text]), { name: "ValueError", message });
    refused("a small purple circle", /"purple" is not a word of the captions.*magenta/);
    refused("<pad>", /"<pad>" is not a word/);
    refused("a ".repeat(11), /11 words, more than the 10/);
    assert.throws(() => data.decodeTokens([1, 99]), core.ValueError);
  });
});

describe("splits of captions", () => {
  it("are disjoint and hold every caption of the grammar once", () => {
    const texts = ALL.map(data.formatCaption);
    assert.equal(new Set(texts).size, texts.length);
    // 6 colours × 3 shapes × 2 sizes of one, two or three; of a pair, the second has 5 colours left.
    const [one, several, related] = [36, 2 * 36, 2 * (36 * 30 + 2 * 36 * 30)];
    assert.equal(texts.length, one + several + related);
    assert.ok(
      TOLD.every((caption) => data.splitOf(caption) === data.splitOf(data.converse(caption))),
    );
  });

  it("show no unseen combination of colour and shape in training, but each colour and shape", () => {
    const pairsOf = (split: data.CaptionSplit): Set<string> =>
      new Set(
        ALL.filter((caption) => data.splitOf(caption) === split).flatMap(({ groups }) =>
          groups.map(({ colour, shape }) => `${colour} ${shape}`),
        ),
      );
    const unseen = data.UNSEEN_PAIRS.map((pair) => pair.join(" "));
    const [train, heldOut] = [pairsOf("train"), pairsOf("heldOut")];
    assert.equal(train.size, 18 - unseen.length);
    assert.deepEqual([...heldOut].sort(), [...train].sort());
    assert.ok(unseen.every((pair) => !train.has(pair) && pairsOf("unseen").has(pair)));
    const words = new Set([...train].flatMap((pair) => pair.split(" ")));
    assert.equal(words.size, data.COLOURS.length + data.SHAPES.length);
  });

  it("hold out about a fifth of the seen captions", () => {
    const count = (split: data.CaptionSplit): number =>
      ALL.filter((caption) => data.splitOf(caption) === split).length;
    const [train, heldOut] = [count("train"), count("heldOut")];
    const error = Math.sqrt((0.2 * 0.8) / (train + heldOut));
    assert.ok(Math.abs(heldOut / (train + heldOut) - 0.2) < 4 * error);
  });

  it("have a hash that anybody can compute from the sorted captions, and never changes", () => {
    const unseen = ALL.filter((caption) => data.splitOf(caption) === "unseen");
    const text = unseen.map(data.formatCaption).sort().join("\n");
    assert.equal(data.splitHash("unseen"), createHash("sha256").update(text).digest("hex"));
    assert.deepEqual(
      data.SPLITS.map((split) => data.splitHash(split).slice(0, 16)),
      ["44bf84d34f4bf12c", "1ace0ffc02e89320", "9af1b5752c562ebf"],
    );
  });
});
