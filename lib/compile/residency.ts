import { nativeBackend } from "../engine/native-op";
import { tf } from "../engine/tf";

/** A session that keeps values of variables. */
export interface VariableHolder {
  /** @returns the native id of a new tensor with the variable's value; the caller owns it */
  fetch(variable: tf.Variable): number;
}

/**
 * Where the present value of a variable is; true as long as the variable has this data. One record
 * a variable: two variables share their first data if one was made of the other's clone.
 */
interface Residence {
  readonly variable: tf.Variable;
  readonly dataId: object;
  /** The sessions that have the value. */
  readonly holders: Set<VariableHolder>;
}

const residences = new WeakMap<tf.Variable, Residence>();
/** Those whose value only sessions have: tfjs's own copy is out of date. */
const stale = new Map<object, Residence>();

/** Whether `holder` has the variable's present value. */
export function isResident(variable: tf.Variable, holder: VariableHolder): boolean {
  const residence = residences.get(variable);
  return residence?.dataId === variable.dataId && residence.holders.has(holder);
}

/** Note that `holder` was given the variable's present value. */
export function noteLoaded(variable: tf.Variable, holder: VariableHolder): void {
  const residence = residences.get(variable);
  if (residence?.dataId === variable.dataId) residence.holders.add(holder);
  else residences.set(variable, newResidence(variable, holder));
}

/**
 * Give every variable data of its own. A clone shares data with its variable until one of them
 * changes, and must keep the value it was made with when a session changes the variable.
 */
export function detachClones(variables: readonly tf.Variable[]): void {
  const { tensorMap } = nativeBackend();
  for (const variable of variables) {
    if (tensorMap.get(variable.dataId).refCount === 1) continue;
    const holders = residences.get(variable)?.holders ?? new Set();
    const copy = tf.tidy(() => variable.add(0));
    variable.assign(copy);
    copy.dispose();
    residences.set(variable, { variable, dataId: variable.dataId, holders });
  }
}

/** Note that `holder` changed the variables: the value is there and nowhere else. */
export function noteChanged(variables: readonly tf.Variable[], holder: VariableHolder): void {
  installLazyReads();
  for (const variable of variables) {
    const before = residences.get(variable);
    if (before !== undefined && isOnlyIn(holder, before)) continue; // as after the step before
    if (before !== undefined && before.dataId !== variable.dataId) stale.delete(before.dataId);
    const residence = newResidence(variable, holder);
    residences.set(variable, residence);
    stale.set(variable.dataId, residence);
  }
}

/**
 * Bring home what only `holder` has, before it goes or gets other values. That may be an earlier
 * value too, which a clone keeps after its variable was assigned another.
 */
export function evacuate(variables: readonly tf.Variable[], holder: VariableHolder): void {
  const leaving = new Set(variables);
  for (const [dataId, { variable, holders }] of [...stale]) {
    if (leaving.has(variable) && holders.has(holder)) materialize(dataId);
  }
  for (const variable of variables) residences.get(variable)?.holders.delete(holder);
}

/** Make tfjs's copy of every variable up to date. */
export function materializeAll(): void {
  for (const dataId of [...stale.keys()]) materialize(dataId);
}

/** Whether the variable's value is there and nowhere else already. */
function isOnlyIn(holder: VariableHolder, residence: Residence): boolean {
  const { variable, dataId, holders } = residence;
  const isPresent = variable.dataId === dataId && stale.get(dataId) === residence;
  return isPresent && holders.size === 1 && holders.has(holder);
}

function newResidence(variable: tf.Variable, holder: VariableHolder): Residence {
  return { variable, dataId: variable.dataId, holders: new Set([holder]) };
}

/** Make tfjs's copy up to date. */
function materialize(dataId: object): void {
  const residence = stale.get(dataId);
  if (residence === undefined) return;
  stale.delete(dataId);
  const backend = nativeBackend();
  if (!backend.tensorMap.has(dataId)) return;
  const [holder] = residence.holders;
  const record = backend.tensorMap.get(dataId);
  const id = (holder as VariableHolder).fetch(residence.variable);
  if (record.id >= 0) backend.binding.deleteTensor(record.id);
  record.id = id;
  record.values = null;
}

let isInstalled = false;

/** From the first compiled change on, a variable's value is fetched when somebody asks for it. */
function installLazyReads(): void {
  if (isInstalled) return;
  isInstalled = true;
  const backend = nativeBackend();
  const { getInputTensorIds, readSync } = backend;
  backend.getInputTensorIds = (tensors) => {
    if (stale.size > 0) for (const { dataId } of tensors) materialize(dataId);
    return getInputTensorIds.call(backend, tensors);
  };
  backend.readSync = (dataId) => {
    materialize(dataId);
    return readSync.call(backend, dataId);
  };
}
