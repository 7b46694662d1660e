import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { core, type data } from "latentlab";

import { download } from "../../../scripts/download";

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251));

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** The byte that the request asks to begin with. */
function startOf(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
}

/** Break the connection, once what was sent has surely been read. */
function hangUp(request: IncomingMessage): void {
  setTimeout(() => request.socket.destroy(), 50);
}

/** Serve `CONTENT` from the byte asked for, and hang up after at most `limit` bytes. */
function serveRange(limit = Infinity): Handler {
  return (request, response) => {
    const start = startOf(request);
    const length = CONTENT.length - start;
    response.writeHead(start > 0 ? 206 : 200, {
      "content-length": length,
      "content-range": `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}`,
    });
    const body = CONTENT.subarray(start, start + Math.min(length, limit));
    response.write(body, () => (limit < length ? hangUp(request) : response.end()));
  };
}

describe("download", () => {
  let folder = "";
  let server: Server;
  let handler: Handler;
  let ranges: (string | undefined)[];

  beforeEach((done) => {
    folder = mkdtempSync(join(tmpdir(), "download-"));
    ranges = [];
    server = createServer((request, response) => {
      ranges.push(request.headers.range);
      handler(request, response);
    }).listen(0, "127.0.0.1", done);
  });
  afterEach((done) => {
    rmSync(folder, { recursive: true });
    server.closeAllConnections();
    server.close(done);
  });

  const path = (): string => join(folder, "set", "file.gz");

  function fileOf(changes: Partial<data.CatalogFile> = {}): data.CatalogFile {
    const { port } = server.address() as AddressInfo;
    return {
      name: "file.gz",
      urls: [`http://127.0.0.1:${port}/file.gz`],
      bytes: CONTENT.length,
      sha256: createHash("sha256").update(CONTENT).digest("hex"),
      ...changes,
    };
  }

  function assertWhole(): void {
    assert.ok(readFileSync(path()).equals(CONTENT));
    assert.ok(!existsSync(`${path()}.part`));
  }

  it("fetches a file once, and again only if it is damaged", async () => {
    handler = serveRange();
    const progress: number[] = [];
    const onProgress = (received: number): unknown => progress.push(received);
    assert.equal(await download(fileOf(), path(), { onProgress }), true);
    assert.equal(progress.at(-1), CONTENT.length);
    assertWhole();
    assert.equal(await download(fileOf(), path()), false);
    assert.equal(ranges.length, 1);
    writeFileSync(path(), "damaged");
    assert.equal(await download(fileOf(), path()), true);
    assertWhole();
  });

  it("goes on where a cut connection stopped", async () => {
    handler = serveRange(100_000);
    await download(fileOf(), path());
    assertWhole();
    assert.deepEqual(ranges, [undefined, "bytes=100000-", "bytes=200000-"]);
  });

  it("goes on from what an earlier, killed run left", async () => {
    handler = (request, response) => {
      if (ranges.length === 1) serveRange(50_000)(request, response);
      else request.socket.destroy();
    };
    await assert.rejects(download(fileOf(), path()), /50000 of 300000 bytes are here/);
    assert.ok(!existsSync(path()));
    handler = serveRange();
    ranges = [];
    await download(fileOf(), path());
    assertWhole();
    assert.deepEqual(ranges, ["bytes=50000-"]);
  });

  it("begins again with a server that does not know ranges", async () => {
    handler = (request, response) => {
      response.writeHead(200, { "content-length": CONTENT.length });
      const cut = ranges.length === 1;
      response.write(cut ? CONTENT.subarray(0, 70_000) : CONTENT, () =>
        cut ? hangUp(request) : response.end(),
      );
    };
    await download(fileOf(), path());
    assertWhole();
    assert.deepEqual(ranges, [undefined, "bytes=70000-"]);
  });

  it("begins again when what was left is of another file", async () => {
    handler = serveRange();
    await download(fileOf(), path());
    rmSync(path());
    for (const stale of ["foreign bytes", Buffer.alloc(CONTENT.length), Buffer.alloc(400_000)]) {
      writeFileSync(`${path()}.part`, stale);
      await download(fileOf(), path());
      assertWhole();
      rmSync(path());
    }
  });

  it("refuses other content and leaves nothing behind", async () => {
    handler = serveRange();
    const wrong = fileOf({ sha256: "0".repeat(64) });
    await assert.rejects(download(wrong, path()), (error) => {
      assert.ok(error instanceof core.DataFormatError);
      assert.match(error.message, /gave another file: expected .* SHA-256 0{64}, found .*SHA-256/);
      return true;
    });
    assert.ok(!existsSync(path()) && !existsSync(`${path()}.part`));
    await assert.rejects(download(fileOf({ bytes: 1000 }), path()), /expected 1000 bytes/);
  });

  it("hangs up on a server that sends more than it should", async () => {
    handler = (request, response) => {
      response.writeHead(200);
      const more = (): unknown => request.socket.writable && response.write(CONTENT, more);
      more();
    };
    await assert.rejects(download(fileOf(), path()), /gave another file/);
  });

  it("names the HTTP status, and tries the next address", async () => {
    handler = (request, response) =>
      request.url === "/gone" ? response.writeHead(404).end() : serveRange()(request, response);
    const [url] = fileOf().urls as [string];
    const gone = url.replace("file.gz", "gone");
    await assert.rejects(download(fileOf({ urls: [gone] }), path()), /found HTTP 404/);
    await download(fileOf({ urls: [gone, url] }), path());
    assertWhole();
  });

  it("says when nobody answers, and when a server falls silent", async () => {
    handler = () => undefined;
    const silent = download(fileOf(), path(), { idleMilliseconds: 50 });
    await assert.rejects(silent, /no byte for too long \(0 of 300000/);
    const unused = fileOf({ urls: ["http://127.0.0.1:9/file.gz"] });
    await assert.rejects(download(unused, path()), core.DataMissingError);
  });

  it("says when the disk is full, without trying the next address", async function () {
    if (!existsSync("/dev/full")) return this.skip();
    handler = serveRange();
    const part = join(folder, "file.gz.part");
    symlinkSync("/dev/full", part);
    const [url] = fileOf().urls as [string];
    const target = join(folder, "file.gz");
    await assert.rejects(download(fileOf({ urls: [url, url] }), target), /the disk is full/);
    assert.equal(ranges.length, 1);
  });
});
