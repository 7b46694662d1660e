import { join } from "node:path";

import { DataFormatError, DataMissingError } from "../core/errors";
import { courseFolder } from "../core/files";
import { readBounded } from "./files";

/** One file of a public data set. */
export interface CatalogFile {
  /** A plain file name, no path. */
  readonly name: string;
  /** Addresses of the same file, tried in this order. */
  readonly urls: readonly string[];
  readonly bytes: number;
  /** Of the file as it is fetched, 64 hex digits. */
  readonly sha256: string;
  /** Of the unpacked content, where it is known: a copy packed anew is recognised by it. */
  readonly contentSha256?: string;
}

export interface CatalogEntry {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly license: string;
  readonly classNames: readonly string[];
  readonly files: readonly CatalogFile[];
}

/**
 * The data sets of `datasets/catalog.json`.
 *
 * @throws DataMissingError if the catalog is not there
 * @throws DataFormatError if it is damaged
 */
export function loadCatalog(): CatalogEntry[] {
  const course = courseFolder();
  if (course === undefined) {
    throw new DataMissingError("datasets/catalog.json was not found.", "Restore it with git.");
  }
  const path = join(course, "datasets", "catalog.json");
  return parseCatalog(readBounded(path).toString("utf8"), path);
}

/** The data set with this id. @throws DataMissingError if there is none, naming those there are */
export function catalogEntry(id: string): CatalogEntry {
  const entries = loadCatalog();
  const found = entries.find((entry) => entry.id === id);
  if (found !== undefined) return found;
  const known = entries.map((entry) => entry.id).join(", ");
  throw new DataMissingError(`No data set "${id}" in the catalog.`, `Known: ${known}.`);
}

/**
 * Check the text of a catalog, key by key.
 *
 * @param name what error messages call the file
 * @throws DataFormatError naming the first bad key, e.g. `datasets[0].files[1].sha256`
 */
export function parseCatalog(text: string, name: string): CatalogEntry[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DataFormatError(`${name} is not JSON.`, "Restore it with git.", { cause });
  }
  const root = new Field(name, "the catalog", json).object(["version", "datasets"]);
  const version = root("version");
  if (version.value !== 1) version.refuse("1, the only version this library knows");
  return root("datasets").list(parseEntry);
}

function parseEntry(field: Field): CatalogEntry {
  const at = field.object(["id", "title", "source", "license", "classNames", "files"]);
  return {
    id: at("id").text(/^[a-z0-9][a-z0-9-]*$/, "a name of a-z, 0-9 and -"),
    title: at("title").text(),
    source: at("source").text(),
    license: at("license").text(),
    classNames: at("classNames").list((name) => name.text()),
    files: at("files").list(parseFile),
  };
}

const SHA256 = [/^[0-9a-f]{64}$/, "64 hex digits"] as const;

function parseFile(field: Field): CatalogFile {
  const at = field.object(["name", "urls", "bytes", "sha256"], ["contentSha256"]);
  const content = at("contentSha256");
  return {
    name: at("name").text(/^[\w-][\w.-]*$/, "a plain file name"),
    urls: at("urls").list((url) => url.text(/^https?:\/\/[^\s]+$/, "an http(s) address")),
    bytes: at("bytes").count(),
    sha256: at("sha256").text(...SHA256),
    ...(content.value === undefined ? {} : { contentSha256: content.text(...SHA256) }),
  };
}

/** A value of the file with its key, so that each complaint says where. */
class Field {
  constructor(
    private readonly file: string,
    private readonly key: string,
    readonly value: unknown,
  ) {}

  refuse(expected: string): never {
    const found = this.value === undefined ? "nothing" : JSON.stringify(this.value).slice(0, 80);
    throw new DataFormatError(`${this.file}: ${this.key} must be ${expected}, found ${found}.`);
  }

  /** An object with these keys and no others; gives access to its fields. */
  object(required: readonly string[], optional: readonly string[] = []): (key: string) => Field {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.refuse("an object");
    }
    const fields = new Map(Object.entries(value));
    for (const key of fields.keys()) {
      if (![...required, ...optional].includes(key)) this.child(`.${key}`, key).refuse("absent");
    }
    return (key) => this.child(`.${key}`, fields.get(key));
  }

  list<T>(parse: (item: Field) => T): T[] {
    if (!Array.isArray(this.value) || this.value.length === 0) this.refuse("a list, not empty");
    return (this.value as unknown[]).map((item, i) => parse(this.child(`[${i}]`, item)));
  }

  text(pattern = /\S/, expected = "a text"): string {
    if (typeof this.value !== "string" || !pattern.test(this.value)) this.refuse(expected);
    return this.value as string;
  }

  count(): number {
    if (!Number.isSafeInteger(this.value) || (this.value as number) < 1) {
      this.refuse("a whole number of at least 1");
    }
    return this.value as number;
  }

  private child(step: string, value: unknown): Field {
    return new Field(
      this.file,
      this.key === "the catalog" ? step.slice(1) : this.key + step,
      value,
    );
  }
}
