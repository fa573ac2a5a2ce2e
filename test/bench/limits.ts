import { parseArgs } from 'node:util';
import { LIMIT_KINDS } from '../../src/simulator/rate-limiter.ts';
import { startTestRedis } from '../support/redis-server.ts';
import { atLeast, atMost, figureTable, type Figure } from './figure-table.ts';
import { lags, mean } from './figures.ts';
import { optimum } from './optimum.ts';
import { COMPRESSION, Rig, type RigOptions } from './rig.ts';
import { faxLike, lateOnly, seeded, traceOf } from './trace.ts';

// npm run bench:limits -- --runs 3 --only kinds,lowered: what the pace and the brake do with each kind of limit, a limit
// that changes, a refused key, a burst, and one fax alone. One scenario after the other, as all at once need more cores.

const { values: flags } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, only: { type: 'string' } },
});
const PER_SECOND = 20;
const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

type Scenario = (start: (options?: Partial<RigOptions>) => Promise<Rig>) => Promise<Figure[]>;

/** Faxes in flight that can use the limit, in the middle regime. */
const load = (seconds: number, seed: number) => traceOf(faxLike, PER_SECOND / 4, seconds, COMPRESSION, seed);
const between = (rig: Rig, from: number, to: number) => rig.simulator.log.filter(({ at }) => at >= from && at < to);
const refusedShare = (requests: readonly { code: number }[]): number =>
  requests.filter(({ code }) => code !== 200).length / Math.max(1, requests.length);
const allFinished = async (rig: Rig, faxes: number): Promise<void> => {
  for (let i = 0; i < 1_800 && rig.seenAt().size < faxes; i += 1) await sleep(0.1);
};

const scenarios: Record<string, Scenario> = {
  async kinds(start) {
    const figures: Figure[] = [];
    for (const kind of LIMIT_KINDS) {
      const rig = await start({ kind });
      const began = rig.feed(load(75, 11));
      await sleep(75);
      figures.push(
        atMost(`refused by a ${kind}, %`, 0.2, 100 * refusedShare(rig.simulator.log)),
        atLeast(
          `used of a ${kind}, %`,
          93,
          (100 * between(rig, began + 30_000, began + 70_000).length) / (40 * PER_SECOND),
        ),
      );
    }
    return figures;
  },

  async use(start) {
    // a window of a minute, as most APIs and the settings have; more faxes than the limit can poll
    const figures: Figure[] = [];
    for (const perSecond of [1, 10, 200]) {
      const rig = await start({ perSecond, windowMs: 60_000 });
      const began = rig.feed(traceOf(faxLike, perSecond, 90, COMPRESSION, 15));
      await sleep(90);
      const requests = between(rig, began + 25_000, began + 85_000).length;
      figures.push(
        atLeast(`used of ${perSecond} per second less 3 % headroom, %`, 98, (100 * requests) / (60 * 0.97 * perSecond)),
        atMost(`refused at ${perSecond} per second, %`, 0.2, 100 * refusedShare(rig.simulator.log)),
      );
    }
    return figures;
  },

  async lowered(start) {
    const rig = await start();
    rig.feed(load(170, 12));
    await sleep(35);
    const change = (max: number): number => {
      rig.simulator.limit({ kind: 'sliding-window', max, windowMs: 1_000 });
      return Date.now();
    };
    const lowered = change(PER_SECOND / 2);
    await sleep(65);
    const restored = change(PER_SECOND);
    await sleep(65);
    const again = between(rig, restored + 50_000, restored + 65_000).filter(({ code }) => code === 200).length;
    return [
      atMost(
        'refused from 30 s after the limit was halved, %',
        1,
        100 * refusedShare(between(rig, lowered + 30_000, restored)),
      ),
      atLeast(
        'used of the halved limit from 30 s on, %',
        70,
        (100 * between(rig, lowered + 30_000, restored).length) / (35 * (PER_SECOND / 2)),
      ),
      atLeast('used of the restored limit after 50 to 65 s, %', 90, (100 * again) / (15 * PER_SECOND)),
    ];
  },

  async unauthorized(start) {
    const rig = await start();
    rig.feed(Array.from({ length: 200 }, (_, i) => ({ id: i + 1, atMs: 0, takesMs: 3_000 })));
    await sleep(2);
    rig.simulator.accept('another key');
    const from = Date.now();
    await sleep(12);
    const requests = between(rig, from, Date.now()).length;
    rig.simulator.accept('bench');
    await allFinished(rig, 200);
    return [
      atMost('requests in 12 s of 401 with 200 in flight', 10, requests),
      atLeast('of 200 finished after', 200, rig.seenAt().size),
    ];
  },

  async refused(start) {
    const rig = await start();
    rig.feed(Array.from({ length: 200 }, (_, i) => ({ id: i + 1, atMs: 0, takesMs: 3_000 })));
    await sleep(2);
    rig.simulator.override({ code: 403 });
    await sleep(7.5);
    const half = Date.now();
    await sleep(7.5);
    const requests = between(rig, half, Date.now()).length;
    rig.simulator.override(undefined);
    await allFinished(rig, 200);
    return [
      atMost('requests in the last half of 15 s of 403', 10, requests),
      atLeast('of 200 finished after', 200, rig.seenAt().size),
    ];
  },

  async alone(start) {
    const rig = await start();
    const found: number[] = [];
    for (const takesMs of [300, 2_000, 5_100]) {
      const id = found.length + 1;
      rig.feed([{ id, atMs: 0, takesMs }]);
      await allFinished(rig, id);
      found.push((rig.seenAt().get(String(id)) ?? Infinity) - (rig.finishedAt.get(String(id)) ?? 0));
    }
    return [atMost('lag of a fax alone, of the minimum interval', 1.1, Math.max(...found) / 500)];
  },

  async burst(start) {
    // 60 a minute in time compressed a hundred times
    const perSecond = 100;
    const compression = 100;
    const faxes = 10_000;
    const rig = await start({
      perSecond,
      windowMs: 60_000,
      env: { POLL_MIN_INTERVAL_MS: String(5_000 / compression), POLL_MAX_INTERVAL_MS: String(300_000 / compression) },
    });
    const random = seeded(14);
    const atOnce = Array.from({ length: faxes }, (_, i) => ({
      id: i + 1,
      atMs: random() * 1_000,
      takesMs: (faxLike.draw(random) * 1_000) / compression,
    }));
    const began = rig.feed(atOnce);
    await allFinished(rig, faxes);
    const firstAsked = new Map<string, number>();
    for (const { faxId, at } of rig.simulator.log) if (!firstAsked.has(faxId)) firstAsked.set(faxId, at);
    const last = Math.max(...firstAsked.values());
    const neededMs = (faxes * 1_000) / perSecond;
    return [
      atMost(
        'of 10,000 faxes in one second, the last is asked for, of the time that the limit needs',
        1.15,
        (last - began) / neededMs,
      ),
      atMost('requests until then, for each fax', 1.15, between(rig, began, last).length / faxes),
      atLeast('of 10,000 faxes in one second, asked for', faxes, firstAsked.size),
      atMost('refused meanwhile, %', 0.2, 100 * refusedShare(rig.simulator.log)),
    ];
  },

  async cold(start) {
    // the prior is of real time: ten times slower than the one, and far wider than the other
    const unlike = [faxLike, lateOnly];
    const rigs = await Promise.all(unlike.map(() => start()));
    const began = rigs.map((rig, i) => rig.feed(traceOf(unlike[i] ?? faxLike, PER_SECOND / 4, 190, COMPRESSION, 13)));
    await sleep(190);
    return rigs.map((rig, i) => {
      const [distribution, from] = [unlike[i] ?? faxLike, began[i] ?? 0];
      const best = optimum(distribution, COMPRESSION, 4);
      const found = lags(rig.finishedAt, rig.seenAt(), from, from + 170_000, Date.now());
      const least = rig.tookMs(from, from + 170_000).map((ms) => best.lagOf(ms));
      return atMost(
        `cold start on another distribution than the prior (${distribution.name}), lag of all faxes, of the optimum`,
        2,
        mean(found) / mean(least),
      );
    });
  },
};

const only = flags.only?.split(',');
const wanted = Object.entries(scenarios).filter(([name]) => only?.includes(name) ?? true);

async function runOnce(run: number): Promise<Figure[]> {
  const redis = await startTestRedis();
  const figures: Figure[] = [];
  for (const [name, scenario] of wanted) {
    const rigs: Rig[] = [];
    let count = 0;
    const found = await scenario(async (options = {}) => {
      count += 1;
      const rig = await Rig.start({
        system: 'faxwatch',
        redisUrl: redis.url,
        name: `${name}-${run}-${count}`,
        perSecond: PER_SECOND,
        ...options,
      });
      rigs.push(rig);
      return rig;
    });
    await Promise.all(rigs.map((rig) => rig.stop()));
    for (const { what, found: value } of found) console.log(`  ${what}: ${value.toFixed(2)}`);
    figures.push(...found);
  }
  await redis.stop();
  return figures;
}

const runs: Figure[][] = [];
for (let run = 1; run <= Number(flags.runs); run += 1) {
  console.log(`run ${run} of ${flags.runs}`);
  runs.push(await runOnce(run));
}
console.log(figureTable(runs));
