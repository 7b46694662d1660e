import { randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { LatentLabError, ValueError } from "../core/errors";
import { DISPLAY, type Displayable, type MimeBundle } from "../core/host";
import type { Disposable } from "../core/memory";
import { CAPTION_KINDS, type CaptionSplit, captionsOf, SPLITS } from "../data/shapes/splits";
import { formatCaption } from "../data/shapes/caption";
import { type PictureRequest, Studio } from "./studio";

/** The page lies beside the sources; it is plain HTML, CSS and JavaScript. */
const PAGE = join(__dirname, "..", "..", "gallery", "page");
const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  "": ["index.html", "text/html"],
  "gallery.css": ["gallery.css", "text/css"],
  "gallery.js": ["gallery.js", "text/javascript"],
};

/** Nothing from outside, no script but ours, and a frame only in pages of this machine. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors http://127.0.0.1:* http://localhost:*",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const MOST_BYTES = 10_000;
const FRAME_HEIGHT = 720;

/**
 * A page to type captions in, on this machine only: it answers at 127.0.0.1, to those who know its
 * secret address. In a notebook it shows itself as the value of a cell.
 */
export class Gallery implements Displayable, Disposable {
  private constructor(
    private readonly server: Server,
    private readonly studio: Studio,
    /** With the secret in it. */
    readonly address: string,
  ) {}

  /** @param studio taken over */
  static async open(studio = new Studio()): Promise<Gallery> {
    const secret = randomBytes(18).toString("base64url");
    const server = createServer((request, response) => {
      answer({ request, response, secret, studio }).catch(() => response.destroy());
    });
    await new Promise<void>((done, fail) => {
      server.once("error", fail).listen(0, "127.0.0.1", done);
    });
    const { port } = server.address() as AddressInfo;
    return new Gallery(server, studio, `http://127.0.0.1:${port}/${secret}/`);
  }

  [DISPLAY](): MimeBundle {
    const text = `The gallery is open at ${this.address} as long as this kernel runs.`;
    // Where nobody looks on, as in a run of the whole course, a frame would stay empty for ever.
    if (process.env["LATENTLAB_PROFILE"] !== undefined) return { "text/plain": text };
    const frame = `<iframe src="${this.address}" title="Gallery" width="100%" height="${FRAME_HEIGHT}"
      style="border: 1px solid #8884; border-radius: 6px"></iframe>`;
    const link = `<a href="${this.address}" target="_blank" rel="noreferrer">in a tab of its own</a>`;
    return { "text/html": `${frame}<p>The gallery, ${link}.</p>`, "text/plain": text };
  }

  /** Stop answering and free the models. */
  dispose(): void {
    this.server.closeAllConnections();
    this.server.close();
    this.studio.dispose();
  }
}

let opened: Promise<Gallery> | undefined;

/**
 * The gallery of this process, opened at the first call: type a caption, choose models, steps,
 * guidance and seed, watch them paint side by side. The models are the course's checkpoints; each is
 * loaded when it is first asked.
 *
 * @example await gallery.captionBox()
 */
export function captionBox(): Promise<Gallery> {
  return (opened ??= Gallery.open());
}

type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly secret: string;
  readonly studio: Studio;
};

async function answer(exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const path = knownPath(exchange);
  const file = path === undefined ? undefined : FILES[path];
  if (path === undefined) send(response, 404, { error: "There is nothing here." });
  else if (request.method === "GET" && file !== undefined) {
    response.writeHead(200, { ...HEADERS, "content-type": `${file[1]}; charset=utf-8` });
    response.end(readFileSync(join(PAGE, file[0])));
  } else if (request.method === "GET" && path === "state") {
    const { models, book } = exchange.studio;
    const offered = models.map(({ name, title, isDiffusion }) => ({ name, title, isDiffusion }));
    send(response, 200, { models: offered, entries: book.entries(), examples: examples() });
  } else if (request.method === "POST" && path === "pictures") await paint(exchange);
  else send(response, 404, { error: "There is nothing here." });
}

/** A caption of each kind and split, to choose from. */
function examples(): { readonly split: CaptionSplit; readonly caption: string }[] {
  return SPLITS.flatMap((split) =>
    CAPTION_KINDS.map((kind) => {
      const captions = captionsOf(split, kind);
      const middle = captions[Math.floor(captions.length / 2)];
      return { split, caption: middle === undefined ? "" : formatCaption(middle) };
    }),
  );
}

/** The path behind the secret, if the request has it and means this server by its number. */
function knownPath({ request, secret }: Exchange): string | undefined {
  const { host = "" } = request.headers;
  const [, given = "", ...rest] = (request.url ?? "").split("?")[0]?.split("/") ?? [];
  const [mine, theirs] = [Buffer.from(secret), Buffer.from(given)];
  const isSecret = mine.length === theirs.length && timingSafeEqual(mine, theirs);
  return isSecret && /^(127\.0\.0\.1|localhost):\d+$/.test(host) ? rest.join("/") : undefined;
}

/** One JSON text a line: pictures on the way, then the entry or an error. */
async function paint({ request, response, studio }: Exchange): Promise<void> {
  const stop = new AbortController();
  response.on("close", () => {
    stop.abort();
  });
  const write = (line: object): void => void response.write(`${JSON.stringify(line)}\n`);
  response.writeHead(200, { ...HEADERS, "content-type": "application/x-ndjson; charset=utf-8" });
  try {
    const asked = await readRequest(request);
    for await (const event of studio.paint(asked, stop.signal)) write(event);
  } catch (error) {
    write({ error: messageOf(error) });
  }
  response.end();
}

async function readRequest(request: IncomingMessage): Promise<PictureRequest> {
  if (request.headers["content-type"]?.startsWith("application/json") !== true) {
    throw new ValueError("gallery: a request must be JSON.");
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new ValueError("gallery: the request is too long.");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as PictureRequest;
  } catch {
    throw new ValueError("gallery: a request must be JSON.");
  }
}

/** Without the name of the function, which says nothing to somebody at a page. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return error instanceof LatentLabError ? text.replace(/^\w+: /, "") : text;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { ...HEADERS, "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(body));
}
