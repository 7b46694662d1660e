import { nativeBackend } from "../engine/native-op";
import { tf } from "../engine/tf";
import type { Graph, Spec } from "./graph";
import { detachClones, materializeAll } from "./residency";

/** A variable that the traced function uses. */
export interface TracedVariable extends Spec {
  readonly index: number;
  readonly variable: tf.Variable;
  /** Whether the function changes it. */
  isAssigned: boolean;
}

/** The variables that there are when a trace begins, and those of them that the function uses. */
export class VariableTable {
  readonly used: TracedVariable[] = [];
  private readonly traced = new Map<tf.Variable, TracedVariable>();
  private readonly present: { readonly variable: tf.Variable; readonly dataId: object }[];
  private readonly behind: ReadonlyMap<object, tf.Variable>;

  constructor(private readonly graph: Graph) {
    materializeAll();
    const variables = Object.values(tf.engine().registeredVariables);
    detachClones(variables); // from here on, data tells which variable is meant
    this.present = variables.map((variable) => ({ variable, dataId: variable.dataId }));
    this.behind = new Map(this.present.map(({ variable, dataId }) => [dataId, variable]));
  }

  /** The variable whose value these data are, as it was when the trace began. */
  withData(dataId: object): TracedVariable | undefined {
    const variable = this.behind.get(dataId);
    return variable && this.use(variable, dataId);
  }

  /** Make the variable part of the graph. */
  use(variable: tf.Variable, dataId: object = variable.dataId): TracedVariable {
    const known = this.traced.get(variable);
    if (known !== undefined) return known;
    const { dtype, shape } = nativeBackend().tensorMap.get(dataId);
    const index = this.used.length;
    const traced = { index, variable, dtype, shape: [...shape], isAssigned: false };
    this.used.push(traced);
    this.traced.set(variable, traced);
    this.graph.variable(index, traced);
    return traced;
  }

  /** Variables that the function gave other data, marked as assigned. */
  *reassigned(): Generator<TracedVariable> {
    for (const { variable, dataId } of this.present) {
      if (variable.isDisposed || variable.dataId === dataId) continue;
      const traced = this.use(variable, dataId);
      traced.isAssigned = true;
      yield traced;
    }
  }
}
