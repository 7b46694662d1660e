import { Rng } from "latentlab";

/** Seed of all random faults; another one by the variable. */
export const FAULT_SEED = Number(process.env["LATENTLAB_FAULT_SEED"] ?? 2026);

/** Whole numbers below n, drawn from the seed and the row's name. */
export function faultDraws(row: string): (n: number) => number {
  const rowSeed = [...row].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 2 ** 20, 0);
  const rng = new Rng(FAULT_SEED + rowSeed);
  return (n) => Math.floor((rng.uniformArray(1)[0] as number) * n);
}

/** Print a row's result as the README quotes it. */
export function reportRow(row: string, survived: number, total: number): void {
  console.log(`      ${row}: faults survived ${survived} of ${total} (seed ${FAULT_SEED})`);
}
