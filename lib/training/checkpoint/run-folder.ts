import { CheckpointError } from "../../core/errors";
import { assertInteger } from "../../core/guard";
import type { Disposable } from "../../core/memory";
import { resume, type RunState, saveCheckpoint } from "./checkpoint";
import { mendFolder, storedSteps } from "./folder";
import { RunLock } from "./lock";

export type CheckpointOptions = {
  /** The run's own folder; it is made if it is not there. */
  readonly folder: string;
  /** Save every so many steps; and at the end or when training is stopped, in any case. */
  readonly every?: number;
  /** How many of the newest checkpoints stay. */
  readonly keep?: number;
  /** Go on from the newest checkpoint in the folder, if there is one. */
  readonly resume?: boolean;
  /** If the newest checkpoint is damaged, go on from the newest one that is not. */
  readonly fallback?: boolean;
};

/** A run's folder while it trains: locked, resumed if asked, saved to now and then. */
export class RunFolder implements Disposable {
  /** Steps that were done when the folder was opened. */
  readonly firstStep: number;
  private readonly lock: RunLock;
  private lastSaved: number;

  /**
   * @throws CheckpointError if another process uses the folder, if it holds a run that is not to
   *   be resumed, or if its checkpoint is damaged or of another model
   */
  constructor(
    private readonly run: RunState,
    private readonly options: CheckpointOptions,
  ) {
    const { folder, every = 500, keep = 2 } = options;
    assertInteger("train", "checkpoint.every", every);
    assertInteger("train", "checkpoint.keep", keep);
    this.lock = new RunLock(folder);
    try {
      this.firstStep = open(run, options);
    } catch (error) {
      this.lock.dispose();
      throw error;
    }
    this.lastSaved = this.firstStep;
  }

  /** Save if it is time to. */
  afterStep(step: number): void {
    const { every = 500 } = this.options;
    if (step % every === 0) this.save(step);
  }

  /** Save, unless this step is saved already. @throws CheckpointError, NonFiniteError */
  save(step: number): void {
    if (step === this.lastSaved) return;
    this.lock.assertHeld();
    saveCheckpoint(this.options.folder, step, this.run, this.options);
    this.lastSaved = step;
  }

  dispose(): void {
    this.lock.dispose();
  }
}

function open(run: RunState, { folder, fallback, ...options }: CheckpointOptions): number {
  mendFolder(folder);
  if (options.resume === true) return resume(folder, run, { fallback });
  const newest = storedSteps(folder).at(-1);
  if (newest === undefined) return 0;
  throw new CheckpointError(
    `${folder} already holds a run, up to step ${newest.step}.`,
    "Go on with it by `resume: true`, delete the folder, or choose another.",
  );
}
