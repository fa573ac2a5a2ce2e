import { parseArgs } from 'node:util';
import { copiesOf } from '../../src/simulator/callbacks.ts';
import { HISTORY_KINDS, type HistoryKind } from '../../src/simulator/history.ts';
import { startTestRedis } from '../support/redis-server.ts';
import { atMost, figureTable, known, type Figure } from './figure-table.ts';
import { lags, mean } from './figures.ts';
import { flood } from './flood.ts';
import { optimum, type Optimum } from './optimum.ts';
import { COMPRESSION, Rig, type RigOptions, type System } from './rig.ts';
import { faxLike, traceOf, type TracedFax } from './trace.ts';

// npm run bench:hints -- --runs 3 --only systems,pages: how much sooner faxes are found with the list of faxes and with
// callbacks, and what a list that is wrong, callbacks that are lost and a flood of wrong secrets cost. What is compared runs side by side, on the
// same faxes; one comparison comes after the other.
//   --only A,B      only these of systems, pages, broken, lost, flood
//   --kinds A,B     only these kinds of list in `broken`
//   --warm-up N     seconds before the measurement; 230 if left out
//   --seconds N     seconds of the measurement; 120 if left out

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    only: { type: 'string' },
    kinds: { type: 'string' },
    'warm-up': { type: 'string', default: '230' },
    seconds: { type: 'string', default: '120' },
  },
});

const PER_SECOND = 10; // one a second in life
const WARM_UP_MS = Number(flags['warm-up']) * 1_000;
const MEASURED_MS = Number(flags.seconds) * 1_000;
const FOLLOW_MS = MEASURED_MS / 3; // faxes still arrive, so that the last ones measured are found under load
const WHOLE_MS = WARM_UP_MS + MEASURED_MS + FOLLOW_MS;
const FIRST_MINUTE_MS = 60_000; // in which a list may be tried out
const AT_ONCE = 3; // kinds of list beside one run without, on 2 cores
const FLOOD_PER_SECOND = 1_000;
const LOSSES = [0, 0.1, 0.5];
const PAGE_CAPS = [100, 50, 25, 10];
const MOST_OF_OPTIMUM = { 2: 0.3, 4: 0.35, 8: 0.45 } as const;

const USABLE: readonly HistoryKind[] = ['oldest-first', 'finished-only', 'words', 'text-ids'];
const ALL_KINDS = HISTORY_KINDS.filter((kind) => kind !== 'ok');
const kinds = ALL_KINDS.filter((kind) => flags.kinds?.split(',').includes(kind) ?? true);

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What one system made of the faxes. Times are ms. */
type Measured = {
  /** Of the faxes that finished in the measurement and that `of` picks, the mean. */
  readonly lag: (of?: (id: string) => boolean) => number;
  /** The mean lag of the same faxes under the optimum of polling alone. */
  readonly best: number;
  readonly refusedShare: number;
  /** The share of requests of the list after the first minute. */
  readonly listShare: number;
  /** Of the posts of a flood, the share that was answered; 1 without one. */
  readonly floodAnswered: number;
};
/** With `floodPerSecond`, so many posts with wrong secrets come during the measurement. */
type Contestant = Partial<RigOptions> & { readonly system: System; readonly floodPerSecond?: number };
type Compare = (pollsPerFax: number, contestants: readonly Contestant[]) => Promise<Measured[]>;

const scenarios: Record<string, (compare: Compare) => Promise<Figure[]>> = {
  async systems(compare) {
    const figures: Figure[] = [];
    for (const polls of [2, 4, 8] as const) {
      const systems = ['faxwatch', 'history', 'callback'] as const;
      const measured = await compare(
        polls,
        systems.map((system) => ({ system })),
      );
      for (const [i, system] of systems.entries()) {
        const { lag, best, refusedShare } = measured[i] as Measured;
        const what = `${system} at ${polls} polls per fax: mean lag, of the optimum of polling alone`;
        figures.push(
          system === 'faxwatch' ? known(what, lag() / best) : atMost(what, MOST_OF_OPTIMUM[polls], lag() / best),
          atMost(`${system} at ${polls} polls per fax: refused, %`, 0.2, 100 * refusedShare),
        );
      }
    }
    return figures;
  },

  async pages(compare) {
    const measured = await compare(
      2,
      PAGE_CAPS.map((historyPageCap) => ({ system: 'history', historyPageCap })),
    );
    return measured.map(({ lag, best }, i) =>
      known(`pages of ${PAGE_CAPS[i]} at 2 polls per fax: mean lag, of the optimum of polling alone`, lag() / best),
    );
  },

  async broken(compare) {
    const figures: Figure[] = [];
    for (let first = 0; first < kinds.length; first += AT_ONCE) {
      const some = kinds.slice(first, first + AT_ONCE);
      const lists = some.map((history) => ({ system: 'history', history }) as const);
      const [alone, ...measured] = await compare(4, [{ system: 'faxwatch' }, ...lists]);
      for (const [i, kind] of some.entries()) {
        const { lag, listShare } = measured[i] as Measured;
        const share = `list "${kind}": requests of it after the first minute, % of all`;
        figures.push(
          atMost(`list "${kind}": mean lag, of the run without`, 1.1, lag() / (alone as Measured).lag()),
          USABLE.includes(kind) ? known(share, 100 * listShare) : atMost(share, 5, 100 * listShare),
        );
      }
    }
    return figures;
  },

  async lost(compare) {
    const lossy = LOSSES.map((callbackLoss) => ({ system: 'callback', callbackLoss }) as const);
    const [alone, ...measured] = await compare(4, [{ system: 'faxwatch' }, ...lossy]);
    return measured.flatMap(({ lag }, i) => {
      const loss = LOSSES[i] ?? 0;
      const lost = (id: string): boolean => copiesOf(id, { loss }) === 0;
      const kept = (id: string): boolean => !lost(id);
      const name = `${100 * loss} % of callbacks lost`;
      const { lag: aloneLag } = alone as Measured;
      return [
        known(`${name}: mean lag of the rest, s in life`, (lag(kept) * COMPRESSION) / 1_000),
        atMost(`${name}: mean lag of the rest, of polls alone`, 0.1, lag(kept) / aloneLag(kept)),
        ...(loss === 0 ? [] : [atMost(`${name}: mean lag of those, of polls alone`, 1.05, lag(lost) / aloneLag(lost))]),
      ];
    });
  },

  async flood(compare) {
    // Without a callback that comes, the lag says how well polling goes on.
    const polling = { system: 'callback', callbackLoss: 1 } as const;
    const [calm, flooded] = (await compare(4, [polling, { ...polling, floodPerSecond: FLOOD_PER_SECOND }])) as [
      Measured,
      Measured,
    ];
    const name = `${FLOOD_PER_SECOND} posts a second with wrong secrets`;
    return [
      atMost(`${name}: mean lag, of the run without`, 1.1, flooded.lag() / calm.lag()),
      known(`${name}: answered, %`, 100 * flooded.floodAnswered),
    ];
  },
};

/** Lets systems poll the same faxes side by side. */
async function compareOn(
  redisUrl: string,
  name: string,
  seed: number,
  pollsPerFax: number,
  contestants: readonly Contestant[],
): Promise<Measured[]> {
  const rigs: Rig[] = [];
  for (const [i, contestant] of contestants.entries())
    rigs.push(await Rig.start({ redisUrl, name: `${name}-${i}`, perSecond: PER_SECOND, ...contestant }));
  const faxes = traceOf(faxLike, PER_SECOND / pollsPerFax, WHOLE_MS / 1_000, COMPRESSION, seed * 31 + pollsPerFax);
  const starts = rigs.map((rig) => rig.feed(faxes));
  await sleep(WARM_UP_MS);
  const floods = contestants.map(async ({ floodPerSecond = 0 }, i) => {
    return floodPerSecond > 0 ? flood((rigs[i] as Rig).callbackOrigin, floodPerSecond, MEASURED_MS / 1_000) : 1;
  });
  await sleep(MEASURED_MS + FOLLOW_MS);
  const answered = await Promise.all(floods);
  const measured = rigs.map((rig, i) => ({
    ...measure(rig, starts[i] ?? 0, faxes, pollsPerFax),
    floodAnswered: answered[i] ?? 1,
  }));
  await Promise.all(rigs.map((rig) => rig.stop()));
  return measured;
}

function measure(
  rig: Rig,
  start: number,
  faxes: readonly TracedFax[],
  pollsPerFax: number,
): Omit<Measured, 'floodAnswered'> {
  const [from, to] = [start + WARM_UP_MS, start + WARM_UP_MS + MEASURED_MS];
  const [seenAt, until] = [rig.seenAt(), Date.now()];
  const { log, refusals, requests } = rig.simulator;
  const best = optimumAt(pollsPerFax);
  const measured = faxes.filter(({ id }) => {
    const at = rig.finishedAt.get(String(id)) ?? 0;
    return at >= from && at < to;
  });
  const late = log.filter(({ at }) => at >= start + FIRST_MINUTE_MS);
  return {
    lag: (of = () => true) => {
      const finishedAt = new Map([...rig.finishedAt].filter(([id]) => of(id)));
      return mean(lags(finishedAt, seenAt, from, to, until));
    },
    best: mean(measured.map(({ takesMs }) => best.lagOf(takesMs))),
    refusedShare: refusals / requests,
    listShare: late.filter(({ page }) => page !== undefined).length / late.length,
  };
}

const optima = new Map<number, Optimum>();
function optimumAt(pollsPerFax: number): Optimum {
  const found = optima.get(pollsPerFax) ?? optimum(faxLike, COMPRESSION, pollsPerFax);
  optima.set(pollsPerFax, found);
  return found;
}

const only = flags.only?.split(',');
const wanted = Object.entries(scenarios).filter(([name]) => only?.includes(name) ?? true);
const runs: Figure[][] = [];
for (let run = 1; run <= Number(flags.runs); run += 1) {
  console.log(`run ${run} of ${flags.runs}: each comparison takes ${Math.ceil(WHOLE_MS / 1_000)} s`);
  const redis = await startTestRedis();
  const figures: Figure[] = [];
  let comparisons = 0;
  for (const [name, scenario] of wanted) {
    const found = await scenario(async (pollsPerFax, contestants) => {
      comparisons += 1;
      return compareOn(redis.url, `${name}-${comparisons}`, run, pollsPerFax, contestants);
    });
    for (const { what, found: value } of found) console.log(`  ${what}: ${value.toFixed(2)}`);
    figures.push(...found);
  }
  await redis.stop();
  runs.push(figures);
}
console.log(figureTable(runs));
