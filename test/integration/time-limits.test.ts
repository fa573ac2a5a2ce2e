import { afterEach, expect, it } from '@jest/globals';
import { keptProgress, parseProgress } from '../../src/contract/progress.ts';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';

// What must not take longer than it may, whoever asks for it.

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

it('a good answer that says that nothing is left for an hour stops polling for 5 minutes at most', async () => {
  harness = await Harness.start({ redisUrl: redis.url });
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '3600' };
  const answer = { body: { status: 'success', message: 'Sent' }, headers };
  harness.simulator.send(1, { then: [{ afterMs: 0, answer }] });
  await harness.enqueue(1);
  await harness.event(1);
  const heldMs = await harness.redis.pttl(harness.queue.toKey('limiter'));
  expect(heldMs).toBeGreaterThan(200_000);
  expect(heldMs).toBeLessThanOrEqual(300_000);
});

it('a fax that backs off for long is looked at once more when its deadline comes', async () => {
  const env = { POLL_MIN_INTERVAL_MS: '100', POLL_MAX_INTERVAL_MS: '3000000' };
  harness = await Harness.start({ redisUrl: redis.url, env });
  const { simulator } = harness;
  simulator.send(1, { first: [{ code: 500 }], then: fateOf('pending', 0).then });
  await harness.queue.pause(); // until the job has its past
  const id = await harness.enqueue(1, { data: { deadlineMs: 2_000 } });
  const job = await harness.queue.getJob(id);
  // After so many faults in a row it would back off for 25 min, on average.
  const faulty = { ...parseProgress(undefined), polls: 25, faults: 25, lastPollAt: new Date().toISOString() };
  await job?.updateProgress(keptProgress(faulty));
  await harness.queue.resume();
  const delayed = await harness.job(id, 'delayed');
  const { faults, nextPollAt } = parseProgress(delayed.progress);
  expect(faults).toBe(26);
  expect(Date.parse(nextPollAt ?? '') - delayed.timestamp).toBeLessThanOrEqual(2_150);
  const { data } = await harness.event(1);
  expect(data).toMatchObject({ state: 'expired', reason: 'deadline_exceeded', polls: 27 });
  expect(Date.parse(data.completedAt) - Date.parse(data.enqueuedAt)).toBeGreaterThanOrEqual(2_000);
});
