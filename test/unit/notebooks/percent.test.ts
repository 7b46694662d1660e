import { strict as assert } from "node:assert";

import { parsePercent } from "../../../scripts/notebooks/percent";

describe("percent format", () => {
  it("reads kinds, attributes, texts and lines", () => {
    const source = [
      "// ---",
      "// jupyter: a header",
      "// ---",
      '// %% [markdown] equations="R.1 R.2"',
      "// # Title",
      "//",
      "// ## Not a marker: // %% inside",
      "",
      '// %% exercise="lib/a.ts#f" hint="Mind the root."',
      "",
      "const { f } = a;",
      "",
      "// %%",
      "f(1);",
    ];
    assert.deepEqual(parsePercent("x.nb.ts", source.join("\n")), [
      {
        kind: "markdown",
        attributes: { equations: "R.1 R.2" },
        text: "# Title\n\n## Not a marker: // %% inside",
        line: 4,
        textLine: 5,
      },
      {
        kind: "code",
        attributes: { exercise: "lib/a.ts#f", hint: "Mind the root." },
        text: "const { f } = a;",
        line: 9,
        textLine: 11,
      },
      { kind: "code", attributes: {}, text: "f(1);", line: 13, textLine: 14 },
    ]);
  });

  it("refuses code in a markdown cell and an attribute without quotes, with the line", () => {
    const code = "// %% [markdown]\n// text\nconst a = 1;";
    assert.throws(() => parsePercent("x.nb.ts", code), /x\.nb\.ts:3: .* got "const a = 1;"/);
    assert.throws(() => parsePercent("x.nb.ts", "// %% id=a"), /x\.nb\.ts:1: .* got "id=a"/);
  });
});
