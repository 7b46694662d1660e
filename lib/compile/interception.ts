import type { NativeBinding } from "../engine/native-op";
import { nativeBackend } from "../engine/native-op";
import { withRepair } from "../engine/recovery";
import { tf } from "../engine/tf";

/** What stands in for the native library while a function is traced. */
export interface Interceptor {
  readonly binding: Partial<NativeBinding>;
  /** Called for each tensor whose data the function made on the host. */
  onHostData(dataId: object): void;
  /** Called for each tensor that an op takes, before its id is asked for. */
  onInput(tensor: tf.TensorInfo): void;
  /** Called before the values of a tensor are read; throws to forbid it. */
  onRead(dataId: object): void;
  /** Called for each variable that the function makes, before anything is assigned to it. */
  onNewVariable(variable: tf.Variable): void;
}

/**
 * Run `body` with the interceptor between tfjs and the native library. Afterwards the backend is as
 * it was and every variable has the value it had, also when `body` throws; variables that `body`
 * made are zero.
 */
export function intercept<T>(interceptor: Interceptor, body: () => T): T {
  const backend = nativeBackend();
  const engine = tf.engine();
  const { binding, getInputTensorIds, readSync, write } = backend;
  const { makeVariable } = engine;
  const created: tf.Variable[] = [];
  const restoreVariables = holdVariables();
  backend.binding = override(binding, interceptor.binding);
  backend.getInputTensorIds = function (tensors) {
    for (const tensor of tensors) interceptor.onInput(tensor);
    return getInputTensorIds.call(backend, tensors);
  };
  backend.write = function (values, shape, dtype) {
    const dataId = write.call(backend, values, shape, dtype);
    interceptor.onHostData(dataId);
    return dataId;
  };
  backend.readSync = function (dataId) {
    interceptor.onRead(dataId);
    return readSync.call(backend, dataId);
  };
  engine.makeVariable = function (...args) {
    const variable = makeVariable.apply(engine, args);
    created.push(variable);
    interceptor.onNewVariable(variable);
    return variable;
  };
  return withRepair(() => {
    restoreVariables(); // drops symbolic values: before the real binding is back
    created.forEach(setToZero);
    engine.makeVariable = makeVariable;
    Object.assign(backend, { binding, getInputTensorIds, readSync, write });
  }, body);
}

/** The binding's functions are read-only properties, hence a derived object. */
function override(binding: NativeBinding, functions: Partial<NativeBinding>): NativeBinding {
  const properties = Object.entries(functions).map(([name, value]) => [name, { value }]);
  return Object.create(binding, Object.fromEntries(properties)) as NativeBinding;
}

function setToZero(variable: tf.Variable): void {
  const zero = tf.zeros(variable.shape, variable.dtype);
  variable.assign(zero);
  zero.dispose();
}

/** Keep every variable's present value; the returned function gives it back. */
function holdVariables(): () => void {
  const backend = nativeBackend();
  const engine = tf.engine();
  const held = Object.values(engine.registeredVariables).map((variable) => {
    backend.incRef(variable.dataId);
    return { variable, dataId: variable.dataId };
  });
  return () => {
    for (const { variable, dataId } of held) {
      if (variable.dataId !== dataId) {
        engine.disposeTensor(variable);
        variable.dataId = dataId;
        engine.incRef(variable, null as never);
      }
      backend.disposeData(dataId);
    }
  };
}
