import { afterEach, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';

// Jobs whose stored text is no JSON: BullMQ cannot read them, and takes the worker that fetched one for dead.

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

const start = async (): Promise<void> => {
  harness = await Harness.start({
    redisUrl: redis.url,
    env: { LOCK_DURATION_MS: '1000', STALLED_INTERVAL_MS: '500' },
    run: false,
  });
  harness.simulator.send(1, fateOf('sent', 0));
};

/** A job with a field overwritten before any worker sees it. */
async function enqueuedWith(field: string, text: string): Promise<string> {
  const id = await harness.enqueue(1);
  await harness.redis.hset(harness.queue.toKey(id), field, text);
  return id;
}

it('of its data: the job fails with a reason, the dashboard can show it, and others are polled', async () => {
  await start();
  const id = await enqueuedWith('data', '{"faxJobId":1,"metadata":{"a":NaN}}');
  await harness.run();
  const job = await harness.job(id, 'failed');
  expect(job.failedReason).toBe('data: must be JSON');
  expect(await harness.queue.getJobs(['failed'])).toHaveLength(1);
  expect(harness.simulator.requests).toBe(0);
  await harness.enqueue(1);
  expect((await harness.event(1)).data.state).toBe('sent');
});

it.each(['opts', 'progress'])(
  'of its %s: the job is repaired, and its fax polled',
  async (field) => {
    await start();
    await enqueuedWith(field, '{bad');
    await harness.run();
    expect((await harness.event(1)).data.state).toBe('sent');
  },
  20_000,
);
