import { strict as assert } from "node:assert";

import { tf } from "latentlab";

let before = 0;

/** Root hooks: no test may leave a tensor behind. */
export const mochaHooks: Mocha.RootHookObject = {
  beforeEach() {
    before = tf.memory().numTensors;
  },
  afterEach(this: Mocha.Context) {
    if (this.currentTest?.state === "failed") return;
    const leaked = tf.memory().numTensors - before;
    assert.equal(leaked, 0, `${leaked} tensors leaked`);
  },
};
