import { join } from "node:path";
import { parseArgs } from "node:util";

import { LatentLabError } from "latentlab/dist/core/errors";
import { courseFolder } from "latentlab/dist/core/files";
import { type CatalogEntry, loadCatalog } from "latentlab/dist/data/catalog";

import { download } from "./download";

const USAGE = `Fetch public data sets into datasets/cache, checked by SHA-256.

  npm run data -- mnist [fashion-mnist …]   fetch these
  npm run data -- --list                    what there is
  npm run data -- mnist --folder F          fetch into F/mnist instead

An interrupted download goes on where it stopped.`;

/** A line that is rewritten in place on a terminal, and written once at the end elsewhere. */
function showProgress(name: string): (received: number, total: number) => void {
  return (received, total) => {
    if (!process.stderr.isTTY) return;
    const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
    const percent = Math.floor((100 * received) / total);
    process.stderr.write(
      `\r${name}  ${megabytes(received)} of ${megabytes(total)} MB, ${percent} %\x1b[K`,
    );
  };
}

async function fetchAll(entry: CatalogEntry, folder: string): Promise<void> {
  console.log(`${entry.title} (${entry.license}): ${entry.source}`);
  for (const file of entry.files) {
    const path = join(folder, entry.id, file.name);
    const isNew = await download(file, path, { onProgress: showProgress(file.name) });
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    console.log(`  ${isNew ? "fetched" : "already there"}: ${path}`);
  }
}

function list(entries: readonly CatalogEntry[]): void {
  for (const { id, title, license, files } of entries) {
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    console.log(`${id}: ${title}, ${(bytes / 1e6).toFixed(1)} MB, ${license}`);
  }
}

/** @returns the exit code: 0 done, 1 a file could not be fetched, 2 wrong usage */
async function main(): Promise<number> {
  const catalog = loadCatalog();
  const options = { folder: { type: "string" }, list: { type: "boolean" } } as const;
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.list === true) return (list(catalog), 0);
  const entries = positionals.map((id) => catalog.find((entry) => entry.id === id));
  const unknown = positionals.filter((_, i) => entries[i] === undefined);
  if (unknown.length > 0) console.error(`No data set "${unknown.join('", "')}" in the catalog.\n`);
  if (unknown.length > 0 || positionals.length === 0) {
    console.error(USAGE);
    return 2;
  }
  const folder = values.folder ?? join(courseFolder() ?? ".", "datasets", "cache");
  for (const entry of entries) await fetchAll(entry as CatalogEntry, folder);
  return 0;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof LatentLabError ? error.message : error);
    process.exitCode = 1;
  },
);
