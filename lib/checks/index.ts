import "./attention";
import "./dit";
import "./dit-tokens";
import "./langevin";
import "./noise-scales";
import "./samplers";
import "./score-matching";
import "./sde-marginals";
import "./sde-reverse";
import "./gan-features";
import "./gan-game";
import "./gan-matching";
import "./gan-optimum";
import "./gan-slopes";
import "./gan-stages";
import "./ddpm-forward";
import "./ddpm-losses";
import "./ddpm-reverse";
import "./guidance";
import "./guidance-chain";
import "./guidance-score";
import "./clip";
import "./first-stage";
import "./latent-editing";
import "./vae-elbo";
import "./vae-gaussian";
import "./vae-gradients";
import "./vae-likelihood";

export { check, runCheck } from "./check";
export {
  type AnyFunction,
  type CheckDefinition,
  type CheckId,
  type Mistake,
  allChecks,
  defineCheck,
} from "./define";
export { type MomentSpec, momentProbe } from "./moment-probe";
export type { Aspect, Probe, Row } from "./probe";
export {
  type Attempt,
  appendAttempt,
  type CourseNotebook,
  courseNotebooks,
  type ExerciseState,
  type Journal,
  journalPath,
  type NotebookProgress,
  Progress,
  progress,
  readJournal,
  solutionText,
} from "./progress";
export { CHECK_MIME, type CheckPart, CheckResult, type CheckStatus, type Verdict } from "./result";
export { type ValueSpec, valueProbes } from "./value-probes";
