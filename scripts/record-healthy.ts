/**
 * Record how the loss of a notebook's trainings goes when all is well, for the bands of its
 * dashboards: `npm run healthy -- 00-start`. Runs the solution with several seeds, which it takes from
 * LATENTLAB_SEED, and writes notebooks/healthy/NOTEBOOK.json. Record anew when a training changes.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { viz } from "latentlab";

const SEEDS = [1, 2, 3, 4, 5];
const FOLDER = join("notebooks", "healthy");
const PYTHON = join(".latentlab", "python", "bin", "python");
const EXECUTE = ["-m", "nbconvert", "--to", "notebook", "--execute", "--stdout"];
const MOST_BYTES = 100_000_000;
const PLOTLY_MIME = "application/vnd.plotly.v1+json";

interface Notebook {
  readonly cells: readonly {
    readonly outputs?: readonly { readonly data?: Readonly<Record<string, unknown>> }[];
  }[];
}

/** What is read of the figure that a dashboard leaves. */
interface Dashboard {
  readonly data: readonly (viz.LossCurve & { readonly name?: string })[];
  readonly layout: {
    readonly title: { readonly text: string };
    readonly xaxis: { readonly range?: readonly [number, number] };
  };
}

/** A dashboard's loss, under its title. */
interface Recorded {
  readonly title: string;
  readonly steps: number;
  readonly loss: viz.LossCurve;
}

function run(name: string, seed: number): Recorded[] {
  const notebook = join("solutions", `${name}.ipynb`);
  const env = { ...process.env, LATENTLAB_SEED: String(seed) };
  const options = { env, maxBuffer: MOST_BYTES, encoding: "utf8" } as const;
  const { cells } = JSON.parse(execFileSync(PYTHON, [...EXECUTE, notebook], options)) as Notebook;
  const outputs = cells.flatMap(({ outputs = [] }) => outputs);
  return outputs.flatMap(({ data }) => dashboardLoss(data?.[PLOTLY_MIME] as Dashboard | undefined));
}

function dashboardLoss(figure: Dashboard | undefined): Recorded[] {
  const loss = figure?.data.find(({ name }) => name === "loss");
  const steps = figure?.layout.xaxis.range?.[1];
  if (!figure || !loss || steps === undefined) return [];
  return [{ title: figure.layout.title.text, steps, loss }];
}

function main(name: string | undefined): void {
  if (name === undefined) throw new Error("Which notebook? E.g. npm run healthy -- 00-start");
  const runs = SEEDS.map((seed) => {
    console.log(`${name}, seed ${seed}`);
    return run(name, seed);
  });
  const bands = (runs[0] ?? []).map(({ title, steps }) => {
    const curves = runs.flatMap((run) => run.filter((other) => other.title === title));
    return [
      title,
      viz.healthyBand(
        curves.map(({ loss }) => loss),
        steps,
      ),
    ] as const;
  });
  if (bands.length === 0) throw new Error(`${name} has no dashboard with a loss.`);
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${name}.json`);
  const digits = (_key: string, value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(5)) : value;
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(bands), digits)}\n`);
  console.log(`${file}: ${bands.map(([title]) => title).join(", ")}`);
}

main(process.argv[2]);
