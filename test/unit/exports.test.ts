import { strict as assert } from "node:assert";

import * as latentlab from "latentlab";

import { SUBJECTS } from "../arguments";
import { EXEMPT } from "../arguments/exempt";

/** Every exported function by name, e.g. `"nn.Dense"`; a class also gives its `forward`. */
function exportedFunctions(): string[] {
  const names = new Set<string>();
  const add = (name: string, value: unknown): void => {
    if (typeof value !== "function") return;
    names.add(name);
    if (Object.hasOwn((value.prototype as object | undefined) ?? {}, "forward")) {
      names.add(`${name}.forward`);
    }
  };
  for (const [name, value] of Object.entries(latentlab)) {
    if (name === "tf") continue;
    if (typeof value === "function") add(name, value);
    else for (const [key, member] of Object.entries(value)) add(`${name}.${key}`, member);
  }
  // The index repeats these from their namespaces.
  for (const name of ["Rng", "check", "progress"]) names.delete(name);
  return [...names];
}

describe("table of exported functions for F10", () => {
  const exported = exportedFunctions();

  it("has every function of the library, with right arguments or a reason not to be here", () => {
    const missing = exported.filter((name) => !(name in SUBJECTS) && !(name in EXEMPT));
    assert.deepEqual(missing, [], "add these to a table in test/arguments");
  });

  it("exempts only functions that exist and are not tried", () => {
    const stale = Object.keys(EXEMPT).filter((name) => !exported.includes(name));
    assert.deepEqual(stale, []);
    assert.deepEqual(
      Object.keys(EXEMPT).filter((name) => name in SUBJECTS),
      [],
    );
  });
});
