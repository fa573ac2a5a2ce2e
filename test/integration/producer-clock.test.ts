import { afterEach, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';

// Contract §1, "whose clock": a job's timestamp is its producer's.

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

const HOUR_MS = 3_600_000;

it('ahead by an hour: the fax is polled at once, and counts as enqueued when it was first claimed', async () => {
  harness = await Harness.start({ redisUrl: redis.url });
  harness.simulator.send(200, fateOf('sent', 300));
  const before = Date.now();
  await harness.enqueue(200, { opts: { timestamp: before + HOUR_MS } });
  const { data } = await harness.event(200);
  expect(data.state).toBe('sent');
  expect(Date.parse(data.enqueuedAt)).toBeLessThanOrEqual(Date.parse(data.completedAt));
  expect(Date.parse(data.enqueuedAt) - before).toBeLessThan(2_000);
});

it.each([1, 48])('ahead by %d h: the deadline counts from the first claim', async (hours) => {
  harness = await Harness.start({ redisUrl: redis.url, env: { POLL_DEADLINE_MS: '600' } });
  harness.simulator.send(200, fateOf('pending', 0));
  await harness.enqueue(200, { opts: { timestamp: Date.now() + hours * HOUR_MS } });
  expect((await harness.event(200)).data.state).toBe('expired');
});

it('behind by an hour: a 404 is given the whole grace from the first claim', async () => {
  harness = await Harness.start({ redisUrl: redis.url, env: { NOT_FOUND_GRACE_MS: '60000' } });
  harness.simulator.send(200, { first: [{ code: 404 }, { code: 404 }, { code: 404 }], then: fateOf('sent', 0).then });
  await harness.enqueue(200, { opts: { timestamp: Date.now() - HOUR_MS } });
  expect((await harness.event(200)).data).toMatchObject({ state: 'sent', polls: 4 });
});

it('behind by an hour: a fax enqueued again after its end has its event published again', async () => {
  harness = await Harness.start({ redisUrl: redis.url });
  harness.simulator.send(200, fateOf('sent', 0));
  await harness.enqueue(200);
  const event = await harness.event(200);
  await harness.enqueue(200, { opts: { timestamp: Date.now() - HOUR_MS } });
  await harness.until(() => (harness.events.length === 2 ? true : undefined));
  expect(harness.events).toEqual([event, event]);
  expect(await harness.streamEntries(200)).toHaveLength(1);
});
