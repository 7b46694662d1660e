import { ValueError } from "../core/errors";
import { DISPLAY, type Displayable, type MimeBundle } from "../core/host";
import type { Measurement } from "./measurement";
import { type Score, findScore, formatScore, scoresOf } from "./score";

/** MIME type of a recap that a program reads, to hold it against the table it speaks of. */
export const RECAP_MIME = "application/vnd.latentlab.recap+json";

/** Something that the store can say by itself. */
export type Claim =
  | { readonly kind: "score"; readonly subject: string; readonly metric: string }
  | { readonly kind: "best"; readonly metric: string }
  | {
      readonly kind: "comparison";
      readonly subject: string;
      readonly other: string;
      readonly metric: string;
    };

/** Words and claims in turn. */
export type RecapPart = string | (Claim & { readonly text: string });

/** What the MIME type holds. */
export interface RecapData {
  readonly parts: readonly RecapPart[];
}

/** Two scores nearer to each other than this many standard errors are not told apart. */
const TELLING_ERRORS = 3;

/** A claim without what else its object may hold. */
export function bare(claim: Claim): Claim {
  const { kind, metric } = claim;
  if (kind === "best") return { kind, metric };
  const { subject } = claim;
  return kind === "score"
    ? { kind, subject, metric }
    : { kind, subject, other: claim.other, metric };
}

/** What the rows say about a claim, in words. @throws ValueError if they say nothing */
export function say(claim: Claim, rows: readonly Measurement[]): string {
  const scores = scoresOf(rows);
  switch (claim.kind) {
    case "score":
      return formatScore(findScore(scores, claim.subject, claim.metric));
    case "best":
      return sayBest(claim.metric, scores);
    case "comparison":
      return sayComparison(
        findScore(scores, claim.subject, claim.metric),
        findScore(scores, claim.other, claim.metric),
      );
  }
}

function sayBest(metric: string, scores: readonly Score[]): string {
  const rivals = scores.filter((score) => score.metric === metric);
  if (rivals.length === 0) throw new ValueError(`There is no ${metric} to choose the best of.`);
  const best = rivals.reduce((one, other) => (advantage(other, one) > 0 ? other : one));
  return `${best.subject} (${formatScore(best)})`;
}

function sayComparison(score: Score, other: Score): string {
  const numbers = `${score.metric} ${formatScore(score)} against ${formatScore(other)}`;
  return `${score.subject} is ${relation(score, other)} ${other.subject} (${numbers})`;
}

function relation(score: Score, other: Score): string {
  const better = advantage(score, other);
  const errors = [score, other].flatMap(({ plusMinus }) => (plusMinus === null ? [] : [plusMinus]));
  // An error that is unknown can only add to the other's.
  if (errors.length > 0 && Math.abs(better) <= TELLING_ERRORS * Math.hypot(...errors))
    return "within the errors of";
  const words = better > 0 ? "better than" : better < 0 ? "worse than" : "equal to";
  if (errors.length === 2) return words;
  const unknown =
    errors.length === 1 ? "the error of one unknown" : "one run each and no error known";
  return `${words}, ${unknown},`;
}

/** By how much the first is better. */
function advantage(one: Score, other: Score): number {
  return one.better === "higher" ? one.mean - other.mean : other.mean - one.mean;
}

/** Prose about scores: the words are the author's, every number and comparison the store's. */
export class Recap implements Displayable {
  constructor(readonly parts: readonly RecapPart[]) {}

  toJSON(): RecapData {
    return { parts: this.parts };
  }

  toString(): string {
    return recapText(this);
  }

  [DISPLAY](): MimeBundle {
    const text = recapText(this);
    return { "text/markdown": text, "text/plain": text, [RECAP_MIME]: this.toJSON() };
  }
}

export function recapText({ parts }: RecapData): string {
  return parts.map((part) => (typeof part === "string" ? part : part.text)).join("");
}

const NUMBER = /(?<![\w.])[-−]?\d+(\.\d+)?/;
const COMPARISON = /\b(better|best|worse|worst|beats?|wins?|outperforms?)\b/i;

/** What an author's own words may not say, since they would not change with the numbers. */
export function unfounded(words: string): string | undefined {
  return (COMPARISON.exec(words) ?? NUMBER.exec(words.replace(/\b[A-Z]+\.\d+[a-f]?\b/g, "")))?.[0];
}

/** What a shown recap says that the rows it speaks of do not; empty when all is well. */
export function contradictions(
  shown: string,
  { parts }: RecapData,
  rows: readonly Measurement[],
): string[] {
  const found = parts.flatMap((part) => {
    if (typeof part === "string") {
      const word = unfounded(part);
      return word === undefined ? [] : [`"${word}" stands in the words, not in the table`];
    }
    const right = sayOrNot(part, rows);
    return part.text === right ? [] : [`it says "${part.text}"; the table says "${right}"`];
  });
  return shown === recapText({ parts }) ? found : [...found, "it shows another text than it made"];
}

function sayOrNot(claim: Claim, rows: readonly Measurement[]): string {
  try {
    return say(claim, rows);
  } catch (error) {
    return error instanceof ValueError ? error.message : String(error);
  }
}
