import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startTestRedis } from '../support/redis-server.ts';
import { lags, mean, median, quantile } from './figures.ts';
import { lagChart } from './lag-chart.ts';
import { optimum, type Optimum } from './optimum.ts';
import { COMPRESSION, Rig, type System } from './rig.ts';
import { fromCsv, sendings, steady, TRACES, type DrawnFax, type Trace } from './trace.ts';

// npm run bench:lag: how much later than they finish are faxes found, by the service and by two peers, side by side in
// one run.
//   --trace NAME     usual (left out), retried, late, swap, bursts, outage
//   --csv FILE       your own durations instead (s, one a line)
//   --systems A,B    these of faxwatch, history, callback, exponential, fixed; without the hints if left out
//   --limit N        requests per second that the API allows: 10 are one a second in life, as time is compressed ten
//   times

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    csv: { type: 'string' },
    trace: { type: 'string', default: 'usual' },
    systems: { type: 'string', default: 'faxwatch,exponential,fixed' },
    out: { type: 'string', default: 'coverage/bench' },
    limit: { type: 'string', default: '10' },
  },
});

const REGIMES = { scarce: 2, middle: 4, ample: 8 } as const; // polls per fax that the limit allows
const SYSTEMS = flags.systems.split(',') as System[];
const WARM_UP_S = 230; // the model has seen 200 faxes by then in each regime, also where they take 14 minutes
const MEASURED_S = 120;
const FOLLOW_S = 40; // faxes still arrive, so that the last ones measured are found under load

type Regime = keyof typeof REGIMES;
export type Row = {
  regime: Regime;
  system: System;
  faxes: number;
  meanMs: number;
  p95Ms: number;
  ratio: number;
  firstRatio: number;
  refusedShare: number;
  limitUsed: number;
  pollsPerFax: number;
};

const perSecond = Number(flags.limit);
const trace = flags.csv === undefined ? namedTrace(flags.trace) : steady(flags.csv, fromCsv(flags.csv));

function namedTrace(name: string): Trace {
  const found = TRACES.find((each) => each.name === name);
  if (!found) throw new Error(`no such trace: there are ${TRACES.map((each) => each.name).join(', ')}`);
  return found;
}

async function runOnce(run: number): Promise<Row[]> {
  const redis = await startTestRedis();
  const rigs = [];
  for (const regime of Object.keys(REGIMES) as Regime[]) {
    for (const system of SYSTEMS)
      rigs.push({
        regime,
        system,
        rig: await Rig.start({ system, redisUrl: redis.url, name: `${system}-${regime}`, perSecond }),
      });
  }
  const seconds = WARM_UP_S + MEASURED_S + FOLLOW_S;
  const running = rigs.map(({ regime, system, rig }) => {
    const faxes = faxesFor(regime, seconds, run);
    const start = rig.feed(faxes);
    if (trace.outage)
      rig.outage(faxes[trace.outage.afterFaxes]?.atMs ?? 0, (trace.outage.seconds * 1000) / COMPRESSION);
    return { regime, system, rig, start, faxes };
  });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const rows = running.map(({ regime, system, rig, start, faxes }) => measure(regime, system, rig, start, faxes));
  await Promise.all(running.map(({ rig }) => rig.stop()));
  await redis.stop();
  return rows;
}

/** The same faxes for all systems of a regime. */
function faxesFor(regime: Regime, seconds: number, seed: number): DrawnFax[] {
  const faxes: DrawnFax[] = [];
  for (const sent of sendings(trace, perSecond / REGIMES[regime], COMPRESSION, seed * 31 + REGIMES[regime])) {
    if ((sent[0]?.atMs ?? 0) > seconds * 1000) break;
    faxes.push(...sent);
  }
  return faxes;
}

const optima = new Map<string, Optimum>();
/** The optimum of a schedule that knows the distribution from which this fax was drawn. */
function optimumFor({ drawnFrom }: DrawnFax, regime: Regime): Optimum {
  const name = `${drawnFrom.name} ${regime}`;
  const found = optima.get(name) ?? optimum(drawnFrom, COMPRESSION, REGIMES[regime]);
  optima.set(name, found);
  return found;
}

function measure(regime: Regime, system: System, rig: Rig, start: number, faxes: readonly DrawnFax[]): Row {
  const [from, to] = [start + WARM_UP_S * 1000, start + (WARM_UP_S + MEASURED_S) * 1000];
  const seen = rig.seenAt();
  const found = lags(rig.finishedAt, seen, from, to, Date.now());
  // The optimum on the same faxes: with a few hundred of them their luck would move the ratio by a fifth.
  const ended = (fax: DrawnFax): number => rig.finishedAt.get(String(fax.id)) ?? 0;
  const best = (since: number, until: number): number[] =>
    faxes
      .filter((fax) => ended(fax) >= since && ended(fax) < until)
      .map((fax) => optimumFor(fax, regime).lagOf(fax.takesMs));
  const early = lags(rig.finishedAt, seen, start, from, Date.now());
  const inWindow = rig.simulator.log.filter(({ at }) => at >= from && at < to);
  const answered = inWindow.filter(({ code }) => code === 200).length;
  const seenInWindow = [...seen.values()].filter((at) => at >= from && at < to).length;
  return {
    regime,
    system,
    faxes: found.length,
    meanMs: mean(found),
    p95Ms: quantile(found, 0.95),
    ratio: mean(found) / mean(best(from, to)),
    firstRatio: mean(early) / mean(best(start, from)),
    refusedShare: rig.simulator.refusals / rig.simulator.requests,
    limitUsed: answered / (perSecond * MEASURED_S),
    pollsPerFax: answered / seenInWindow,
  };
}

const runs: Row[][] = [];
for (let run = 1; run <= Number(flags.runs); run += 1) {
  console.log(`run ${run} of ${flags.runs}: ${WARM_UP_S + MEASURED_S + FOLLOW_S} s`);
  runs.push(await runOnce(run));
}
const medians = (runs[0] ?? []).map((row, i): Row => {
  const all = (pick: (row: Row) => number): number => median(runs.map((rows) => pick(rows[i] as Row)));
  return {
    ...row,
    faxes: all((r) => r.faxes),
    meanMs: all((r) => r.meanMs),
    p95Ms: all((r) => r.p95Ms),
    ratio: all((r) => r.ratio),
    firstRatio: all((r) => r.firstRatio),
    refusedShare: all((r) => r.refusedShare),
    limitUsed: all((r) => r.limitUsed),
    pollsPerFax: all((r) => r.pollsPerFax),
  };
});

const table = new Table({
  head: [
    'regime',
    'system',
    'faxes',
    'mean lag s',
    'p95 s',
    'of optimum',
    'until then',
    'refused',
    'limit used',
    'polls/fax',
  ],
  style: { head: [], border: [] },
});
for (const row of medians) {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  table.push([
    row.regime,
    row.system,
    row.faxes,
    (row.meanMs / 1000).toFixed(2),
    (row.p95Ms / 1000).toFixed(2),
    row.ratio.toFixed(2),
    row.firstRatio.toFixed(2),
    percent(row.refusedShare),
    percent(row.limitUsed),
    row.pollsPerFax.toFixed(1),
  ]);
}
console.log(
  `${trace.name}, time compressed ${COMPRESSION} times, ${perSecond} requests per second allowed, medians of ${flags.runs} runs`,
);
console.log(table.toString());
mkdirSync(flags.out, { recursive: true });
writeFileSync(
  `${flags.out}/lag-${flags.csv ? 'csv' : trace.name}.json`,
  JSON.stringify({ trace: trace.name, compression: COMPRESSION, perSecond, medians, runs }, null, 2),
);
writeFileSync(`${flags.out}/lag-${flags.csv ? 'csv' : trace.name}.svg`, lagChart(medians));
console.log(`written: ${flags.out}/lag-….json and .svg`);
