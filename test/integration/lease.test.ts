import { afterEach, describe, expect, it } from '@jest/globals';
import { fateOf, UNDER_WAY } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';

// Contract §1, "whose job": a job that is gone, however it went, holds nothing back.

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

const SLOW = { POLL_MIN_INTERVAL_MS: '60000', POLL_MAX_INTERVAL_MS: '60000' };

/** A fax that has been polled once and waits for its next poll. @returns its job */
async function polledOnce(options: object = {}): Promise<string> {
  harness = await Harness.start({ redisUrl: redis.url, env: SLOW });
  harness.simulator.send(200, { first: [UNDER_WAY], then: fateOf('sent', 0).then });
  const id = await harness.enqueue(200, options);
  await harness.until(() => (harness.requestsFor(200) === 1 ? true : undefined));
  await harness.job(id, 'delayed');
  return id;
}

describe('a fax whose job is gone is polled at once when it is enqueued again', () => {
  it('removed by hand', async () => {
    await goneBy(async (id) => harness.queue.remove(id));
  });

  it('removed by clean', async () => {
    await goneBy(async () => harness.queue.clean(0, 10, 'delayed'));
  });

  it('obliterated, and the job id used again, for another fax', async () => {
    const id = await polledOnce();
    await harness.queue.obliterate({ force: true });
    harness.simulator.send(7, fateOf('pending', 0));
    expect(await harness.enqueue(7)).toBe(id); // ids start again
    await harness.job(id, 'delayed');
    await harness.enqueue(200);
    expect((await harness.event(200)).data.state).toBe('sent');
  });

  it('replaced by way of its deduplication id', async () => {
    const deduplication = { id: 'fax-200', ttl: 60_000, extend: true, replace: true };
    const id = await polledOnce({ opts: { deduplication, delay: 1 } });
    const again = await harness.enqueue(200, { opts: { deduplication, delay: 1 } });
    expect(again).not.toBe(id);
    expect(await harness.queue.getJob(id)).toBeUndefined();
    expect((await harness.event(200)).data.state).toBe('sent');
  });

  async function goneBy(remove: (id: string) => Promise<unknown>): Promise<void> {
    const id = await polledOnce();
    await remove(id);
    expect(await harness.queue.getJob(id)).toBeUndefined();
    await harness.enqueue(200);
    expect((await harness.event(200)).data.state).toBe('sent');
  }
});

it('a job that stands by takes over when the one that polls is gone, and one that polls is left alone', async () => {
  harness = await Harness.start({
    redisUrl: redis.url,
    env: { POLL_MIN_INTERVAL_MS: '100', POLL_MAX_INTERVAL_MS: '100' },
  });
  harness.simulator.send(200, fateOf('sent', 1_500));
  const polling = await harness.enqueue(200);
  await harness.job(polling, 'delayed');
  const standby = await harness.enqueue(200);
  await harness.job(standby, 'delayed');
  const lease = `${harness.settings.KEY_PREFIX}lease:200`;
  expect(await harness.redis.get(lease)).toBe(polling);
  await harness.untilAsync(async () => {
    await harness.queue.remove(polling).catch(() => undefined); // it may be polling just now
    return (await harness.queue.getJob(polling)) ? undefined : true;
  });
  await harness.job(standby, 'completed');
  expect(await harness.streamEntries(200)).toHaveLength(1);
});

it('many jobs of one fax leave the pace to the others', async () => {
  harness = await Harness.start({
    redisUrl: redis.url,
    run: false,
    env: { RATE_LIMIT_MAX: '20', POLL_MAX_INTERVAL_MS: '30000' },
  });
  harness.simulator.send(200, fateOf('pending', 0));
  await harness.queue.addBulk(Array.from({ length: 1_000 }, () => ({ name: 'poll', data: { faxJobId: 200 } })));
  await harness.run();
  await harness.untilAsync(async () => ((await harness.queue.getDelayedCount()) >= 999 ? true : undefined));
  const before = await visits();
  const started = performance.now();
  for (let id = 1; id <= 60; id += 1) harness.simulator.send(id, fateOf('sent', 0));
  await harness.queue.addBulk(Array.from({ length: 60 }, (_, i) => ({ name: 'poll', data: { faxJobId: i + 1 } })));
  for (let id = 1; id <= 60; id += 1) await harness.event(id);
  const seconds = (performance.now() - started) / 1_000;
  // 1,000 jobs that look in every 15 to 30 s make 45 visits a second
  expect(((await visits()) - before) / seconds).toBeLessThan(80);
  expect(seconds).toBeLessThan(6); // 60 slots take 3 s

  /** How often the jobs of the fax have been looked at. */
  async function visits(): Promise<number> {
    const jobs = await harness.queue.getJobs(['delayed', 'active', 'waiting'], 0, 999);
    return jobs
      .filter(({ data }) => (data as { faxJobId: number }).faxJobId === 200)
      .reduce((sum, job) => sum + job.attemptsStarted, 0);
  }
});
