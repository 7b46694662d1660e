import { strict as assert } from "node:assert";

import { core, data } from "latentlab";

const FILE = { name: "a.gz", urls: ["https://a.test/a.gz"], bytes: 3, sha256: "0".repeat(64) };
const ENTRY = {
  id: "toy",
  title: "Toy",
  source: "nobody",
  license: "MIT",
  classNames: ["a"],
  files: [FILE],
};

function refuses(catalog: unknown, message: string): void {
  const text = typeof catalog === "string" ? catalog : JSON.stringify(catalog);
  assert.throws(
    () => data.parseCatalog(text, "catalog.json"),
    (error) => {
      assert.ok(error instanceof core.DataFormatError, String(error));
      assert.ok(error.message.includes(message), error.message);
      return true;
    },
  );
}

function withFile(changes: object): unknown {
  return { version: 1, datasets: [{ ...ENTRY, files: [FILE, { ...FILE, ...changes }] }] };
}

describe("the data set catalog", () => {
  it("lists MNIST and Fashion-MNIST: four files each, with licence and classes", () => {
    for (const id of ["mnist", "fashion-mnist"]) {
      const { files, classNames, license } = data.catalogEntry(id);
      assert.deepEqual([files.length, classNames.length], [4, 10]);
      assert.ok(license.length > 0);
    }
    assert.throws(() => data.catalogEntry("mnits"), /No data set "mnits".*mnist, fashion-mnist/);
  });

  it("is read as it is written", () => {
    const text = JSON.stringify({ version: 1, datasets: [ENTRY] });
    assert.deepEqual(data.parseCatalog(text, "catalog.json"), [ENTRY]);
  });

  it("is refused with the name of the bad key", () => {
    refuses("{", "is not JSON");
    refuses([], "the catalog must be an object");
    refuses({ version: 2, datasets: [] }, "version must be 1");
    refuses({ version: 1 }, "datasets must be a list, not empty, found nothing");
    refuses({ version: 1, datasets: [{ ...ENTRY, title: 7 }] }, "datasets[0].title must be a text");
    refuses({ version: 1, datasets: [{ ...ENTRY, licence: "MIT" }] }, "datasets[0].licence");
    refuses('{"version":1,"datasets":[],"__proto__":{}}', "__proto__ must be absent");
    refuses(withFile({ sha256: "abc" }), 'files[1].sha256 must be 64 hex digits, found "abc"');
    refuses(withFile({ bytes: -1 }), "datasets[0].files[1].bytes must be a whole number");
    refuses(withFile({ bytes: 1.5 }), "datasets[0].files[1].bytes must be a whole number");
    refuses(withFile({ urls: ["file:///etc/hostname"] }), "files[1].urls[0] must be an http");
    for (const name of ["../a", "/a", ".a", "a/b", "a\\b", ""]) {
      refuses(withFile({ name }), "files[1].name must be a plain file name");
    }
  });
});
