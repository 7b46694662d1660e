import { cpus, loadavg } from "node:os";

/** How disturbed the machine is: a fixed piece of arithmetic timed many times. */
export interface QuietCheck {
  /** Median time of the piece over the fastest: 1 on a machine with nothing else to do. */
  readonly unrest: number;
  readonly load: number;
  readonly isQuiet: boolean;
}

const LIMIT = 1.1;

export function checkQuiet(): QuietCheck {
  const times = Array.from({ length: 40 }, timeArithmetic).sort((a, b) => a - b);
  const unrest = (times[20] as number) / (times[0] as number);
  const load = (loadavg()[0] as number) / cpus().length;
  return { unrest, load, isQuiet: unrest < LIMIT };
}

function timeArithmetic(): number {
  const begin = performance.now();
  let x = 1;
  for (let i = 0; i < 2_000_000; i++) x = (x * 1.0000001 + i) % 1000;
  if (Number.isNaN(x)) throw new Error("unreachable: keeps the loop alive");
  return performance.now() - begin;
}
