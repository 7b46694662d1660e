import { checks, results } from "latentlab";

/** As much of an executed notebook as is looked at. */
export interface ExecutedNotebook {
  readonly cells: readonly ExecutedCell[];
  readonly metadata?: {
    readonly latentlab?: { readonly difficulty?: number; readonly minutes?: number };
  };
}

export interface ExecutedCell {
  readonly id: string;
  readonly cell_type: string;
  readonly metadata: { readonly latentlab?: { readonly exercise?: string } };
  readonly outputs?: readonly Output[];
}

interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, unknown>>;
  readonly ename?: string;
  readonly evalue?: string;
}

/** Lines that must not stand on standard error, in a cell or from the kernel. */
const ALARM = /UnhandledPromiseRejection|UncaughtException|Error:/;

/** Error outputs, and alarming lines on standard error. */
export function errorsIn({ cells }: ExecutedNotebook, kernelStderr = ""): string[] {
  const inCells = cells.flatMap(({ id, outputs = [] }) =>
    outputs.flatMap((output) => {
      if (output.output_type === "error") return [`${id}: ${output.ename}: ${output.evalue}`];
      if (output.name !== "stderr") return [];
      return alarms(join(output.text)).map((line) => `${id}: ${line}`);
    }),
  );
  return [...inCells, ...alarms(kernelStderr).map((line) => `kernel: ${line}`)];
}

/**
 * Exercises without a verdict, and verdicts other than `status`. An exercise cell names a library
 * function; a check of that function must have shown its verdict.
 */
export function wrongVerdicts({ cells }: ExecutedNotebook, status: checks.CheckStatus): string[] {
  const verdicts = cells.flatMap(({ outputs = [] }) =>
    outputs.flatMap(({ data }) => (data?.[checks.CHECK_MIME] as checks.Verdict | undefined) ?? []),
  );
  const exercises = cells.flatMap(({ metadata }) => metadata.latentlab?.exercise ?? []);
  const unchecked = exercises
    .map((path) => path.slice(path.indexOf("#") + 1))
    .filter((name) => !verdicts.some(({ exercise }) => exercise === name))
    .map((name) => `${name} is not checked`);
  const wrong = verdicts
    .filter((verdict) => verdict.status !== status)
    .map(({ id, exercise, status: is }) => `${id} ${exercise} is ${is}, not ${status}`);
  return [...unchecked, ...wrong];
}

/**
 * What is wrong with the computed sentences of a notebook: cells whose id starts with "verdict".
 * Each must show a number, and nothing that was not computed.
 */
export function wrongSentences({ cells }: ExecutedNotebook): string[] {
  const sentences = cells.filter(
    ({ id, cell_type: type }) => type === "code" && /^verdict/.test(id),
  );
  if (sentences.length === 0) return ["there is no verdict cell"];
  return sentences.flatMap(({ id, outputs = [] }) => {
    const text = outputs.map(outputText).join("\n");
    const bad = /\b(NaN|undefined|Infinity|null)\b|\[object /.exec(text);
    if (bad !== null) return [`${id} shows ${bad[0]}`];
    return /\d/.test(text) ? [] : [`${id} shows no number`];
  });
}

/** What recaps say that the tables of scores in the same notebook do not. */
export function wrongRecaps({ cells }: ExecutedNotebook): string[] {
  const outputs = cells.flatMap(({ id, outputs: all = [] }) =>
    all.map((output) => ({ id, output })),
  );
  const rows = outputs.flatMap(
    ({ output }) => (output.data?.[results.SCORES_MIME] as results.Measurement[] | undefined) ?? [],
  );
  return outputs.flatMap(({ id, output }) => {
    const recap = output.data?.[results.RECAP_MIME] as results.RecapData | undefined;
    if (recap === undefined) return [];
    return results
      .contradictions(outputText(output), recap, latest(rows))
      .map((problem) => `${id}: ${problem}`);
  });
}

/** A table that is shown again holds the rows of the time before. */
function latest(rows: readonly results.Measurement[]): results.Measurement[] {
  const key = ({ subject, metric, seed }: results.Measurement): string =>
    JSON.stringify([subject, metric, seed]);
  return [...new Map(rows.map((row) => [key(row), row])).values()];
}

function outputText({ text, data }: Output): string {
  return (
    join(text) || join((data?.["text/markdown"] ?? data?.["text/plain"]) as string | undefined)
  );
}

function alarms(stderr: string): string[] {
  return stderr.split("\n").filter((line) => ALARM.test(line));
}

function join(text: string | readonly string[] | undefined): string {
  return [text ?? ""].flat().join("");
}
