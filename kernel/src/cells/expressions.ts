import { runInThisContext } from "node:vm";

import { textOf } from "../output/bundle";

type Variables = Readonly<Record<string, unknown>>;

/** Answers the `user_expressions` of an execute request; each fails or succeeds for itself. */
export function evaluateAll(
  expressions: Readonly<Record<string, string>>,
  variables: Variables,
): Record<string, unknown> {
  const names = Object.keys(expressions);
  return Object.fromEntries(
    names.map((name) => [name, answer(expressions[name] ?? "", variables)]),
  );
}

function answer(expression: string, variables: Variables): Record<string, unknown> {
  try {
    const data = { "text/plain": textOf(evaluate(expression, variables)) };
    return { status: "ok", data, metadata: {} };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { status: "error", ename: name, evalue: message, traceback: [] };
  }
}

function evaluate(expression: string, variables: Variables): unknown {
  const code = `(function (variables) { with (variables) { return (${expression}\n); } })`;
  return (runInThisContext(code) as (variables: Variables) => unknown)(variables);
}
