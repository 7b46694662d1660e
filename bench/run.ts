/**
 * npm run bench [-- --only vae_mlp,ddim] [--peers LatentLab,PyTorch] [--seconds 6] [--json FILE]
 * npm run bench -- --check                  the losses of each work, ours, as JSON
 * npm run bench -- --check --peers PyTorch  the same of a peer: how expected.json was made
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { parseArgs } from "node:util";

import { chart } from "./chart";
import { WORKS, type Work } from "./numbers";
import { absence, CONTESTANTS, type Contestant, Peer } from "./peers";
import { checkQuiet, type QuietCheck } from "./quiet";
import { table } from "./table";

/** Times of one contestant at one work, in milliseconds a step. */
export interface Measurement {
  readonly work: Work;
  readonly contestant: string;
  readonly median: number;
  readonly minimum: number;
  readonly steps: number;
  /** Bytes. */
  readonly peakRss: number;
  /** Until the first steps were done: tracing and compiling. */
  readonly prepareSeconds: number;
}

export interface Report {
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly system: string };
  readonly node: string;
  readonly threads: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly quiet: readonly QuietCheck[];
  readonly absent: Readonly<Record<string, string>>;
  readonly measurements: readonly Measurement[];
}

const ROUNDS = 5;

/** All contestants take turns, so that a slow minute of the machine hits them all alike. */
async function race(
  work: Work,
  contestants: readonly Contestant[],
  threads: number,
  seconds: number,
): Promise<Measurement[]> {
  const entries = [];
  for (const contestant of contestants) {
    const peer = new Peer(contestant, threads);
    const { seconds: prepareSeconds } = await peer.prepare(work, contestant.mode);
    entries.push({ contestant, peer, prepareSeconds, ms: [] as number[], peakRss: 0 });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const entry of entries) {
      const budget = (1000 * seconds) / ROUNDS;
      const begin = performance.now();
      do {
        const { ms, peakRss } = await entry.peer.step(entry.ms.length > 0 ? 5 : 2);
        entry.ms.push(...ms);
        entry.peakRss = peakRss;
      } while (performance.now() - begin < budget);
    }
  }
  return entries.map(({ contestant, peer, prepareSeconds, ms, peakRss }) => {
    peer.close();
    const sorted = ms.sort((a, b) => a - b);
    const [minimum, median] = [sorted[0] as number, sorted[sorted.length >> 1] as number];
    const times = { median, minimum, steps: sorted.length };
    return { work, contestant: contestant.name, ...times, peakRss, prepareSeconds };
  });
}

async function check(works: readonly Work[], name = "LatentLab"): Promise<void> {
  const contestant = CONTESTANTS.find((candidate) => candidate.name.startsWith(name));
  if (contestant === undefined) throw new Error(`there is no peer ${name}`);
  const peer = new Peer(contestant, cpus().length);
  const { framework, version } = await peer.info();
  const results: Record<string, unknown> = {};
  for (const work of works) results[work] = await peer.check(work);
  peer.close();
  console.log(JSON.stringify({ framework, version, results }, null, 2));
}

/** Those that `list` names, by commas and by the beginnings of their names; all without a list. */
function chosen<T>(all: readonly T[], list: string | undefined, nameOf: (item: T) => string): T[] {
  const beginnings = list?.split(",") ?? [""];
  const unknown = beginnings.filter((name) => !all.some((item) => nameOf(item).startsWith(name)));
  if (unknown.length > 0) {
    throw new Error(`there is no ${unknown.join(", ")}, only ${all.map(nameOf).join(", ")}`);
  }
  return all.filter((item) => beginnings.some((name) => nameOf(item).startsWith(name)));
}

async function present(contestants: readonly Contestant[]) {
  const [here, absent]: [Contestant[], Record<string, string>] = [[], {}];
  for (const contestant of contestants) {
    const reason = await absence(contestant);
    if (reason === undefined) here.push(contestant);
    else absent[contestant.name] = reason;
  }
  return { here, absent };
}

async function versionsOf(contestants: readonly Contestant[]): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const contestant of contestants) {
    const peer = new Peer(contestant, 1);
    const { framework, version } = await peer.info();
    versions[framework] = version;
    peer.close();
  }
  return versions;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      check: { type: "boolean" },
      only: { type: "string" },
      peers: { type: "string" },
      seconds: { type: "string", default: "6" },
      json: { type: "string" },
    },
  });
  const works = chosen(WORKS, values.only, (work) => work);
  if (values.check === true) return check(works, values.peers);
  const threads = cpus().length;
  const { here, absent } = await present(chosen(CONTESTANTS, values.peers, ({ name }) => name));
  for (const [name, reason] of Object.entries(absent))
    console.log(`${name} is left out: ${reason}`);
  const [measurements, quiet]: [Measurement[], QuietCheck[]] = [[], []];
  for (const work of works) {
    quiet.push(checkQuiet());
    console.log(`${work} …`);
    measurements.push(...(await race(work, here, threads, Number(values.seconds))));
  }
  const report: Report = {
    date: new Date().toISOString(),
    machine: { cpu: cpus()[0]?.model ?? "?", cores: threads, system: `${platform()} ${arch()}` },
    node: process.versions.node,
    threads,
    versions: await versionsOf(here),
    quiet,
    absent,
    measurements,
  };
  console.log(table(report));
  save(report, values.json);
}

function save(report: Report, file: string | undefined): void {
  const base = `bench/results/${report.date.slice(0, 10)}`;
  mkdirSync("bench/results", { recursive: true });
  const text = `${JSON.stringify(report, null, 2)}\n`;
  writeFileSync(file ?? `${base}.json`, text);
  writeFileSync(`${base}.md`, `${table(report)}\n`);
  writeFileSync(`${base}.svg`, chart(report));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
