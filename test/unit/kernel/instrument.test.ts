import { strict as assert } from "node:assert";

import * as ts from "@tslab/typescript-for-tslab";

import { instrument } from "latentlab-kernel/dist/cells/instrument";

function rewritten(code: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  const transformers = { before: [instrument().transformer] };
  return ts.transpileModule(code, { compilerOptions, transformers }).outputText.trim();
}

describe("cells as the kernel rewrites them", () => {
  it("can rename what they take from an object of an earlier cell, in spite of tslab", () => {
    // What tslab makes of `({ loss: l, kl: { a: z } }) => l`.
    assert.equal(
      rewritten("f(({ exports, loss: l, exports, kl: { exports, a: z } }) => l);"),
      "f(({ loss: l, kl: { a: z } }) => l);",
    );
    assert.equal(rewritten("const { loss, ...rest } = x;"), "const { loss, ...rest } = x;");
  });
});
