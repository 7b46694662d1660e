import {
  type Attr,
  type NativeBinding,
  type NativeTensor,
  nativeBackend,
} from "../engine/native-op";
import type { tf } from "../engine/tf";
import { tf as tensorflow } from "../engine/tf";
import { type ActiveTrace, type SeedSource, withTrace } from "../engine/tracing";
import { attrMessage, typeAttrMessage } from "./attributes";
import { BatchParts } from "./batch-parts";
import { type ConstantValue, Graph, type Spec } from "./graph";
import { intercept } from "./interception";
import { missingTypeAttrs } from "./op-types";
import { rewrite } from "./rewrites";
import { CompileError } from "./session";
import { ShapeOracle, typedArray } from "./shapes";
import { type GraphValue, SymbolTable } from "./symbols";
import { type TracedVariable, VariableTable } from "./variable-table";

/** A tensor from outside that the function uses: fed by reference at each run. */
export interface Capture {
  readonly name: string;
  readonly dataId: object;
}

/** A generator that the function draws from: its seed is fed at each run. */
export interface TracedSeed {
  readonly name: string;
  readonly source: SeedSource;
  draws: number;
}

/**
 * Records what a function asks of TensorFlow: ops become nodes of a graph instead of being run,
 * tensors become names of node outputs.
 */
export class Trace implements ActiveTrace {
  readonly captures: Capture[] = [];
  readonly variables: VariableTable;
  readonly seeds: TracedSeed[] = [];
  /** Variables that the function made, with their first values. */
  readonly created: { readonly variable: tf.Variable; readonly value: GraphValue }[] = [];
  /** Nodes that must run for their effect. */
  readonly updates: string[] = [];
  /** The latest update in place of each variable, by index: updates of one variable take turns. */
  private readonly updateOf = new Map<number, string>();
  /** The node whose value says whether variables may change in a run. */
  private condition: string | undefined;
  /** What was recorded, as text, so that two traces of one function can be compared. */
  readonly log: string[] = [];

  private readonly real: NativeBinding = nativeBackend().binding;
  private readonly shapes = new ShapeOracle(this.real);
  private readonly symbols = new SymbolTable();
  private readonly hostData = new WeakSet<object>();
  private readonly seedTensors = new Map<SeedSource, { seed: TracedSeed; base: tf.Tensor }>();

  /** @param onOp hears how many nodes there are, after each op */
  constructor(
    private readonly onOp: (size: number) => void,
    readonly graph = new Graph(),
    readonly parts = new BatchParts(1),
  ) {
    this.variables = new VariableTable(graph);
  }

  partsOf(batch: number): number[] {
    return this.parts.sizesOf(batch);
  }

  /** Trace `body`, which returns the tensors to compute. */
  record(body: () => readonly tf.Tensor[]): GraphValue[] {
    const interceptor = {
      binding: this.recordingBinding(),
      onHostData: (dataId: object) => void this.hostData.add(dataId),
      onInput: (tensor: tf.TensorInfo) => {
        this.bringIn(tensor);
      },
      onRead: (dataId: object) => {
        if (!this.hostData.has(dataId)) throw readError();
      },
      onNewVariable: (variable: tf.Variable) => {
        this.created.push({ variable, value: this.valueOf(variable) });
      },
    };
    let values: GraphValue[] = [];
    intercept(interceptor, () => {
      try {
        tensorflow.tidy(() => {
          values = withTrace(this, body).map((tensor) => this.valueOf(tensor));
          this.recordAssignments();
        });
      } finally {
        for (const { base } of this.seedTensors.values()) base.dispose();
      }
    });
    this.log.push(`return ${values.map(({ node }) => node).join()}`);
    return values;
  }

  /** A symbolic tensor for an argument of the function. */
  argument(name: string, spec: Spec): tf.Tensor {
    return this.tensor({ ...spec, node: this.graph.placeholder(name, spec) });
  }

  seed(source: SeedSource): tf.Tensor {
    let known = this.seedTensors.get(source);
    if (known === undefined) {
      const seed = { name: `seed_${this.seeds.length}`, source, draws: 0 };
      const base = this.argument(seed.name, { dtype: this.real.TF_INT32, shape: [2] });
      known = { seed, base: tensorflow.keep(base) }; // outlives the tidy of the draw
      this.seeds.push(seed);
      this.seedTensors.set(source, known);
    }
    return known.base.add(tensorflow.tensor1d([0, known.seed.draws++], "int32"));
  }

  onlyIf(condition: tf.Tensor): void {
    this.condition = this.valueOf(condition).node;
    this.log.push(`only if ${this.condition}`);
  }

  update(op: string, variables: readonly tf.Variable[], inputs: readonly tf.Tensor[]): void {
    const targets = variables.map((variable) => this.variables.use(variable));
    for (const target of targets) target.isAssigned = true;
    const nodes = [
      ...targets.map(({ index }) => `variable_${index}`),
      ...inputs.map((input) => this.gated(this.valueOf(input))),
      ...targets.map(({ index }) => `^${this.updateOf.get(index) ?? `read_${index}`}`),
    ];
    const name = `update_${this.updates.length}`;
    const type = typeAttrMessage(this.real.TF_FLOAT);
    this.graph.add(op, name, nodes, op === "AssignVariableOp" ? { dtype: type } : { T: type });
    this.log.push(`${op}(${nodes.join()})`);
    this.updates.push(name);
    for (const target of targets) {
      this.updateOf.set(target.index, name);
      this.readAgain(target, name);
    }
  }

  /** From here on the variable means its value after the operation `update`. */
  private readAgain({ variable, index, dtype, shape }: TracedVariable, update: string): void {
    const { id } = nativeBackend().tensorMap.get(variable.dataId);
    const node = this.graph.readAfter(index, dtype, update);
    this.symbols.alias(id, { dtype, shape, node });
  }

  /** A node that is ready when the variables have changed, or will not change in this run. */
  finish(): string {
    return this.condition === undefined
      ? this.graph.done("finished", this.updates)
      : this.graph.doneIf("finished", this.updates, this.condition);
  }

  private gated({ node, dtype }: GraphValue): string {
    return this.condition === undefined ? node : this.graph.gate(node, dtype, this.condition);
  }

  private recordAssignments(): void {
    for (const traced of this.variables.reassigned()) {
      const value = this.gated(this.valueOf(traced.variable));
      this.log.push(`assign ${traced.index} ${value}`);
      this.updates.push(this.graph.assign(traced.index, traced, value));
    }
  }

  private recordingBinding(): Partial<NativeBinding> {
    return {
      createTensor: (shape, dtype, values) => {
        const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
        const constant = { shape: [...shape], dtype, bytes };
        const node = this.graph.constant(constant);
        return this.symbols.symbol({ ...constant, node, constant }).id;
      },
      executeOp: (op, attrs, inputs, count) => this.addOp(op, attrs, inputs, count),
      deleteTensor: (id) => {
        if (!SymbolTable.isSymbolic(id)) this.real.deleteTensor(id);
      },
      tensorDataSync: (id) => typedArray(this.symbols.lookup(id)?.constant as ConstantValue),
    };
  }

  private addOp(asked: string, given: readonly Attr[], ids: readonly number[], count: number) {
    const values = ids.map((id) => this.value(id));
    const { op, attrs, order } = rewrite(asked, given, values);
    const inputs = order.map((i) => values[i] as GraphValue);
    const specs = this.shapes.outputs(op, attrs, inputs, count);
    const messages = [
      ...attrs.map((attr) => [attr.name, attrMessage(attr)] as const),
      ...missingTypeAttrs(op, attrs, inputs).map(([n, t]) => [n, typeAttrMessage(t)] as const),
    ];
    const nodes = inputs.map(({ node }) => node);
    this.log.push(`${op}(${nodes.join()})${JSON.stringify(attrs)}`);
    const name = this.graph.add(op, `op_${this.graph.size}`, nodes, Object.fromEntries(messages));
    this.onOp(this.graph.size);
    return specs.map((spec, i) =>
      this.symbols.symbol({ ...spec, node: i ? `${name}:${i}` : name }),
    );
  }

  /** Make a tensor from outside part of the graph: a variable is read, another tensor is fed. */
  private bringIn({ dataId }: tf.TensorInfo): void {
    const backend = nativeBackend();
    const record = backend.tensorMap.get(dataId);
    const isHostValue = record.values !== null;
    if (isHostValue && this.hostData.has(dataId)) return; // becomes a constant
    if (isHostValue) {
      record.id = this.real.createTensor(record.shape, record.dtype, record.values as never);
      record.values = null;
    }
    if (this.symbols.lookup(record.id) !== undefined) return;
    const spec = { dtype: record.dtype, shape: [...record.shape] };
    const variable = this.variables.withData(dataId);
    const node = variable === undefined ? this.capture(dataId, spec) : `read_${variable.index}`;
    this.symbols.alias(record.id, { ...spec, node });
  }

  private capture(dataId: object, spec: Spec): string {
    const name = `capture_${this.captures.length}`;
    this.captures.push({ name, dataId });
    return this.graph.placeholder(name, spec);
  }

  private valueOf(tensor: tf.TensorInfo): GraphValue {
    const [id] = nativeBackend().getInputTensorIds([tensor]);
    return this.value(id as number);
  }

  private value(id: number): GraphValue {
    const value = this.symbols.lookup(id);
    if (value === undefined) throw new CompileError(`tensor ${id} is unknown to the trace`);
    return value;
  }

  private tensor(value: GraphValue): tf.Tensor {
    return nativeBackend().createOutputTensor(this.symbols.symbol(value) as NativeTensor);
  }
}

function readError(): CompileError {
  return new CompileError(
    "A compiled function reads a tensor's values (dataSync, array, print, or a condition on " +
      "them), but while it is traced there are none.",
    "Compute with tensor operations, or return the tensor and read it outside.",
  );
}
