import { afterEach, describe, expect, it } from '@jest/globals';
import { loadSettings } from '../../src/settings/load.ts';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import { startService, type Service } from '../../src/main.ts';
import { fateOf, type SimulatedAnswer } from '../../src/simulator/fate.ts';
import { Harness, TEST_KEY } from '../support/harness.ts';
import { listeningLog } from '../support/log.ts';
import { useRedis } from '../support/use-redis.ts';

// Contract §2: a refusal of one fax, or of one worker, stops no other.

const redis = useRedis();
let harness: Harness;
let other: Service | undefined;
afterEach(async () => {
  await other?.close();
  other = undefined;
  await harness.stop();
});

const start = async (options: Omit<Parameters<typeof Harness.start>[0], 'redisUrl'> = {}): Promise<Harness> =>
  (harness = await Harness.start({ redisUrl: redis.url, ...options }));
const always = (answer: SimulatedAnswer) => ({ then: [{ afterMs: 0, answer }] });
const kinds = (): string[] => harness.alerts.map(({ type }) => type);
const FAXES = 30;
const HOLD_MS = 1_000; // the shortest after a 403

describe.each<[string, SimulatedAnswer, string]>([
  ['403', { code: 403 }, 'rate_limited'],
  ['a 200 that says Unauthorized', { body: { status: 'failed', message: 'Unauthorized' } }, 'unauthorized'],
])('a fax that is always refused (%s)', (_what, answer, reason) => {
  it('is not the next probe, backs off alone once others are answered, and ends with its deadline', async () => {
    await start({ env: { RATE_LIMIT_MAX: '100' }, run: false });
    harness.simulator.send('refused', always(answer));
    await harness.enqueue('refused', { data: { deadlineMs: 12_000 } }); // first in line
    for (let id = 1; id <= FAXES; id += 1) {
      harness.simulator.send(id, fateOf('sent', id * 200));
      await harness.enqueue(id);
    }
    await harness.run();
    for (let id = 1; id <= FAXES; id += 1) expect((await harness.event(id)).data.state).toBe('sent');
    const probe = harness.simulator.log[harness.simulator.log.findIndex(({ faxId }) => faxId === 'refused') + 1];
    expect(probe?.faxId).not.toBe('refused');
    expect((await harness.event('refused')).data).toMatchObject({ state: 'expired', reason: 'deadline_exceeded' });
    expect(harness.requestsFor('refused')).toBeGreaterThan(2);
    expect(await harness.redis.zcard(`${harness.settings.KEY_PREFIX}refusals`)).toBe(0); // the pace that it cost is given back
    expect(kinds().filter((type) => type === `fax.alert.${reason}`)).toHaveLength(1);
    expect(kinds().filter((type) => type === `fax.alert.${reason}.resolved`)).toHaveLength(1);
  }, 60_000);

  it('is the only one that stops the others, of a trickle of its kind', async () => {
    await start({ env: { RATE_LIMIT_MAX: '20', POLL_MIN_INTERVAL_MS: '500', POLL_MAX_INTERVAL_MS: '5000' } });
    const { log } = harness.simulator;
    const isAnswered = (since: number): boolean =>
      log.some(({ code, at, faxId }) => code === 200 && at > since && !faxId.startsWith('refused'));
    for (let id = 1; id <= 10; id += 1) {
      harness.simulator.send(id, fateOf('pending', 0));
      await harness.enqueue(id);
    }
    await harness.until(() => (isAnswered(0) ? true : undefined));
    for (let i = 0; i < 6; i += 1) {
      const id = `refused-${i}`;
      harness.simulator.send(id, always(answer));
      await harness.enqueue(id);
      await harness.until(() => (harness.requestsFor(id) > 0 ? true : undefined));
      // The first stops the others, until it has been refused again.
      if (i === 0) await harness.until(() => (harness.requestsFor(id) > 1 ? true : undefined));
      const since = Date.now();
      await harness.until(() => (isAnswered(since) ? true : undefined));
    }
    expect(kinds().filter((type) => type === `fax.alert.${reason}`)).toHaveLength(1);
  }, 60_000);
});

it('many that are always refused, first in line on a quiet service, hold up the others for a few probes at most', async () => {
  await start({ env: { RATE_LIMIT_MAX: '20', POLL_MIN_INTERVAL_MS: '500', POLL_MAX_INTERVAL_MS: '5000' }, run: false });
  const refused = Array.from({ length: 12 }, (_, i) => `refused-${i}`);
  const good = Array.from({ length: 60 }, (_, i) => i + 1);
  for (const id of refused) harness.simulator.send(id, always({ code: 403 }));
  for (const id of good) harness.simulator.send(id, fateOf('pending', 0));
  await harness.queue.addBulk([...refused, ...good].map((faxJobId) => ({ name: 'poll', data: { faxJobId } })));
  await harness.run();
  const { log } = harness.simulator;
  await harness.until(() => (log.some(({ code }) => code === 200) ? true : undefined));
  // In their order, all twelve would be asked first; at random, one in six is refused.
  expect(log.filter(({ code }) => code === 403).length).toBeLessThan(8);
}, 60_000);

it('of several faxes that are always refused none is the probe, once any other has been answered for', async () => {
  await start({ env: { RATE_LIMIT_MAX: '20', POLL_MIN_INTERVAL_MS: '500', POLL_MAX_INTERVAL_MS: '5000' }, run: false });
  const good = Array.from({ length: 20 }, (_, i) => i + 1);
  const refused = Array.from({ length: 8 }, (_, i) => `refused-${i}`);
  for (const id of good) harness.simulator.send(id, fateOf('sent', 4_000 + id * 100));
  for (const id of refused) harness.simulator.send(id, always({ code: 403 }));
  const mixed = [...good.slice(0, 6), ...refused.slice(0, 4), ...good.slice(6), ...refused.slice(4)];
  await harness.queue.addBulk(mixed.map((faxJobId) => ({ name: 'poll', data: { faxJobId, deadlineMs: 60_000 } })));
  await harness.run();
  for (const id of good) expect((await harness.event(id)).data.state).toBe('sent');
  // The first request after a hold is the probe; only while polling is held so much time goes by.
  const { log } = harness.simulator;
  const probes = log.filter(({ at }, i) => log[i - 1]?.code === 403 && at - (log[i - 1]?.at ?? at) > HOLD_MS);
  const answered = probes.filter(({ at }) => log.some((seen) => seen.code === 200 && seen.at < at));
  expect(answered.length).toBeGreaterThan(0);
  // There were seven and more. One is allowed, as a machine that stalls looks like a hold.
  expect(answered.filter(({ code }) => code === 403).length).toBeLessThanOrEqual(1);
}, 60_000);

it('a refusal of everyone spends no fax: all are answered when it is over', async () => {
  await start({ env: { RATE_LIMIT_MAX: '100' } });
  harness.simulator.override({ code: 429, headers: { 'retry-after': '1' } });
  for (let id = 1; id <= 5; id += 1) {
    harness.simulator.send(id, fateOf('sent', 0));
    await harness.enqueue(id);
  }
  await harness.alert('fax.alert.rate_limited');
  harness.simulator.override(undefined);
  for (let id = 1; id <= 5; id += 1) expect((await harness.event(id)).data.state).toBe('sent');
  expect(await harness.queue.getJobCounts('failed')).toEqual({ failed: 0 });
});

it('a worker with an old key stops by itself while others are answered, says so, and its faxes go to the others', async () => {
  await start({ env: { RATE_LIMIT_MAX: '20' } });
  const { log, lines } = listeningLog();
  other = await startService(
    loadSettings({ ...harness.env, FAX_API_KEY: 'an-old-key', DASHBOARD_PORT: '0' }, true),
    loadRules(null),
    { worker: true, board: false },
    log,
  );
  const ids = Array.from({ length: 200 }, (_, i) => i + 1);
  for (const id of ids) harness.simulator.send(id, fateOf('sent', 0));
  await harness.queue.addBulk(ids.map((faxJobId) => ({ name: 'poll', data: { faxJobId } })));
  for (const id of ids) expect((await harness.event(id)).data.state).toBe('sent');
  const refused = harness.simulator.log.filter(({ code }) => code === 401).length;
  expect(refused).toBeLessThanOrEqual(8);
  expect(lines.filter(({ msg }) => /takes that of others/.test(msg)).length).toBeLessThanOrEqual(1);
  expect(kinds().filter((type) => type === 'fax.alert.unauthorized').length).toBeLessThanOrEqual(1);
  expect(JSON.stringify(lines)).not.toContain(TEST_KEY);
}, 60_000);
