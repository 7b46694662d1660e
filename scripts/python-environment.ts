import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const COURSE_PYTHON = resolve(".latentlab", "python", "bin", "python");
/** Exactly what is listed, nothing compiled, nothing asked. */
const PIP = ["install", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"];

/**
 * A Python environment beside the course's own, `.latentlab/NAME-python`, with the packages of
 * `FOLDER/requirements.txt`. It is made once, and again when the list changes.
 *
 * @returns its folder of programs
 */
export async function pythonEnvironment(name: string, folder = name): Promise<string> {
  const place = resolve(".latentlab", `${name}-python`);
  const requirements = resolve(folder, "requirements.txt");
  const bin = join(place, "bin");
  const key = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  // Written last: an environment that is half made has none.
  const stamp = join(place, "latentlab-stamp");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) return bin;
  console.log(`Installing Python packages for the ${name}: once, about a minute.`);
  rmSync(place, { recursive: true, force: true });
  await run(COURSE_PYTHON, ["-m", "venv", place]);
  await run(join(bin, "python"), ["-m", "pip", ...PIP, "-r", requirements], { isQuiet: true });
  writeFileSync(stamp, key);
  return bin;
}

export interface RunProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Its output is shown only if it fails. */
  readonly isQuiet?: boolean;
}

/** Run a program to its end. @throws Error if it fails */
export function run(
  program: string,
  args: readonly string[],
  { isQuiet = false, ...options }: RunProgramOptions = {},
): Promise<void> {
  return new Promise((done, fail) => {
    const stream = isQuiet ? "pipe" : "inherit";
    const child = spawn(program, args, { stdio: ["ignore", stream, stream], ...options });
    let output = "";
    for (const pipe of [child.stdout, child.stderr]) {
      pipe?.on("data", (chunk) => (output += String(chunk)));
    }
    child.on("error", fail);
    child.on("close", (code) => {
      if (code === 0) done();
      else fail(new Error(`${program} ${args.join(" ")} ended with ${code}\n${output}`));
    });
  });
}
