import { strict as assert } from "node:assert";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { core, data, gallery, Rng, tf } from "latentlab";

const RIGHT = "a large red circle";
const ASK = { caption: RIGHT, model: "truth", seed: 1, numSteps: 3, guidanceScale: 1, count: 2 };

/** Paints the truth, the second picture that of another caption; waits for `gate` before it ends. */
function truthPainter(
  gate: Promise<void> = Promise.resolve(),
): gallery.Painter & { count: number } {
  return {
    count: 0,
    async *paint({ captions, numSteps, signal }) {
      this.count++;
      const shown = captions.map((text, i) => (i === 1 ? "a large blue circle" : text));
      for (let step = 1; step <= numSteps; step++) {
        if (step === numSteps) await gate;
        if (signal.aborted) return;
        yield { step, numSteps, pictures: () => drawn(shown) };
      }
    },
    dispose() {
      this.count = -1;
    },
  };
}

function drawn(texts: readonly string[]): core.Images {
  return tf.tidy(() => {
    const pictures = texts.map((text) => {
      const scene = data.sampleScene(data.parseCaption(text), new Rng(3));
      return tf.tensor3d(data.drawObjects(data.sceneObjects(scene), 32), [32, 32, 3], "int32");
    });
    return tf.stack(pictures).div<core.Images>(127.5).sub(1);
  });
}

function modelOf(painter: gallery.Painter): gallery.GalleryModel {
  return { name: "truth", title: "the truth", isDiffusion: true, load: () => painter };
}

describe("the gallery", () => {
  let book: gallery.GalleryBook;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gallery-"));
    book = new gallery.GalleryBook(join(folder, "inside", "gallery.jsonl"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function all(studio: gallery.Studio, ask: object = {}): Promise<gallery.GalleryEvent[]> {
    const events: gallery.GalleryEvent[] = [];
    const asked = { ...ASK, ...ask } as gallery.PictureRequest;
    for await (const event of studio.paint(asked, new AbortController().signal)) events.push(event);
    return events;
  }

  it("shows pictures on the way, judges the finished ones, and keeps them", async () => {
    const painter = truthPainter();
    const studio = new gallery.Studio([modelOf(painter)], book);
    const events = await all(studio);
    const last = events.at(-1) as { entry: gallery.GalleryEntry };
    assert.ok(events.length >= 2 && "images" in events[0]!);
    assert.deepEqual(
      last.entry.pictures.map(({ isExact, verdict }) => ({ isExact, verdict })),
      [
        { isExact: true, verdict: "exact" },
        { isExact: false, verdict: "wrong colour" },
      ],
    );
    const { caption, model, seed, numSteps, guidanceScale, isFirst } = last.entry;
    assert.deepEqual([caption, model, seed, numSteps, guidanceScale], [RIGHT, "truth", 1, 3, 1]);
    assert.equal(isFirst, true);
    const again = (await all(studio, { seed: 2 })).at(-1) as { entry: gallery.GalleryEntry };
    assert.equal(again.entry.isFirst, false);
    assert.equal(painter.count, 2);
    appendFileSync(book.path, '{"caption": "cut o');
    const kept = new gallery.GalleryBook(book.path).entries();
    assert.deepEqual(kept, [again.entry, last.entry]);
    studio.dispose();
    assert.equal(painter.count, -1);
  });

  it("says what is wrong with a caption or a setting before a model is loaded", async () => {
    const load = (): gallery.Painter => assert.fail("loaded");
    const studio = new gallery.Studio([{ ...modelOf(truthPainter()), load }], book);
    await assert.rejects(all(studio, { caption: "a large red dog" }), /word 4 .*got "dog"/);
    await assert.rejects(all(studio, { caption: undefined }), core.ValueError);
    await assert.rejects(all(studio, { model: "none" }), /no model "none". There are truth/);
    for (const wrong of [{ count: 9 }, { seed: 0.5 }, { numSteps: "3" }, { guidanceScale: NaN }]) {
      await assert.rejects(all(studio, wrong), core.ValueError, JSON.stringify(wrong));
    }
    assert.deepEqual(book.entries(), []);
  });

  it("paints one after another, and goes on after one that was stopped", async () => {
    let open = (): void => undefined;
    const painter = truthPainter(new Promise((resolve) => (open = resolve)));
    const studio = new gallery.Studio([modelOf(painter)], book);
    const stop = new AbortController();
    const first = studio.paint(ASK, stop.signal);
    assert.ok("images" in ((await first.next()).value as object));
    const second = all(studio, { seed: 2 });
    await core.nextTurn();
    assert.equal(painter.count, 1);
    stop.abort();
    open();
    for await (const event of first) assert.ok(!("entry" in event));
    assert.ok("entry" in (await second).at(-1)!);
    assert.deepEqual(
      book.entries().map(({ seed }) => seed),
      [2],
    );
    studio.dispose();
  });

  it("offers the course's models, each with its checkpoint", () => {
    const models = gallery.courseModels();
    assert.ok(models.some(({ name, isDiffusion }) => name === "attngan-1" && !isDiffusion));
    assert.ok(models.some(({ name }) => name === "stackgan-1"));
    assert.ok(!models.some(({ name }) => name.startsWith("digits")), "they take no captions");
  });

  it("talks through the kernel in a notebook, wherever the browser is", async () => {
    const served = new Map<string, (comm: core.Comm) => core.CommListener>();
    core.registerKernelHost({
      ...{ display: () => undefined, clearOutput: () => undefined, signal: undefined },
      serve: (target, opened) => {
        served.set(target, opened);
        return () => void served.delete(target);
      },
    });
    const painter = truthPainter();
    const page = await gallery.Gallery.open(new gallery.Studio([modelOf(painter)], book));
    core.registerKernelHost(undefined as never);
    const bundle = page[core.DISPLAY]() as Record<string, { readonly target: string }>;
    const { target } = bundle["application/vnd.latentlab.page+json"]!;
    type Answer = { id: number; answer?: { entry?: object; error?: string }; isEnd?: boolean };
    const said: Answer[] = [];
    const { message } = served.get(target)!({ send: (data) => said.push(data as Answer) });
    const { page: html } = said.shift() as unknown as { page: string };
    assert.match(html, /<title>Gallery[^]*window\.kernel = /);
    assert.doesNotMatch(html, /(href|src)="/, "a frame without an address can fetch nothing");
    const ended = async (id: number): Promise<Answer[]> => {
      while (!said.some((each) => each.id === id && each.isEnd)) await core.nextTurn();
      return said.filter((each) => each.id === id);
    };
    message?.({ id: 1, ask: "state" });
    const { models, entries } = (await ended(1))[0]?.answer as Record<string, unknown>;
    assert.deepEqual(models, [{ name: "truth", title: "the truth", isDiffusion: true }]);
    assert.deepEqual(entries, []);
    message?.({ id: 2, ask: "pictures", request: ASK });
    assert.ok((await ended(2)).some(({ answer }) => answer?.entry !== undefined));
    message?.({ id: 3, ask: "pictures", request: { ...ASK, caption: "a red dog" } });
    assert.match((await ended(3))[0]?.answer?.error ?? "", /^word 2 /);
    message?.({ id: 4, ask: "pictures", request: ASK });
    message?.({ id: 4, ask: "stop" });
    assert.ok(!(await ended(4)).some(({ answer }) => answer?.entry !== undefined));
    page.dispose();
    assert.equal(served.size, 0);
  });

  describe("its page", () => {
    let page: gallery.Gallery;
    beforeEach(async () => {
      page = await gallery.Gallery.open(new gallery.Studio([modelOf(truthPainter())], book));
    });
    afterEach(() => page.dispose());

    it("is told only to who knows its address", async () => {
      const index = await fetch(page.address);
      assert.match(await index.text(), /<title>Gallery/);
      assert.match(index.headers.get("content-security-policy") ?? "", /default-src 'none'/);
      const { port } = new URL(page.address);
      const guess = `http://127.0.0.1:${port}/${"A".repeat(24)}/state`;
      assert.equal((await fetch(guess)).status, 404);
      assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404);
      assert.equal(await statusFor(`${page.address}state`, "127.0.0.1:" + port), 200);
      assert.equal(await statusFor(`${page.address}state`, "evil.example:" + port), 404);
      assert.equal((await fetch(`${page.address}../server.ts`)).status, 404);
    });

    it("sends events a line each, and errors in the words of the parser", async () => {
      const lines = await post(page, JSON.stringify(ASK));
      assert.ok("entry" in lines.at(-1)!);
      const [wrong] = await post(page, JSON.stringify({ ...ASK, caption: "a big red circle" }));
      assert.match((wrong as { error: string }).error, /^word 2 .*small, large, got "big"/);
      for (const body of ["no JSON", "x".repeat(20_000)]) {
        assert.ok("error" in (await post(page, body))[0]!);
      }
      const state = (await (await fetch(`${page.address}state`)).json()) as {
        entries: readonly { readonly caption: string }[];
      };
      assert.deepEqual(
        state.entries.map(({ caption }) => caption),
        [RIGHT],
      );
    });
  });
});

async function post({ address }: gallery.Gallery, body: string): Promise<object[]> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${address}pictures`, { method: "POST", headers, body });
  const text = await response.text();
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
}

/** `fetch` does not let one lie about the host. */
function statusFor(address: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(address, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.on("error", reject).end();
  });
}
