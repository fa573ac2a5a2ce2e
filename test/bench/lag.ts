import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startTestRedis } from '../support/redis-server.ts';
import { lags, mean, median, quantile } from './figures.ts';
import { lagChart } from './lag-chart.ts';
import { optimum, type Optimum } from './optimum.ts';
import { COMPRESSION, Rig, type System } from './rig.ts';
import { faxLike, fromCsv, traceOf, type Distribution } from './trace.ts';

// npm run bench:lag: how much later than they finish are faxes found, by the service and by two peers, side by side in one run.

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    csv: { type: 'string' },
    out: { type: 'string', default: 'coverage/bench' },
    limit: { type: 'string', default: '20' },
  },
});

const REGIMES = { scarce: 2, middle: 4, ample: 8 } as const; // polls per fax that the limit allows
const SYSTEMS: readonly System[] = ['faxwatch', 'exponential', 'fixed'];
const WARM_UP_S = 100; // the model has seen over 200 faxes by then in each regime
const MEASURED_S = 90;
const FOLLOW_S = 40; // faxes still arrive, so that the last ones measured are found under load

type Regime = keyof typeof REGIMES;
export type Row = { regime: Regime; system: System; faxes: number; meanMs: number; p95Ms: number; ratio: number; refusedShare: number; limitUsed: number; pollsPerFax: number };

const perSecond = Number(flags.limit);
const distribution = flags.csv === undefined ? faxLike : fromCsv(flags.csv);

async function runOnce(run: number): Promise<Row[]> {
  const redis = await startTestRedis();
  const rigs = [];
  for (const regime of Object.keys(REGIMES) as Regime[]) {
    for (const system of SYSTEMS) rigs.push({ regime, system, rig: await Rig.start({ system, redisUrl: redis.url, name: `${system}-${regime}`, perSecond }) });
  }
  const seconds = WARM_UP_S + MEASURED_S + FOLLOW_S;
  const running = rigs.map(({ regime, system, rig }) => ({ regime, system, rig, start: rig.feed(traceFor(distribution, regime, seconds, run)) }));
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const rows = running.map(({ regime, system, rig, start }) => measure(regime, system, rig, start));
  await Promise.all(running.map(({ rig }) => rig.stop()));
  await redis.stop();
  return rows;
}

const traceFor = (durations: Distribution, regime: Regime, seconds: number, seed: number) =>
  traceOf(durations, perSecond / REGIMES[regime], seconds, COMPRESSION, seed * 31 + REGIMES[regime]);

function measure(regime: Regime, system: System, rig: Rig, start: number): Row {
  const [from, to] = [start + WARM_UP_S * 1000, start + (WARM_UP_S + MEASURED_S) * 1000];
  const seen = rig.seenAt();
  const found = lags(rig.finishedAt, seen, from, to, Date.now());
  // The optimum on the same faxes: with a few hundred of them their luck would move the ratio by a fifth.
  const best = rig.tookMs(from, to).map((ms) => optima[regime].lagOf(ms));
  const inWindow = rig.simulator.log.filter(({ at }) => at >= from && at < to);
  const answered = inWindow.filter(({ code }) => code === 200).length;
  const seenInWindow = [...seen.values()].filter((at) => at >= from && at < to).length;
  return {
    regime,
    system,
    faxes: found.length,
    meanMs: mean(found),
    p95Ms: quantile(found, 0.95),
    ratio: mean(found) / mean(best),
    refusedShare: rig.simulator.refusals / rig.simulator.requests,
    limitUsed: answered / (perSecond * MEASURED_S),
    pollsPerFax: answered / seenInWindow,
  };
}

const optima = Object.fromEntries(Object.entries(REGIMES).map(([regime, polls]) => [regime, optimum(distribution, COMPRESSION, polls)])) as Record<Regime, Optimum>;
const optimumMs = Object.fromEntries(Object.entries(optima).map(([regime, { meanLagMs }]) => [regime, meanLagMs]));
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
    refusedShare: all((r) => r.refusedShare),
    limitUsed: all((r) => r.limitUsed),
    pollsPerFax: all((r) => r.pollsPerFax),
  };
});

const table = new Table({ head: ['regime', 'system', 'faxes', 'mean lag s', 'p95 s', 'of optimum', 'refused', 'limit used', 'polls/fax'], style: { head: [], border: [] } });
for (const row of medians) {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  table.push([row.regime, row.system, row.faxes, (row.meanMs / 1000).toFixed(2), (row.p95Ms / 1000).toFixed(2), row.ratio.toFixed(2), percent(row.refusedShare), percent(row.limitUsed), row.pollsPerFax.toFixed(1)]);
}
console.log(`${distribution.name}, time compressed ${COMPRESSION} times, ${perSecond} requests per second allowed, medians of ${flags.runs} runs`);
console.log(`optimum, s: ${Object.entries(optimumMs).map(([regime, ms]) => `${regime} ${(ms / 1000).toFixed(2)}`).join(', ')}`);
console.log(table.toString());
mkdirSync(flags.out, { recursive: true });
writeFileSync(`${flags.out}/lag.json`, JSON.stringify({ distribution: distribution.name, compression: COMPRESSION, perSecond, optimumMs, medians, runs }, null, 2));
writeFileSync(`${flags.out}/lag.svg`, lagChart(medians));
console.log(`written: ${flags.out}/lag.json, ${flags.out}/lag.svg`);
