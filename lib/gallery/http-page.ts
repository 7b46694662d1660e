import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { ValueError } from "../core/errors";
import { pageEvents, pageFile, pageState } from "./page";
import type { PictureRequest, Studio } from "./studio";

const FILES = new Map([
  ["", ["index.html", "text/html"]],
  ["gallery.css", ["gallery.css", "text/css"]],
  ["kernel.js", ["kernel.js", "text/javascript"]],
  ["gallery.js", ["gallery.js", "text/javascript"]],
] as const);

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

/** The gallery's page at 127.0.0.1, for those who know its secret address. */
export interface HttpPage {
  /** With the secret in it. */
  readonly address: string;
  close(): void;
}

export async function openHttpPage(studio: Studio): Promise<HttpPage> {
  const secret = randomBytes(18).toString("base64url");
  const server = createServer((request, response) => {
    answer({ request, response, secret, studio }).catch(() => response.destroy());
  });
  await new Promise<void>((done, fail) => {
    server.once("error", fail).listen(0, "127.0.0.1", done);
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/${secret}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
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
  const file = FILES.get(path as "");
  if (path === undefined) send(response, 404, { error: "There is nothing here." });
  else if (request.method === "GET" && file !== undefined) {
    response.writeHead(200, { ...HEADERS, "content-type": `${file[1]}; charset=utf-8` });
    response.end(pageFile(file[0]));
  } else if (request.method === "GET" && path === "state") {
    send(response, 200, pageState(exchange.studio));
  } else if (request.method === "POST" && path === "pictures") await paint(exchange);
  else send(response, 404, { error: "There is nothing here." });
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
  response.writeHead(200, { ...HEADERS, "content-type": "application/x-ndjson; charset=utf-8" });
  for await (const event of pageEvents(studio, readRequest(request), stop.signal)) {
    response.write(`${JSON.stringify(event)}\n`);
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

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { ...HEADERS, "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(body));
}
