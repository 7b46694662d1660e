// @ts-check
import { parseArgs } from "node:util";

import { SetupProblem } from "./problem.mjs";

export const USAGE = `npm start [-- options]

  --no-browser   print JupyterLab's address instead of opening it
  --port N       first port to try (default 8888); the next free one is taken
  --ip ADDRESS   address to listen on (default 127.0.0.1; another one needs JUPYTER_TOKEN)
  --setup-only   set up, but don't start JupyterLab (npm run setup)

Variables: LATENTLAB_DEVICE=cpu|gpu, LATENTLAB_PYTHON=/path/to/python3, CXX=/path/to/compiler.
`;

/**
 * @typedef {{ browser: boolean, port: number, ip: string, setupOnly: boolean, help: boolean }} Options
 */

/**
 * @param {string[]} args
 * @returns {Options}
 */
export function parseOptions(args) {
  const { values } = parse(args);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new SetupProblem(
      `--port is a number from 1 to 65535; it was ${values.port}.`,
      "e.g. 8888",
    );
  requireTokenBeyondLoopback(values.ip);
  return {
    browser: !values["no-browser"],
    port,
    ip: values.ip,
    setupOnly: values["setup-only"],
    help: values.help,
  };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        "no-browser": { type: "boolean", default: false },
        port: { type: "string", default: "8888" },
        ip: { type: "string", default: "127.0.0.1" },
        "setup-only": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new SetupProblem(what, "`npm start -- --help` lists the options.", { cause });
  }
}

/**
 * Whoever reaches JupyterLab can run any program: beyond this machine it takes a token that the
 * person chose knowingly.
 * @param {string} ip
 */
function requireTokenBeyondLoopback(ip) {
  if (/^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(ip)) return;
  if ((process.env["JUPYTER_TOKEN"] ?? "").length >= 16) return;
  throw new SetupProblem(
    `--ip ${ip} would let other machines run programs here, so it needs a token of your own.`,
    "leave --ip away and reach this machine by `ssh -L 8888:127.0.0.1:8888 …`, " +
      "or set JUPYTER_TOKEN to 16 or more characters.",
  );
}
