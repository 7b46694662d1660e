import { CheckpointError } from "../core/errors";
import { assertTensor } from "../core/guard";
import { DESCRIBE } from "../core/host";
import type { Disposable } from "../core/memory";
import { tf } from "../engine/tf";

/** Named tensors, e.g. `"encoder.hidden.weight"`; the name is the path of fields. */
export type StateDict = Readonly<Record<string, tf.Tensor>>;

/**
 * A piece of network. Its fields are its parameters: every `tf.Variable` or `Module` found in a
 * field, an array or a plain object belongs to it, named by its path ("blocks.0.attn.qkv.weight").
 * Trainable variables are parameters; non-trainable ones are state, such as running moments.
 *
 * A subclass is final: extend only `Module`, and change behaviour by wrapping.
 */
export abstract class Module implements Disposable {
  /** Layers such as batch norm and dropout act differently while training. */
  private trainingMode = true;

  get isTraining(): boolean {
    return this.trainingMode;
  }

  /** Switch this module and all below it between training and evaluation. */
  setTraining(isTraining: boolean): this {
    this.trainingMode = isTraining;
    for (const [, value] of children(this, "")) {
      if (value instanceof Module) value.setTraining(isTraining);
    }
    return this;
  }

  /** Every variable below this module, by path, in field order. */
  namedVariables(prefix = ""): Map<string, tf.Variable> {
    const found = new Map<string, tf.Variable>();
    for (const [path, value] of children(this, prefix)) {
      if (value instanceof Module) {
        for (const entry of value.namedVariables(`${path}.`)) found.set(...entry);
      } else found.set(path, value);
    }
    return found;
  }

  /** This module, under "", and every one below it, by path; in field order. */
  namedModules(path = ""): Map<string, Module> {
    const found = new Map<string, Module>([[path, this]]);
    for (const [below, value] of children(this, path === "" ? "" : `${path}.`)) {
      if (!(value instanceof Module)) continue;
      for (const entry of value.namedModules(below)) found.set(...entry);
    }
    return found;
  }

  /** The variables that training changes, by path. */
  namedParameters(): Map<string, tf.Variable> {
    return new Map([...this.namedVariables()].filter(([, variable]) => variable.trainable));
  }

  parameters(): tf.Variable[] {
    return [...this.namedParameters().values()];
  }

  parameterCount(): number {
    return this.parameters().reduce((sum, { size }) => sum + size, 0);
  }

  /** All variables, borrowed: they change as training goes on. */
  stateDict(): StateDict {
    return Object.fromEntries(this.namedVariables());
  }

  /**
   * Copy values into this module's variables; nothing is changed unless everything fits.
   *
   * @throws CheckpointError if a name is missing or unknown, or a shape differs
   */
  loadStateDict(state: StateDict): void {
    assignState(this.namedVariables(), state, "model");
  }

  /** For the notebook's hovers, e.g. "Dense, 6 parameters: weight [2, 2], bias [2]". */
  [DESCRIBE](): string {
    const variables = [...this.namedVariables()];
    const named = variables.slice(0, 6).map(([name, { shape }]) => `${name} [${shape.join(", ")}]`);
    const more = variables.length > 6 ? `, … ${variables.length} in all` : "";
    const count = this.parameterCount().toLocaleString("en-US");
    return `${this.constructor.name}, ${count} parameters: ${named.join(", ")}${more}`;
  }

  dispose(): void {
    for (const variable of this.namedVariables().values()) variable.dispose();
  }
}

/**
 * Copy values into variables of the same names and shapes; nothing is changed unless everything
 * fits.
 *
 * @param owner whose variables these are, for the message, e.g. "model"
 * @throws CheckpointError if a name is missing or unknown, or a shape or dtype differs
 */
export function assignState(
  variables: ReadonlyMap<string, tf.Variable>,
  state: StateDict,
  owner: string,
): void {
  assertStateFits(variables, state, owner);
  for (const [name, variable] of variables) {
    // Assigning a variable to itself would free its value.
    if (state[name] !== variable) variable.assign(state[name] as tf.Tensor);
  }
}

/** Refuse values that do not fit variables, as `assignState` does; changes nothing. */
export function assertStateFits(
  variables: ReadonlyMap<string, tf.Variable>,
  state: StateDict,
  owner: string,
): void {
  const missing = [...variables.keys()].filter((name) => !Object.hasOwn(state, name));
  const unknown = Object.keys(state).filter((name) => !variables.has(name));
  if (missing.length + unknown.length > 0) {
    throw new CheckpointError(
      `These values are of another ${owner}: missing [${missing.join(", ")}], ` +
        `unknown [${unknown.join(", ")}].`,
    );
  }
  const describe = ({ dtype, shape }: tf.Tensor): string => `${dtype} [${shape.join(", ")}]`;
  for (const [name, variable] of variables) {
    assertTensor(owner, name, state[name]);
    const found = describe(state[name] as tf.Tensor);
    if (found === describe(variable)) continue;
    throw new CheckpointError(
      `These values are of another ${owner}: ${name} is ${found} in the values given, ` +
        `${describe(variable)} in the ${owner}.`,
    );
  }
}

type Child = readonly [path: string, value: Module | tf.Variable];

/** Modules and variables in the fields of `owner`, through arrays and plain objects. */
function* children(owner: object, prefix: string): Generator<Child> {
  for (const [field, value] of Object.entries(owner)) {
    const path = `${prefix}${field}`;
    if (value instanceof Module || value instanceof tf.Variable) yield [path, value];
    else if (Array.isArray(value) || isPlainObject(value)) yield* children(value, `${path}.`);
  }
}

function isPlainObject(value: unknown): value is object {
  return (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}
