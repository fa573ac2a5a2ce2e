import { afterEach, expect, it } from '@jest/globals';
import { loadSettings } from '../../src/settings/load.ts';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import { startService, type Service } from '../../src/main.ts';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness, mostIn } from '../support/harness.ts';
import { listeningLog, silentLog } from '../support/log.ts';
import { useRedis } from '../support/use-redis.ts';

// Redis is the authority on the limit: whatever took it away or changed it, it is put right.

const redis = useRedis();
let harness: Harness;
let second: Service | undefined;
afterEach(async () => {
  await second?.close();
  second = undefined;
  await harness.stop();
});

const MAX = 20;
const start = async (): Promise<void> => {
  harness = await Harness.start({ redisUrl: redis.url, env: { RATE_LIMIT_MAX: String(MAX) } });
  harness.simulator.send('first', fateOf('sent', 0));
  await harness.enqueue('first');
  await harness.event('first'); // so the worker runs, and its limit is in force
};
const limitOf = async (): Promise<number> => {
  const limit = await harness.queue.getGlobalRateLimit();
  return limit ? (limit.max * 1000) / limit.duration : Infinity;
};
/** Enqueues faxes that are final at once, and gives the most requests in any second. */
const burst = async (count: number): Promise<number> => {
  const ids = Array.from({ length: count }, (_, i) => `sent-${Date.now()}-${i}`);
  for (const id of ids) harness.simulator.send(id, fateOf('sent', 0));
  await harness.queue.addBulk(ids.map((faxJobId) => ({ name: 'poll', data: { faxJobId } })));
  for (const id of ids) await harness.event(id);
  return mostIn(1_000, harness.simulator.log);
};

it.each<[string, () => Promise<unknown>]>([
  ['FLUSHALL', () => harness.redis.flushall()],
  ['obliterate', () => harness.queue.obliterate({ force: true })],
  ['Bull Board’s rate limit', () => harness.queue.setGlobalRateLimit(1_000, 1_000)],
  ['its removal', () => harness.queue.removeGlobalRateLimit()],
])('after %s the limit holds from the first request on', async (_what, fault) => {
  await start();
  await fault();
  expect(await burst(60)).toBeLessThanOrEqual(MAX);
  expect(await limitOf()).toBeLessThanOrEqual(MAX);
});

it('a limit that somebody lowered is put right as well', async () => {
  await start();
  await harness.queue.setGlobalRateLimit(1, 60_000);
  await harness.untilAsync(async () => ((await limitOf()) > 1 ? true : undefined));
  expect(await burst(5)).toBe(5);
});

it('a window of the limiter that a slower limit left behind is cut short', async () => {
  await start();
  await harness.redis.set(harness.queue.toKey('limiter'), 1, 'PX', 600_000);
  expect(await burst(5)).toBe(5);
});

it('a global concurrency that somebody set is taken away', async () => {
  await start();
  await harness.queue.setGlobalConcurrency(1);
  await harness.untilAsync(async () => ((await harness.queue.getGlobalConcurrency()) === null ? true : undefined));
});

it('of two workers with different settings the lower ceiling is in force, with a warning, and the other’s when it has gone', async () => {
  await start();
  const { log, lines } = listeningLog();
  second = await startService(
    loadSettings({ ...harness.env, RATE_LIMIT_MAX: '5' }, true),
    loadRules(null),
    { worker: true, board: false },
    log,
  );
  await harness.untilAsync(async () => ((await limitOf()) < 5 ? true : undefined));
  // starting is no reason to raise it
  const third = await startService(harness.settings, loadRules(null), { worker: true, board: false }, silentLog);
  expect(await limitOf()).toBeLessThan(5);
  await harness.until(() => (lines.some(({ msg }) => /different rate limits/.test(msg)) ? true : undefined));
  expect(lines.find(({ msg }) => /different rate limits/.test(msg))).toMatchObject({
    level: 40,
    lowestPerSecond: 4.75,
    highestPerSecond: 19,
  });
  await third.close();
  await second.close();
  second = undefined;
  await harness.untilAsync(async () => ((await limitOf()) > 15 ? true : undefined));
});
