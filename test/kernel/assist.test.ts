import assert from "node:assert/strict";

import { KernelClient } from "../support/kernel-client";

const PROLOGUE = `
import { nn, Rng, tf, training, viz } from "latentlab";
const x = new Rng(1).normal<tf.Tensor4D>([8, 4, 4, 1]);
const pictures = tf.tidy(() => tf.ones<tf.Rank.R4>([2, 8, 6, 3]).neg());
const model = new nn.Mlp([2, 16, 1], new Rng(4));
const run = { model, batch: { x }, name: "first" };
const gone = tf.zeros([3]);
gone.dispose();
/**
 * Half of a tensor.
 * @param a any shape
 * @returns the same shape
 */
function half(a: tf.Tensor): tf.Tensor { return a.div(2) }`;

describe("kernel: completion and hover", () => {
  let kernel: KernelClient;
  before(async () => {
    kernel = await KernelClient.start();
    const { reply } = await kernel.run(PROLOGUE);
    assert.equal(reply["status"], "ok", JSON.stringify(reply));
  });
  after(() => kernel.close());

  /** What is shown about the end of `code`. */
  async function hover(code: string, cursor_pos = code.length): Promise<string> {
    const reply = await kernel.request("inspect_request", { code, cursor_pos });
    const data = reply["data"] as Record<string, string>;
    return data["text/markdown"] ?? "";
  }

  const values: readonly (readonly [string, string])[] = [
    ["x", "Tensor float32 [8, 4, 4, 1], values in [-"],
    ["pictures", "[2, 8, 6, 3], values in [-1.000, -1.000]: 2 images of 8 × 6, black -1, white 1`"],
    ["run.batch.x", "Tensor float32 [8, 4, 4, 1]"],
    ["gone", "Tensor float32 [3], disposed"],
    ["model", "Mlp, 65 parameters: layers.0.weight [2, 16], layers.0.bias [16], "],
    ["model.layers", "[ Dense, 48 parameters: weight [2, 16], bias [16]; Dense, 17 parameters"],
    ["run", "{ model: Mlp, 65 parameters: layers.0.weight [2, 16]"],
    ["run.name", "'first'"],
  ];
  for (const [code, expected] of values) {
    it(`says of ${code} what it holds now, below its type`, async () => {
      const shown = await hover(`const here = 1;\n${code}`);
      const [, now = ""] = shown.split("**now** `");
      assert.ok(now.includes(expected), shown);
      assert.match(shown, /^```typescript\n(const|\(property\)) /);
    });
  }

  it("says nothing of names that only look like a variable of the notebook", async () => {
    for (const code of ["((x: number) => x", "for (const x of [1]) x", "({ y: 1 }).x", "half"]) {
      assert.doesNotMatch(await hover(code), /\*\*now\*\*/, code);
    }
  });

  it("calls no getter for a hover", async () => {
    await kernel.run("let called = 0; const lazy = { get value() { called++; return 1 } }");
    assert.match(await hover("lazy.value"), /value: number/);
    assert.equal((await kernel.run("console.log(called)")).stdout, "0\n");
  });

  it("shows signature and documentation of functions of the notebook and of the library", async () => {
    const own = await hover("half");
    assert.match(own, /function half\(a: tf\.Tensor<tf\.Rank>\): tf\.Tensor<tf\.Rank>/);
    assert.match(
      own,
      /Half of a tensor\.\n\n- \*\*a\*\* any shape\n\n- \*returns\* the same shape/,
    );
    const ours = await hover("training.train");
    assert.match(ours, /function train\(model: nn\.Module, loss: training\.LossFunction/);
    assert.match(ours, /- \*throws\* NonFiniteError before a step would change the weights/);
    assert.match(await hover("tf.matMul"), /transposeA\?: boolean/);
  });

  const completions: readonly (readonly [string, readonly string[]])[] = [
    ["x.resh", ["reshape", "reshapeAs"]],
    ["tf.matM", ["matMul"]],
    ["viz.imageG", ["imageGrid"]],
    ["training.adam(model.named", ["namedParameters", "namedVariables"]],
    ["run.batch.", ["x"]],
    ["pict", ["pictures"]],
  ];
  for (const [code, expected] of completions) {
    it(`completes ${code}`, async () => {
      const reply = await kernel.request("complete_request", { code, cursor_pos: code.length });
      const matches = reply["matches"] as string[];
      for (const name of expected) assert.ok(matches.includes(name), matches.join());
      assert.equal(reply["cursor_end"], code.length);
    });
  }
});
