// npm test [-- SUITE…]: run every suite, print a table, and end with "N passed, N failed".
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Suite {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Mocha leaves its counts in a file; without one its process was ended by a test. */
  readonly isMocha?: boolean;
  /** Skipped tests count as failed under CI: there everything that these need is installed. */
  readonly strict?: boolean;
}

type Result = Suite & Counts & { readonly seconds: number };

/** Quick ones first; a folder test/NAME with a mocharc.json that is not named here comes last. */
const ORDER = ["truth", "setup", "kernel", "arguments", "reliability", "notebooks", "browser"];
const STRICT = new Set([
  ...["setup", "kernel", "notebooks", "browser", "course", "classroom", "export"],
]);
/** After which a suite is ended. */
const MINUTES = 25;
/** Every notebook runs twice, solved and not. */
const MINUTES_OF_NOTEBOOKS = 40;

function mochaSuite(name: string, config: string): Suite {
  const mocha = join("node_modules", "mocha", "bin", "mocha.js");
  const reporter = join(".build", "test", "support", "counting-reporter.js");
  return {
    name,
    command: [process.execPath, mocha, "--config", config, "--reporter", reporter],
    isMocha: true,
    strict: STRICT.has(name),
  };
}

function npmSuite(script: string): Suite {
  return { name: script, command: ["npm", "run", "--silent", script] };
}

/** The numbers of other implementations, where they are at hand: `LATENTLAB_TRUTH` or beside us. */
function truthSuites(): Suite[] {
  const folder = process.env["LATENTLAB_TRUTH"] ?? join("..", "shared", "truth");
  const main = join(".build", "test", "truth", "main.js");
  return existsSync(folder) ? [{ name: "truth", command: [process.execPath, main, folder] }] : [];
}

function allSuites(): Suite[] {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as {
    scripts: Record<string, string>;
  };
  const mochaFolders = readdirSync("test")
    .filter((name) => existsSync(join("test", name, "mocharc.json")))
    .map((name) => mochaSuite(name, join("test", name, "mocharc.json")));
  const slow = [...truthSuites(), ...mochaFolders].sort((a, b) => rank(a.name) - rank(b.name));
  return [
    npmSuite("lint"),
    ...(scripts["equations"] === undefined ? [] : [npmSuite("equations")]),
    mochaSuite("unit", ".mocharc.json"),
    ...slow,
  ];
}

function rank(name: string): number {
  const place = ORDER.indexOf(name);
  return place === -1 ? ORDER.length : place;
}

/** Run one suite with its output shown. Without counts of its own it counts as one test. */
async function runSuite(suite: Suite): Promise<Result> {
  console.log(`\n━━ ${suite.name}`);
  const folder = mkdtempSync(join(tmpdir(), "latentlab-test-"));
  const countsFile = join(folder, "counts.json");
  const began = performance.now();
  const [program, ...args] = suite.command;
  const child = spawn(program, args, {
    env: { ...process.env, COUNTS_FILE: countsFile },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const minutes = suite.name === "notebooks" ? MINUTES_OF_NOTEBOOKS : MINUTES;
  const { code, output } = await ending(child, minutes);
  const written = readCounts(countsFile);
  const counts = suite.isMocha
    ? judge(written === undefined ? 1 : code, written)
    : judge(code, closingCounts(output));
  rmSync(folder, { recursive: true });
  return { ...suite, ...strictly(counts, suite), seconds: (performance.now() - began) / 1000 };
}

/** A suite that ends badly has failed at least once, whatever it counted. */
function judge(code: number, counts: Counts | undefined): Counts {
  const { passed, failed, skipped } = counts ?? { passed: 0, failed: 0, skipped: 0 };
  if (code !== 0) return { passed, failed: Math.max(failed, 1), skipped };
  return { passed: counts === undefined ? 1 : passed, failed, skipped };
}

function strictly(counts: Counts, { strict = false }: Suite): Counts {
  if (!strict || process.env["CI"] === undefined) return counts;
  return { passed: counts.passed, failed: counts.failed + counts.skipped, skipped: 0 };
}

function readCounts(path: string): Counts | undefined {
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, "utf8")) as Counts;
}

/** "12 passed, 0 failed" as the last line of a program that is not mocha. */
function closingCounts(output: string): Counts | undefined {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  const [, passed, failed] = /^(\d+) passed, (\d+) failed/.exec(last) ?? [];
  if (passed === undefined) return undefined;
  return { passed: Number(passed), failed: Number(failed), skipped: 0 };
}

/** Show what a process writes; end its whole group when it takes too long. */
function ending(child: ChildProcess, minutes: number): Promise<{ code: number; output: string }> {
  let output = "";
  child.stdout?.on("data", (chunk) => {
    process.stdout.write(String(chunk));
    output += String(chunk);
  });
  const endGroup = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  const timer = setTimeout(endGroup, minutes * 60_000);
  const signals = ["SIGINT", "SIGTERM"] as const;
  const stop = (): never => {
    endGroup();
    process.exit(130);
  };
  signals.forEach((signal) => process.on(signal, stop));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      signals.forEach((name) => process.off(name, stop));
      if (signal !== null) console.log(`stopped by ${signal}`);
      resolve({ code: code ?? 1, output });
    });
  });
}

function printTable(results: readonly Result[]): void {
  console.log(`\n${"suite".padEnd(14)}  passed  failed  skipped  seconds`);
  for (const { name, passed, failed, skipped, seconds } of results) {
    const numbers = [passed, failed, skipped].map((value) => String(value).padStart(6)).join("  ");
    console.log(`${name.padEnd(14)}  ${numbers}   ${seconds.toFixed(1).padStart(7)}`);
  }
}

async function main(wanted: readonly string[]): Promise<number> {
  const suites = allSuites();
  const unknown = wanted.filter((name) => !suites.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    console.error(
      `No suite ${unknown.join(", ")}; there are ${suites.map(({ name }) => name).join(", ")}.`,
    );
    return 2;
  }
  const results: Result[] = [];
  for (const suite of suites) {
    if (wanted.length === 0 || wanted.includes(suite.name)) results.push(await runSuite(suite));
  }
  printTable(results);
  const total = (key: keyof Counts): number => results.reduce((sum, one) => sum + one[key], 0);
  const [passed, failed] = [total("passed"), total("failed")];
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
