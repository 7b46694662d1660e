export type { Measured, Measurement } from "./measurement";
export {
  type Claim,
  contradictions,
  Recap,
  RECAP_MIME,
  type RecapData,
  type RecapPart,
} from "./recap";
export { formatScore, type Score, scoresOf } from "./score";
export { readScores, Scores, SCORES_MIME } from "./scores";
export { verdict } from "./verdict";
