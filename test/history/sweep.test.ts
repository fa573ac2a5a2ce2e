import { afterEach, describe, expect, it } from '@jest/globals';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import { startService, type Service } from '../../src/main.ts';
import { loadSettings } from '../../src/settings/load.ts';
import type { SimulatedAnswer } from '../../src/simulator/fate.ts';
import type { HistoryKind } from '../../src/simulator/history.ts';
import { Harness, type HarnessOptions } from '../support/harness.ts';
import { pageTexts, redisTexts } from '../support/leaks.ts';
import { silentLog } from '../support/log.ts';
import { freePort } from '../support/redis-server.ts';
import { ScriptedFaxes } from '../support/scripted-faxes.ts';
import { useRedis } from '../support/use-redis.ts';

// The sweep of the list of faxes, with one worker.

const redis = useRedis();
const PER_SECOND = 100;
const MANY = 200;
let harness: Harness;
let faxes: ScriptedFaxes;
let other: Service | undefined;
afterEach(async () => {
  await other?.close();
  other = undefined;
  await harness.stop();
});

async function start({ env, simulator, ...more }: Omit<HarnessOptions, 'redisUrl'> & { run?: boolean } = {}) {
  harness = await Harness.start({
    redisUrl: redis.url,
    simulator: { limit: { kind: 'sliding-window', max: PER_SECOND, windowMs: 1_000 }, ...simulator },
    env: {
      HISTORY_SWEEP: 'auto',
      HISTORY_PAGE_SIZE: '50',
      RATE_LIMIT_MAX: String(PER_SECOND),
      POLL_MIN_INTERVAL_MS: '200',
      POLL_MAX_INTERVAL_MS: '60000',
      ...env,
    },
    ...more,
  });
  faxes = new ScriptedFaxes(harness);
}

const key = (name: string): string => `${harness.settings.KEY_PREFIX}${name}`;
const learned = async (): Promise<Record<string, string>> => harness.redis.hgetall(key('history'));
const kinds = (): string[] => harness.alerts.map(({ type }) => type);
const lists = (): number => harness.simulator.listRequests;

async function allSent(ids: readonly number[]): Promise<void> {
  for (const id of ids) expect((await harness.event(id)).data.state).toBe('sent');
}

/** The list has proved right. */
async function trusted(): Promise<void> {
  await harness.untilAsync(async () => ((await learned())['trusted'] === '1' ? true : undefined));
}

/** So many more requests have come: what must not happen had its chance. */
async function requestsMore(count: number): Promise<void> {
  const from = harness.simulator.requests;
  await harness.until(() => (harness.simulator.requests >= from + count ? true : undefined));
}

/**
 * The list is worth asking for, and was found right about a few faxes: some may be found by polls first, while unknown
 * words are tried. @returns those still under way
 */
async function proven(): Promise<number[]> {
  const ids = await faxes.send(MANY);
  await harness.until(() => (lists() > 0 ? true : undefined));
  let finished = 0;
  do {
    faxes.finish(ids.slice(finished, finished + 3));
    finished += 3;
    await requestsMore(PER_SECOND / 2);
  } while ((await learned())['trusted'] !== '1');
  await allSent(ids.slice(0, finished));
  return ids.slice(finished);
}

describe('a list that is right', () => {
  it.each(['GET', 'POST'])('finds the faxes that finish, by one poll each, within the limit (%s)', async (method) => {
    await start({ env: { FAX_API_METHOD: method } });
    const rest = await proven();
    const done = rest.filter((_, i) => i % 20 === 0);
    const { log } = harness.simulator;
    const from = log.length;
    faxes.finish(done);
    await allSent(done);
    const since = log.slice(from);
    for (const id of done) expect(since.filter(({ faxId }) => faxId === String(id))).toHaveLength(1);
    expect(since.length).toBeLessThan(MANY / 2); // polls alone need nearly all to find a dozen anywhere among them
    expect(harness.simulator.refusals).toBe(0);
    expect(new Set(log.map((seen) => seen.method))).toEqual(new Set([method]));
    expect(kinds()).toEqual([]);
  });

  it.each<HistoryKind>(['words', 'text-ids'])('is learned: %s', async (history) => {
    await start({ simulator: { history } });
    const rest = await proven();
    await harness.untilAsync(async () =>
      Object.entries(await learned()).some(([field, times]) => field.startsWith('pending:') && Number(times) >= 3)
        ? true
        : undefined,
    );
    const done = rest.filter((_, i) => i % 20 === 0);
    const from = harness.simulator.log.length;
    faxes.finish(done);
    await allSent(done);
    expect(harness.simulator.log.length - from).toBeLessThan(MANY / 2);
    expect(kinds()).toEqual([]);
  });

  it('is not asked for with nothing in flight, nor with so few that polls do as well', async () => {
    await start();
    const few = await faxes.send(5);
    await requestsMore(30);
    faxes.finish(few);
    await allSent(few);
    expect(lists()).toBe(0);
    const many = await faxes.send(MANY);
    await harness.until(() => (lists() > 0 ? true : undefined));
    faxes.finish(many);
    await allSent(many);
    const after = lists();
    await new Promise((resolve) => setTimeout(resolve, 1_500)); // longer than it rests
    expect(lists()).toBe(after);
  });

  it('is not asked for while the brake is on', async () => {
    await start();
    const rest = await proven();
    harness.simulator.override({ code: 429, headers: { 'retry-after': '1' } });
    await harness.alert('fax.alert.rate_limited');
    const before = lists();
    await requestsMore(1); // a probe
    expect(lists()).toBe(before);
    harness.simulator.override(undefined);
    faxes.finish(rest.slice(0, 3));
    await allSent(rest.slice(0, 3));
  });

  it('is not asked for while the queue is paused', async () => {
    await start();
    await proven();
    await harness.queue.pause();
    await new Promise((resolve) => setTimeout(resolve, 300)); // what was under way
    const before = lists();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(lists()).toBe(before);
    await harness.queue.resume();
    await harness.until(() => (lists() > before ? true : undefined));
  });

  it('goes on after FLUSHALL', async () => {
    await start();
    const rest = await proven();
    await harness.redis.flushall();
    await faxes.enqueue(rest);
    await harness.until(() => (lists() > 0 ? true : undefined));
    faxes.finish(rest.slice(0, 3));
    await trusted();
    faxes.finish(rest);
    await allSent(rest);
    expect(harness.alerts).toEqual([]);
  });

  it('is asked for by one request at a time; what it says of people is on no page and nowhere in Redis', async () => {
    const answerMs = 100;
    await start({ run: false, simulator: { latencyMs: answerMs } });
    const settings = loadSettings({ ...harness.env, DASHBOARD_PORT: String(await freePort()) }, true);
    other = await startService(settings, loadRules(null), { worker: true, board: true }, silentLog);
    await harness.run();
    const rest = await proven();
    faxes.finish(rest.slice(0, 3));
    await allSent(rest.slice(0, 3));
    const from = lists();
    await harness.until(() => (lists() >= from + 10 ? true : undefined));
    const asked = harness.simulator.log.flatMap(({ page, at }) => (page ? [at] : []));
    // The next may come when the one before is answered; timers fire up to 1 ms early.
    const gaps = asked.slice(1).map((at, i) => at - (asked[i] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(answerMs - 1);
    const job = (await harness.queue.getJobs(['completed'], 0, 0))[0];
    const texts = [
      ...(await redisTexts(harness.redis)),
      ...(await pageTexts(other.address ?? '', harness.settings.QUEUE_NAME, [job?.id ?? ''])),
    ];
    const shown = texts.filter(([, text]) => /441224\d{6}|FAX1[12]\d{3}|"recipient"|"document"/.test(text));
    expect(shown.map(([where]) => where)).toEqual([]);
    faxes.finish(rest);
    await allSent(rest);
  }, 30_000);

  it('is asked for by nobody else while its answer takes longer than a dead worker would keep the lead', async () => {
    await start({ run: false, simulator: { history: 'slow' }, env: { FAX_API_TIMEOUT_MS: '9000' } });
    const settings = loadSettings(harness.env, true);
    other = await startService(settings, loadRules(null), { worker: true, board: false }, silentLog);
    await harness.run();
    const ids = await faxes.send(MANY);
    await harness.until(() => (lists() > 0 ? true : undefined));
    const from = performance.now();
    while (performance.now() - from < 7_000) await requestsMore(PER_SECOND / 2);
    expect(lists()).toBe(1);
    faxes.finish(ids);
    await allSent(ids);
  }, 40_000);

  it('helps a worker that does not sweep itself', async () => {
    await start({ run: false });
    const settings = loadSettings({ ...harness.env, HISTORY_SWEEP: 'off' }, true);
    other = await startService(settings, loadRules(null), { worker: true, board: false }, silentLog);
    const ids = await faxes.send(MANY);
    await requestsMore(20);
    expect(lists()).toBe(0);
    await harness.run();
    await harness.until(() => (lists() > 0 ? true : undefined));
    faxes.finish(ids);
    await allSent(ids);
    expect(harness.simulator.refusals).toBe(0);
    for (const id of ids) expect(await harness.streamEntries(id)).toHaveLength(1);
  });
});

describe('a list that is of no use', () => {
  // Other refusals and shapes: test/fax-api/history-client.test.ts
  it.each<HistoryKind>(['forbidden', 'html', 'slow', 'oldest-first', 'strangers', 'lies'])(
    'is left alone: %s',
    async (history) => {
      await start({ simulator: { history }, env: { FAX_API_TIMEOUT_MS: '500' } });
      const ids = await faxes.send(10);
      await new Promise((resolve) => setTimeout(resolve, 5)); // so that dates differ
      ids.push(...(await faxes.send(MANY - 10)));
      await harness.until(() => (lists() > 0 ? true : undefined));
      for (let i = 0; i < 60 && harness.alerts.length === 0; i += 2) {
        faxes.finish(ids.slice(i, i + 2));
        await requestsMore(10);
      }
      await harness.alert('fax.alert.history_unusable');
      expect(await harness.redis.hget(key('brake'), 'reason')).toBeFalsy();
      expect((await learned())['trusted']).toBe('0');
      const stopped = lists();
      faxes.finish(ids);
      await allSent(ids);
      expect(lists()).toBe(stopped);
      expect(kinds()).toEqual(['fax.alert.history_unusable']);
      for (const id of ids) expect(await harness.streamEntries(id)).toHaveLength(1);
    },
    30_000,
  );

  it('is said once, however often it is tried, and taken back when a hint of it proves right', async () => {
    await start({ simulator: { history: 'html' } });
    const ids = await faxes.send(MANY);
    await harness.alert('fax.alert.history_unusable');
    await tryAgain(2);
    harness.simulator.history('ok');
    await harness.redis.hset(key('history'), 'stoppedUntil', 0);
    await harness.until(() => (lists() > 2 ? true : undefined));
    faxes.finish(ids.slice(0, 3));
    await trusted();
    await harness.alert('fax.alert.history_unusable.resolved');
    expect(kinds()).toEqual(['fax.alert.history_unusable', 'fax.alert.history_unusable.resolved']);
    expect((await learned())['stops']).toBe('0');
  }, 20_000);

  async function tryAgain(stops: number): Promise<void> {
    await harness.redis.hset(key('history'), 'stoppedUntil', 0);
    await harness.untilAsync(async () => (Number((await learned())['stops']) >= stops ? true : undefined));
  }
});

describe('an entry that is wrong for good', () => {
  const status = (answer: object): SimulatedAnswer => ({ body: { user_cash_balance: 1, ...answer } });
  const LOOKS_FINAL = status({ status: 'success', message: 'Fax was passed to carrier' });
  const LOOKS_PENDING = status({ status: 'SUCCESS', message: 'Sent! Fax has been answered.' }); // listed as executed
  const REFUSED = status({ status: 'failed', message: 'Unauthorized' });

  it('as final costs its fax a few polls, and no result', async () => {
    await start();
    const [wrong = 0] = await proven();
    const { length } = harness.simulator.log;
    faxes.finish([wrong], LOOKS_FINAL);
    await harness.untilAsync(async () => (Number((await learned())['early:success'] ?? 0) > 0 ? true : undefined));
    const polls = (): number[] =>
      harness.simulator.log.slice(length).flatMap(({ faxId, at }) => (faxId === String(wrong) ? [at] : []));
    const [from = 0] = polls();
    await harness.until(() => ((harness.simulator.log.at(-1)?.at ?? 0) > from + 2_000 ? true : undefined));
    // The least interval would allow ten; the hint leads to three, and the schedule to one or two.
    expect(polls().filter((at) => at < from + 2_000).length).toBeLessThanOrEqual(6);
    expect(await harness.result(wrong)).toEqual({});
    faxes.finish([wrong]);
    await allSent([wrong]);
  });

  it('as under way does not keep its fax from being found', async () => {
    await start({ env: { POLL_MAX_INTERVAL_MS: '1000' } });
    const [fax = 0] = await proven();
    await harness.untilAsync(async () => (Number((await learned())['pending:executed'] ?? 0) >= 3 ? true : undefined));
    faxes.finish([fax], LOOKS_PENDING);
    await allSent([fax]);
  }, 30_000);

  it('as final of a fax that is always refused does not keep it from backing off', async () => {
    await start();
    await proven();
    const [refused = 0] = await faxes.send(1, REFUSED);
    await harness.until(() => (harness.requestsFor(refused) > 1 ? true : undefined));
    await requestsMore(4 * PER_SECOND);
    expect(harness.requestsFor(refused)).toBeLessThan(12);
    expect(await harness.result(refused)).toEqual({});
  }, 30_000);
});
