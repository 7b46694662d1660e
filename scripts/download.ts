import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";

// Not the package's index: fetching data must work where the native engine is not built yet.
import { DataFormatError, DataMissingError, LatentLabError } from "latentlab/dist/core/errors";
import type { CatalogFile } from "latentlab/dist/data/catalog";

export type DownloadOptions = {
  readonly onProgress?: (received: number, total: number) => void;
  /** Give up on a connection that is silent for so long. Default 30,000. */
  readonly idleMilliseconds?: number;
};

/** Connections in a row that may end without a single new byte before the next address is tried. */
const FRUITLESS_TRIES = 3;

/**
 * Fetch a file of the catalog to `path`. What has arrived is kept in `path`.part, and an interrupted
 * download goes on from there; the file appears under its own name only when size and SHA-256 fit.
 *
 * @returns false if the file was there already, whole
 * @throws DataMissingError if no address gives the file, or it cannot be written
 * @throws DataFormatError if every address gives another content
 */
export async function download(
  file: CatalogFile,
  path: string,
  options: DownloadOptions = {},
): Promise<boolean> {
  if (existsSync(path) && (await fits(path, file))) return false;
  mkdirSync(dirname(path), { recursive: true });
  assertSpace(file, path);
  const failures: LatentLabError[] = [];
  for (const url of file.urls) {
    try {
      await fetchPart(url, file, `${path}.part`, options);
      renameSync(`${path}.part`, path);
      return true;
    } catch (error) {
      if (!(error instanceof LatentLabError) || error instanceof WriteError) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (failures.length === 1 && first !== undefined) throw first;
  const Kind = first instanceof DataFormatError ? DataFormatError : DataMissingError;
  throw new Kind(failures.map(({ message }) => message).join("\n"));
}

/** The disk, not the network: another address would not help. */
class WriteError extends DataMissingError {}

/** Bring `part` to its full length and check its content. */
async function fetchPart(
  url: string,
  file: CatalogFile,
  part: string,
  options: DownloadOptions,
): Promise<void> {
  if (sizeOf(part) > file.bytes) rmSync(part);
  const goesOn = sizeOf(part) > 0;
  await fill(url, file, part, options);
  if (await fits(part, file)) return;
  const found = `${sizeOf(part)} bytes, SHA-256 ${await sha256Of(part)}`;
  rmSync(part);
  // What was there before may be at fault, not the address.
  if (goesOn) return fetchPart(url, file, part, options);
  throw new DataFormatError(
    `${url} gave another file: expected ${file.bytes} bytes, SHA-256 ${file.sha256}, found ${found}.`,
  );
}

/** Over as many connections as it takes, as long as they bring the file nearer to its end. */
async function fill(
  url: string,
  file: CatalogFile,
  part: string,
  options: DownloadOptions,
): Promise<void> {
  let fruitless = 0;
  for (let most = sizeOf(part); sizeOf(part) < file.bytes;) {
    const problem = await receive(url, file, part, options);
    fruitless = sizeOf(part) > most ? 0 : fruitless + 1;
    most = Math.max(most, sizeOf(part));
    if (fruitless === FRUITLESS_TRIES) {
      throw new DataMissingError(
        `${url}: ${problem} (${sizeOf(part)} of ${file.bytes} bytes are here).`,
        "Check the network and run the command again: it goes on where it stopped.",
      );
    }
  }
}

/** One connection. @returns why it ended, which matters if the file is not whole yet */
async function receive(
  url: string,
  file: CatalogFile,
  part: string,
  { onProgress, idleMilliseconds = 30_000 }: DownloadOptions,
): Promise<string> {
  const have = sizeOf(part);
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(new Error("no byte for too long")), idleMilliseconds);
  try {
    const response = await connect(url, have, idle.signal);
    if (response.status === 416) {
      rmSync(part); // longer than the server's file: it is of another one
      return "the server's file is shorter";
    }
    const start = response.status === 206 ? have : 0;
    const sink = await openPart(part, start);
    try {
      let received = start;
      for await (const chunk of response.body ?? []) {
        timer.refresh();
        await write(sink, chunk as Uint8Array, part);
        received += (chunk as Uint8Array).length;
        onProgress?.(Math.min(received, file.bytes), file.bytes);
        if (received > file.bytes) break; // the checksum will refuse it; do not fill the disk
      }
      await sink.sync();
    } finally {
      await sink.close();
    }
    return "the connection ended early";
  } catch (error) {
    if (error instanceof LatentLabError) throw error;
    const { cause, message } = error as Error;
    return cause instanceof Error ? cause.message : message;
  } finally {
    clearTimeout(timer);
  }
}

/** @throws DataMissingError if the server refuses, or answers with another part of the file */
async function connect(url: string, have: number, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, {
    // Packed files come as they are; a second packing on the way would spoil the byte count.
    headers: { "accept-encoding": "identity", ...(have > 0 && { range: `bytes=${have}-` }) },
    signal,
  });
  const offset = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
  const isRightPart = response.status === 206 && Number(offset) === have;
  if (response.status === 200 || response.status === 416 || isRightPart) return response;
  await response.body?.cancel();
  throw new DataMissingError(
    `${url}: expected the file, found HTTP ${response.status} ${response.statusText}.`,
    "The address may have moved: see datasets/README.md for how to use your own copy.",
  );
}

async function openPart(part: string, start: number): Promise<FileHandle> {
  try {
    return await open(part, start === 0 ? "w" : "a");
  } catch (cause) {
    throw writeError(part, cause);
  }
}

async function write(sink: FileHandle, chunk: Uint8Array, part: string): Promise<void> {
  try {
    await sink.appendFile(chunk);
  } catch (cause) {
    throw writeError(part, cause);
  }
}

function writeError(part: string, cause: unknown): WriteError {
  const { code } = cause as NodeJS.ErrnoException;
  const reason = code === "ENOSPC" ? "the disk is full" : String(code);
  return new WriteError(
    `${part} cannot be written: ${reason}.`,
    "Free space or change the folder.",
    {
      cause,
    },
  );
}

function assertSpace(file: CatalogFile, path: string): void {
  const { bavail, bsize } = statfsSync(dirname(path));
  const needed = file.bytes - sizeOf(`${path}.part`);
  if (bavail * bsize >= needed) return;
  throw new WriteError(
    `${path} needs ${needed} bytes, but the disk has ${bavail * bsize}.`,
    "Free space or change the folder.",
  );
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

async function fits(path: string, { bytes, sha256 }: CatalogFile): Promise<boolean> {
  return sizeOf(path) === bytes && (await sha256Of(path)) === sha256;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
