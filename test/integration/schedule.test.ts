import { afterEach, describe, expect, it } from '@jest/globals';
import { fateOf, UNDER_WAY } from '../../src/simulator/fate.ts';
import { candidateScore } from '../../src/schedule/in-flight.ts';
import { Harness, mostIn } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';
import { run } from '../support/worker-process.ts';

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

it('alone in the queue, a fax is polled at once, and then every minimum interval', async () => {
  harness = await Harness.start({
    redisUrl: redis.url,
    env: { POLL_MIN_INTERVAL_MS: '200', POLL_MAX_INTERVAL_MS: '60000' },
  });
  harness.simulator.send(1, { first: Array.from({ length: 4 }, () => UNDER_WAY), then: fateOf('sent', 0).then });
  const job = await harness.job(await harness.enqueue(1), 'completed');
  const times = harness.simulator.log.map(({ at }) => at);
  expect(job.attemptsStarted).toBe(times.length); // it was polled each time that it was looked at, the first time too
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
  for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(199);
});

/**
 * A fax that was polled once and then, as there were no slots left over, became a candidate; its job is only to come
 * much later, by the safety net. The service is stopped.
 */
async function polledOnce(env: Record<string, string>, delayMs: number): Promise<void> {
  harness = await Harness.start({ redisUrl: redis.url, run: false, env });
  harness.simulator.send(1, { first: [UNDER_WAY], then: fateOf('sent', 0).then });
  const id = await harness.enqueue(1);
  await harness.run();
  await harness.until(() => (harness.requestsFor(1) === 1 ? true : undefined));
  await harness.job(id, 'delayed');
  await harness.close();
  const job = await harness.queue.getJob(id);
  const { leftOver, ...progress } = job?.progress as { leftOver: boolean; lastPollAt: string };
  expect(leftOver).toBe(true);
  await job?.updateProgress(progress);
  await job?.changeDelay(delayMs);
  const pendingAt = Date.parse(progress.lastPollAt);
  await harness.redis.zadd(key('candidates'), candidateScore(pendingAt - (job?.timestamp ?? 0), pendingAt), '1');
}
const key = (name: string): string => `${harness.settings.KEY_PREFIX}${name}`;

it('a fax that is to come much later is polled as soon as the limiter has room, never under the minimum interval', async () => {
  await polledOnce({ POLL_MIN_INTERVAL_MS: '300', POLL_MAX_INTERVAL_MS: '600000' }, 3_600_000);
  await harness.run();
  await harness.event(1);
  const [first, second] = harness.simulator.log.filter(({ faxId }) => faxId === '1');
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(299);
});

it('what one worker learned is shared and survives a restart', async () => {
  harness = await Harness.start({ redisUrl: redis.url });
  for (let id = 1; id <= 5; id += 1) {
    harness.simulator.send(id, fateOf('sent', 100));
    await harness.enqueue(id);
  }
  for (let id = 1; id <= 5; id += 1) await harness.event(id);
  await harness.restart();
  const model = await harness.redis.hgetall(`${harness.settings.KEY_PREFIX}life-table`);
  expect(Number(model['n'])).toBe(5);
  const completions = Object.entries(model).filter(([field]) => field.startsWith('c'));
  expect(completions.reduce((sum, [, value]) => sum + Number(value), 0)).toBeCloseTo(5, 3);
  expect(JSON.stringify(model).length).toBeLessThan(8_192);
});

it('what the service has learned can be exported as durations', async () => {
  harness = await Harness.start({ redisUrl: redis.url });
  const nothing = await run(['export-durations'], harness.env);
  expect([nothing.code, nothing.output]).toEqual([66, 'no fax has finished yet: there is nothing to export']);
  harness.simulator.send(1, fateOf('sent', 0));
  await harness.enqueue(1);
  await harness.event(1);
  await harness.close();
  const { code, output } = await run(['export-durations', '--count', '5'], harness.env);
  expect([code, output]).toEqual([0, expect.stringMatching(/^seconds\n(\d+\.\d{3}\n?){5}$/)]);
});

it('the API’s own word on what is left is believed: no request before its window is over', async () => {
  harness = await Harness.start({ redisUrl: redis.url });
  const last = {
    ...(fateOf('sent', 0).then[0]?.answer ?? {}),
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' },
  };
  harness.simulator.send(1, { then: [{ afterMs: 0, answer: last }] });
  harness.simulator.send(2, fateOf('sent', 0));
  await harness.enqueue(1);
  await harness.event(1);
  await harness.enqueue(2);
  await harness.event(2);
  const [first, second] = harness.simulator.log;
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(980);
  expect(harness.alerts).toEqual([]);
});

it('a thousand faxes enqueued at once: none is left out, each is asked for within the time that the limit needs for all', async () => {
  harness = await Harness.start({
    redisUrl: redis.url,
    env: { RATE_LIMIT_MAX: '200', POLL_MIN_INTERVAL_MS: '100', POLL_MAX_INTERVAL_MS: '5000' },
  });
  const faxes = Array.from({ length: 1_000 }, (_, i) => i + 1);
  for (const id of faxes) harness.simulator.send(id, fateOf('pending', 0));
  const started = Date.now();
  await harness.queue.addBulk(faxes.map((faxJobId) => ({ name: 'poll', data: { faxJobId } })));
  const asked = (): Set<string> => new Set(harness.simulator.log.map(({ faxId }) => faxId));
  await harness.until(() => (asked().size === faxes.length ? true : undefined));
  expect(Date.now() - started).toBeLessThan(15_000); // 5 s on a machine of its own, and the time to take them in
  expect(mostIn(1_000, harness.simulator.log)).toBeLessThanOrEqual(200);
  expect(harness.simulator.refusals).toBe(0);
});

it('faxes whose jobs were drained weigh nothing: new ones are found as soon as before', async () => {
  const drained = Array.from({ length: 500 }, (_, i) => `drained-${i}`);
  harness = await Harness.start({ redisUrl: redis.url, env: { RATE_LIMIT_MAX: '50', POLL_MAX_INTERVAL_MS: '60000' } });
  for (const id of drained) harness.simulator.send(id, fateOf('pending', 0));
  await harness.queue.addBulk(drained.map((faxJobId) => ({ name: 'poll', data: { faxJobId } })));
  await harness.untilAsync(async () =>
    (await harness.redis.zcard(`${harness.settings.KEY_PREFIX}inflight`)) >= 500 ? true : undefined,
  );
  await harness.queue.drain(true);
  harness.simulator.send('new', { first: [UNDER_WAY], then: fateOf('sent', 0).then });
  const started = Date.now();
  await harness.enqueue('new');
  await harness.event('new');
  expect(Date.now() - started).toBeLessThan(20_000);
});

it('a burst that the limit holds back is chosen from, not taken in the order in which it came', async () => {
  harness = await Harness.start({
    redisUrl: redis.url,
    env: { RATE_LIMIT_MAX: '20', POLL_MIN_INTERVAL_MS: '100', POLL_MAX_INTERVAL_MS: '60000' },
  });
  const faxes = Array.from({ length: 100 }, (_, i) => i + 1);
  for (const id of faxes) harness.simulator.send(id, fateOf('pending', 0));
  await harness.queue.addBulk(faxes.map((faxJobId) => ({ name: 'poll', data: { faxJobId } })));
  await harness.untilAsync(async () => ((await harness.redis.zcard(key('candidates'))) > 90 ? true : undefined));
  expect(harness.simulator.requests).toBeLessThan(50); // all are known of long before all are asked for
});

describe('whatever becomes of the choosing, a fax is polled', () => {
  const ENV = { POLL_MIN_INTERVAL_MS: '100', POLL_MAX_INTERVAL_MS: '400' };
  it('when its worker died after it was chosen, and before its job was promoted', async () => {
    await polledOnce(ENV, 3_600_000);
    await harness.redis.zadd(key('chosen'), Date.now(), '1');
    await harness.run();
    expect((await harness.event(1)).data).toMatchObject({ state: 'sent', polls: 2 });
  });

  it('when the candidates are lost: by the safety net', async () => {
    await polledOnce(ENV, 2_000);
    await harness.redis.del(key('candidates'), key('chosen'));
    await harness.run();
    expect((await harness.event(1)).data).toMatchObject({ state: 'sent', polls: 2 });
  });

  it('when all of our keys are lost', async () => {
    await polledOnce(ENV, 2_000);
    await harness.redis.del(...(await harness.redis.keys(`${harness.settings.KEY_PREFIX}*`)));
    await harness.run();
    expect((await harness.event(1)).data).toMatchObject({ state: 'sent' });
  });
});
