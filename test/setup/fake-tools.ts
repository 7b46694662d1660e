// npm, Python, pip, a compiler and tsc in one small program, for set-up to run in tests: each makes
// files like the real one's, in a moment and with no network. Started as
//   node fake-tools.js TOOL PROGRAM_PATH ARGUMENTS…
// FAKE_HANG=TOOL:   stop half-way for ever, after writing the file `reached`
// FAKE_FAIL=TOOL:   write FAKE_MESSAGE and fail
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

const [, , tool, program, ...args] = process.argv as [string, string, string, string, ...string[]];
const course = process.env["FAKE_COURSE"] as string;
const [half, done] = ["half of it", "all of it"];

appendFileSync(join(course, "calls.log"), `${JSON.stringify([tool, ...args])}\n`);

/** Write a file in two halves, with the planned accident in between. */
function write(point: string, path: string, text = done): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, half);
  if (process.env["FAKE_FAIL"] === point) {
    process.stderr.write(`${process.env["FAKE_MESSAGE"]}\n`);
    process.exit(1);
  }
  if (process.env["FAKE_HANG"] === point) {
    writeFileSync(join(course, "reached"), String(process.pid));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
  writeFileSync(path, text);
}

/** A program on disk that starts this file as another tool. */
function install(path: string, name: string): void {
  const text = `#!/bin/sh\nexec '${process.execPath}' '${__filename}' ${name} "$0" "$@"\n`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
}

function npm(): void {
  if (args[0] === "--version") return console.log("10.0.0");
  const modules = join(course, "node_modules");
  rmSync(modules, { recursive: true, force: true });
  const { packages } = JSON.parse(readFileSync(join(course, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string }>;
  };
  for (const [place, { version }] of Object.entries(packages)) {
    write("npm", join(course, place, "package.json"), JSON.stringify({ version }));
  }
  write("npm", join(modules, "@tensorflow/tfjs-node-gpu/binding/tfjs_backend.cc"));
  write("npm", join(modules, "plotly.js-dist/plotly.js"));
  const tsc = `process.argv.splice(2, 0, "tsc", "tsc"); require(${JSON.stringify(__filename)});`;
  write("npm", join(modules, "typescript/lib/tsc.js"), tsc);
  write("npm", join(modules, ".package-lock.json"), JSON.stringify({ packages }));
}

function python(): void {
  const version = process.env["FAKE_PYTHON"] ?? "3.12.1";
  if (args[0] === "-c") {
    if (args[1]?.includes("platform")) console.log(`${program}\n${version}`);
    if (args[1]?.includes("jupyterlab")) console.log("4.6.6 on Python 3.12.1");
    process.exitCode = process.env["FAKE_NO_VENV"] && args[1]?.includes("ensurepip") ? 1 : 0;
  } else if (args[1] === "venv") {
    const folder = args[2] as string;
    install(join(folder, "bin", "python"), "python");
    write("venv", join(folder, "bin", "jupyter"), `#!${folder}/bin/python\n`);
    write("venv", join(folder, "pyvenv.cfg"), `command = python -m venv ${folder}\n`);
  } else if (args.includes("--target")) {
    const folder = join(args[args.indexOf("--target") + 1] as string, "tensorflow");
    for (const name of ["libtensorflow_cc", "libtensorflow_framework"]) {
      write("tensorflow", join(folder, `${name}.so.2`));
      write("tensorflow", join(folder, `${name}.2.dylib`));
    }
  } else if (args[1] === "pip") {
    const packages = join(dirname(dirname(program)), "lib", "python3.12", "site-packages");
    write("pip", join(packages, "sklearn/datasets/data/digits.csv.gz"));
    write("pip", join(packages, "jupyterlab/__init__.py"));
  }
}

function compiler(): void {
  if (args[0] === "--version") return console.log("fake c++ 1.0\nsecond line");
  const output = args[args.indexOf("-o") + 1] as string;
  write("compiler", output);
  // A real addon, since set-up loads what the compiler made; FAKE_ADDON=broken leaves text.
  if (process.env["FAKE_ADDON"] !== "broken")
    copyFileSync(process.env["REAL_ADDON"] as string, output);
}

function tsc(): void {
  for (const name of ["lib/dist/index.js", "kernel/dist/main.js"])
    write("tsc", join(course, name), done);
}

const tools: Record<string, () => void> = { npm, python, compiler, tsc };
tools[tool]?.();
