import { strict as assert } from "node:assert";
import { runInThisContext } from "node:vm";

import { compile, core, engine, tf } from "latentlab";

/** Run `body` for a tenth of a second, then have V8 end it, as the kernel does: no `finally` runs. */
function endByForce(body: () => void): void {
  const name = "bodyOfRecoveryTest";
  Object.assign(globalThis, { [name]: body });
  assert.throws(() => runInThisContext(`${name}()`, { timeout: 100 }), /timed out/);
}

function forever(): never {
  for (;;);
}

describe("recover", () => {
  it("closes tidies and gradients that were cut", async () => {
    const variable = tf.tidy(() => tf.variable(tf.scalar(3)));
    const leaked = await core.countLeaks(() => {
      endByForce(() => {
        tf.tidy(() => tf.variableGrads(() => (variable.square(), forever()), [variable]));
      });
      engine.recover();
    });
    assert.equal(leaked, 0);
    const slope = tf.tidy(
      () =>
        tf
          .grad((x) => x.square())(variable)
          .dataSync()[0],
    );
    assert.equal(slope, 6);
    variable.dispose();
  });

  it("undoes half a trace: the engine computes again, variables keep their values", () => {
    const variable = tf.tidy(() => tf.variable(tf.scalar(3)));
    let isStuck = true;
    const increment = compile(() => {
      variable.assign(variable.add(1));
      if (isStuck) forever();
    });
    endByForce(increment);
    engine.recover();
    assert.equal(variable.dataSync()[0], 3);
    assert.equal(
      tf.tidy(() => tf.scalar(2).mul(3).dataSync()[0]),
      6,
    );
    isStuck = false;
    increment();
    assert.equal(variable.dataSync()[0], 4);
    increment.dispose();
    variable.dispose();
  });

  it("does nothing when nothing was cut", () => {
    const tensor = tf.scalar(1);
    engine.recover();
    assert.equal(tensor.dataSync()[0], 1);
    tensor.dispose();
  });
});
