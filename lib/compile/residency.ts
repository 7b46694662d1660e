import { nativeBackend } from "../engine/native-op";
import { tf } from "../engine/tf";

/** A session that keeps values of variables. */
export interface VariableHolder {
  /** @returns the native id of a new tensor with the variable's value; the caller owns it */
  fetch(variable: tf.Variable): number;
}

/**
 * Where the value of a variable's data lives. `holders` are the sessions that have it;
 * `isStale` means that only they do, and tfjs's own copy is out of date.
 */
interface Residence {
  readonly variable: tf.Variable;
  readonly holders: Set<VariableHolder>;
  isStale: boolean;
}

const residences = new WeakMap<object, Residence>();
const stale = new Set<object>();

/** Whether `holder` has the variable's present value. */
export function isResident(variable: tf.Variable, holder: VariableHolder): boolean {
  return residences.get(variable.dataId)?.holders.has(holder) ?? false;
}

/** Note that `holder` was given the variable's present value. */
export function noteLoaded(variable: tf.Variable, holder: VariableHolder): void {
  residenceOf(variable).holders.add(holder);
}

/**
 * Give every variable that `holder` is about to change data of its own: a clone shares data with
 * its variable and must keep the value it was made with.
 */
export function detachClones(variables: readonly tf.Variable[]): void {
  for (const variable of variables) {
    if (nativeBackend().tensorMap.get(variable.dataId).refCount === 1) continue;
    materialize(variable.dataId);
    const copy = tf.tidy(() => variable.add(0));
    const residence = residenceOf(variable);
    variable.assign(copy);
    residences.set(variable.dataId, { ...residence, isStale: false });
    copy.dispose();
  }
}

/** Note that `holder` changed the variables: the value is there and nowhere else. */
export function noteChanged(variables: readonly tf.Variable[], holder: VariableHolder): void {
  installLazyReads();
  for (const variable of variables) {
    residences.set(variable.dataId, { variable, holders: new Set([holder]), isStale: true });
    stale.add(variable.dataId);
  }
}

/** Bring home what only `holder` has, before it goes. */
export function evacuate(variables: readonly tf.Variable[], holder: VariableHolder): void {
  for (const variable of variables) {
    if (variable.isDisposed) continue;
    const residence = residences.get(variable.dataId);
    if (residence?.holders.has(holder) !== true) continue;
    materialize(variable.dataId);
    residence.holders.delete(holder);
  }
}

function residenceOf(variable: tf.Variable): Residence {
  let residence = residences.get(variable.dataId);
  if (residence === undefined) {
    residence = { variable, holders: new Set(), isStale: false };
    residences.set(variable.dataId, residence);
  }
  return residence;
}

/** Make tfjs's copy of every variable up to date. */
export function materializeAll(): void {
  for (const dataId of [...stale]) materialize(dataId);
}

/** Make tfjs's copy up to date. */
function materialize(dataId: object): void {
  if (!stale.delete(dataId)) return;
  const residence = residences.get(dataId);
  const backend = nativeBackend();
  if (residence === undefined || !backend.tensorMap.has(dataId)) return;
  const [holder] = residence.holders;
  const record = backend.tensorMap.get(dataId);
  const id = (holder as VariableHolder).fetch(residence.variable);
  if (record.id >= 0) backend.binding.deleteTensor(record.id);
  record.id = id;
  record.values = null;
  residence.isStale = false;
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
