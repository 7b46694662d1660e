import { strict as assert } from "node:assert";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { core, data } from "latentlab";

import { idxBytes } from "../../support/idx";

const IMAGES_SHA256 = "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7";
const LABEL_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];

function counts(labels: Int32Array): number[] {
  const found = new Array<number>(10).fill(0);
  for (const label of labels) found[label] = (found[label] as number) + 1;
  return found;
}

/** MNIST's test part, or undefined on a machine without it. */
function mnistTest(): data.ImageDataset | undefined {
  try {
    return data.readMnist({ split: "test" });
  } catch (error) {
    assert.ok(error instanceof core.DataMissingError, String(error));
    return undefined;
  }
}

describe("MNIST", () => {
  let folder = "";
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "mnist-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(count: number, labels: number[]): void {
    const images = idxBytes([count, 2, 3], new Uint8Array(count * 6).fill(7));
    writeFileSync(join(folder, "train-images-idx3-ubyte"), images);
    const packed = gzipSync(idxBytes([labels.length], Uint8Array.from(labels)));
    writeFileSync(join(folder, "train-labels-idx1-ubyte.gz"), packed);
  }

  it("has the published counts per digit and checksum", function () {
    const digits = mnistTest();
    if (digits === undefined) return this.skip();
    assert.equal(digits.describe(), "MNIST test: 10000 images of 28×28×1 in 10 classes");
    assert.deepEqual(counts(digits.labels as Int32Array), LABEL_COUNTS);
    assert.equal(digits.provenance.files[0]?.sha256, IMAGES_SHA256);
  });

  it("reads a look-alike folder, packed or not, only when told so", () => {
    write(4, [0, 9, 1, 1]);
    assert.throws(() => data.readMnist({ folder }), /is not MNIST's.*verify: false/);
    const set = data.readMnist({ folder, verify: false });
    assert.deepEqual([set.count, ...set.imageShape], [4, 2, 3, 1]);
    assert.deepEqual([...(set.labels as Int32Array)], [0, 9, 1, 1]);
  });

  it("refuses other numbers of labels than of images, and labels without a class", () => {
    write(4, [0, 1, 2]);
    assert.throws(() => data.readMnist({ folder, verify: false }), /4 images but 3 labels/);
    write(4, [0, 1, 2, 10]);
    assert.throws(() => data.readMnist({ folder, verify: false }), /label 10 is not one of 10/);
  });

  it("says where it looked and which command fetches the files", () => {
    assert.throws(
      () => data.readFashionMnist({ folder }),
      (error) =>
        error instanceof core.DataMissingError &&
        error.message.includes(folder) &&
        error.message.includes("npm run data -- fashion-mnist"),
    );
  });
});

describe("openDigits", () => {
  it("opens real digits on any machine that set-up has run on", function () {
    const python = join(__dirname, "..", "..", "..", "..", ".latentlab", "python");
    if (!existsSync(python)) return this.skip();
    const digits = data.openDigits();
    assert.match(digits.describe(), /^(MNIST|scikit-learn digits).*in 10 classes$/);
  });
});
