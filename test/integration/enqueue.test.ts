import { afterEach, describe, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';

// Contract §1: what comes in.

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

describe('the same fax enqueued twice', () => {
  it('while in flight, with the recommended deduplication id: one job', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    harness.simulator.send(200, fateOf('sent', 400));
    const opts = { deduplication: { id: 'fax-200' } };
    const ids = [await harness.enqueue(200, { opts }), await harness.enqueue(200, { opts })];
    expect(ids[1]).toBe(ids[0]);
    await harness.event(200);
    await harness.job(ids[0] ?? '', 'completed');
    const again = await harness.enqueue(200, { opts });
    expect(again).not.toBe(ids[0]); // and it is taken again afterwards
    await harness.job(again, 'completed');
  });

  it('under two job ids: one poller, one result, one event', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    harness.simulator.send(200, fateOf('sent', 400));
    const ids = [await harness.enqueue(200), await harness.enqueue('200', { name: 'other' })];
    await harness.event(200);
    const jobs = await Promise.all(ids.map((id) => harness.job(id, 'completed')));
    expect(jobs[1]?.returnvalue).toEqual(jobs[0]?.returnvalue);
    expect(harness.events).toHaveLength(1);
    expect(await harness.streamEntries(200)).toHaveLength(1);
    expect(harness.requestsFor(200)).toBe((jobs[0]?.returnvalue as { polls: number }).polls);
  });

  it('under two job ids, and final at the first poll: one event', async () => {
    harness = await Harness.start({ redisUrl: redis.url, run: false });
    harness.simulator.send(200, fateOf('sent', 0));
    const ids = [await harness.enqueue(200), await harness.enqueue(200)];
    await harness.run();
    for (const id of ids) await harness.job(id, 'completed');
    expect(harness.events).toHaveLength(1);
    expect(harness.requestsFor(200)).toBe(1);
  });

  it('under two job ids, enqueued long before a worker sees them: one event', async () => {
    harness = await Harness.start({ redisUrl: redis.url, run: false });
    harness.simulator.send(200, fateOf('sent', 400));
    const opts = { timestamp: Date.now() - 5_000 };
    const ids = [await harness.enqueue(200, { opts }), await harness.enqueue(200, { opts })];
    await harness.run();
    for (const id of ids) await harness.job(id, 'completed');
    await harness.redis.publish(`${harness.settings.KEY_PREFIX}completed`, JSON.stringify({ subject: 'last' }));
    await harness.event('last');
    expect(harness.events.filter(({ subject }) => subject === '200')).toHaveLength(1);
  });

  it('after its end: completes from the stored result, without a request, and its event comes again', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    harness.simulator.send(200, fateOf('busy', 0));
    await harness.enqueue(200, { data: { metadata: { a: 1 } } });
    const event = await harness.event(200);
    const again = await harness.enqueue(200);
    expect((await harness.job(again, 'completed')).returnvalue).toEqual(event.data);
    await harness.until(() => (harness.events.length === 2 ? true : undefined));
    expect(harness.events[1]).toEqual(event);
    expect(await harness.streamEntries(200)).toEqual([event]);
    expect(harness.requestsFor(200)).toBe(1);
  });

  it('when the job that polls it is removed, the other takes over', async () => {
    harness = await Harness.start({ redisUrl: redis.url, env: { POLL_MAX_INTERVAL_MS: '100' } });
    harness.simulator.send(200, fateOf('sent', 600));
    const [one, two] = [await harness.enqueue(200), await harness.enqueue(200)];
    await harness.untilAsync(async () => ((await harness.queue.getDelayedCount()) === 2 ? true : undefined));
    const polling = await harness.redis.get(`${harness.settings.KEY_PREFIX}lease:200`);
    const standby = polling === one ? two : one;
    await harness.queue.remove(polling ?? '');
    await harness.redis.del(`${harness.settings.KEY_PREFIX}lease:200`); // as its expiry would
    await harness.job(standby, 'completed');
    expect(await harness.streamEntries(200)).toHaveLength(1);
  });
});

describe('a payload that is wrong', () => {
  it.each([
    ['an id that is none', { faxJobId: '../../balance' }, 'data.faxJobId'],
    ['a negative id', { faxJobId: -1 }, 'data.faxJobId'],
    ['no id', {}, 'data.faxJobId'],
    ['too much metadata', { faxJobId: 1, metadata: { big: 'x'.repeat(5_000) } }, 'data.metadata'],
    ['a deadline that is none', { faxJobId: 1, deadlineMs: 'soon' }, 'data.deadlineMs'],
    ['a field of no fax job', { faxJobId: 1, deadline: 5 }, 'data.deadline'],
  ])('(%s) fails at once, naming the field, and the API is not asked', async (_what, data, field) => {
    harness = await Harness.start({ redisUrl: redis.url });
    const { id } = await harness.queue.add('poll', data, { attempts: 5, backoff: 10 });
    const failed = await harness.job(id ?? '', 'failed');
    expect(failed.failedReason).toMatch(new RegExp(`^${field}: `));
    expect(failed.attemptsMade).toBe(1);
    expect(harness.simulator.requests).toBe(0);
  });

  it('costs good faxes nothing of the pace', async () => {
    harness = await Harness.start({ redisUrl: redis.url, run: false, env: { RATE_LIMIT_MAX: '1' } });
    await harness.queue.addBulk(Array.from({ length: 30 }, () => ({ name: 'poll', data: { faxJobId: 'b a d' } })));
    harness.simulator.send(1, fateOf('sent', 0));
    await harness.enqueue(1);
    const started = Date.now();
    await harness.run();
    await harness.event(1);
    expect(Date.now() - started).toBeLessThan(10_000); // 30 slots of the pace would be over 30 s
  });
});

it('a producer that sets no options gets finished jobs cleaned up; any job name and a job id of its own do', async () => {
  harness = await Harness.start({ redisUrl: redis.url });
  for (let id = 1; id <= 3; id += 1) harness.simulator.send(id, fateOf('sent', 0));
  await harness.enqueue(1, { name: 'whatever' });
  await harness.enqueue(2, { opts: { jobId: 'fax-2' } });
  await harness.enqueue(3, { opts: { removeOnComplete: true } });
  for (let id = 1; id <= 3; id += 1) expect((await harness.event(id)).data.state).toBe('sent');
  const kept = await harness.job('fax-2', 'completed');
  expect(kept.opts.removeOnComplete).toBeUndefined();
});
