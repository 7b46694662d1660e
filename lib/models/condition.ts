import { assertDtype, assertShape } from "../core/guard";
import { ValueError } from "../core/errors";
import type { Labels, TextContext } from "../core/types";
import { tf } from "../engine/tf";
import { assertTextContext } from "../nn/transformer";

/** What a denoising network may be told about each picture: its class or its caption. */
export type Condition = Labels | TextContext;

/** What a network can be told; at most one of the two. */
export type ConditionConfig = {
  /** Number of classes, for a network that takes labels. */
  readonly numClasses?: number;
  /** Features of a caption's token, for a network that takes captions. */
  readonly contextSize?: number;
};

/** The same condition, sorted. */
export type ConditionParts = { readonly labels?: Labels; readonly text?: TextContext };

/** @throws ValueError if a network is to take both */
export function assertConditionConfig(
  where: string,
  { numClasses, contextSize }: ConditionConfig,
): void {
  if (numClasses === undefined || contextSize === undefined) return;
  throw new ValueError(`${where}: give numClasses or contextSize, not both.`);
}

/**
 * Refuse a condition that the network does not take, or none where it takes one.
 *
 * @throws ShapeError, ValueError
 */
export function sortCondition(
  where: string,
  condition: Condition | undefined,
  { batch, numClasses, contextSize }: ConditionConfig & { readonly batch: number },
): ConditionParts {
  if (numClasses !== undefined) {
    assertShape(where, "labels", condition as Labels, [batch]);
    assertDtype(where, "labels", condition as Labels, "int32");
    return { labels: condition as Labels };
  }
  if (contextSize !== undefined) {
    assertTextContext(where, condition as TextContext, [batch, contextSize]);
    return { text: condition as TextContext };
  }
  if (condition === undefined) return {};
  const what = condition instanceof tf.Tensor ? "labels" : "a caption";
  const option = condition instanceof tf.Tensor ? "numClasses" : "contextSize";
  throw new ValueError(`${where}: ${what} given to a network that takes none (${option}).`);
}
