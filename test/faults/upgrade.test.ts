import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Queue as Queue5 } from 'bullmq5';
import { Redis } from 'ioredis';
import { FaxStatusClient } from '../../src/client/client.ts';
import type { FaxCompletedEvent } from '../../src/contract/event.ts';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';

// What an older producer has put in, and an older worker has left, is taken as it is.

let redis: TestRedis;
let harness: Harness;
beforeEach(async () => {
  redis = await startTestRedis();
  harness = await Harness.start({ redisUrl: redis.url, run: false });
});
afterEach(async () => {
  await harness.stop();
  await redis.stop();
});

it('jobs enqueued by BullMQ 5, in each of its ways, before and while the workers run', async () => {
  const { hostname: host, port } = new URL(redis.url);
  const queue = new Queue5(harness.settings.QUEUE_NAME, {
    connection: { host, port: Number(port) },
    defaultJobOptions: { attempts: 3, backoff: { type: 'exponential', delay: 10 } },
  });
  for (let id = 1; id <= 8; id += 1) harness.simulator.send(id, fateOf(id % 2 ? 'sent' : 'busy', 300));
  await queue.add('poll', { faxJobId: 1 });
  await queue.add('poll', { faxJobId: 2 }, { deduplication: { id: 'fax-2' } });
  await queue.add('poll', { faxJobId: 3 }, { jobId: 'fax-3', delay: 200 });
  await queue.add('poll', { faxJobId: 4 }, { priority: 2 });
  await harness.run();
  await queue.addBulk([5, 6, 7].map((faxJobId) => ({ name: 'poll', data: { faxJobId }, opts: { lifo: true } })));
  await queue.add('poll', { faxJobId: 8 }, { deduplication: { id: 'fax-8' } });
  await queue.add('poll', { faxJobId: 8 }, { deduplication: { id: 'fax-8' } });
  for (let id = 1; id <= 8; id += 1) {
    expect((await harness.event(id)).data.state).toBe(id % 2 ? 'sent' : 'failed');
    expect(await harness.streamEntries(id)).toHaveLength(1);
  }
  await harness.untilAsync(async () => ((await queue.getCompletedCount()) === 8 ? true : undefined));
  expect(await queue.getFailedCount()).toBe(0);
  await queue.close();
});

describe('what version 0.1.0 left', () => {
  // As that version wrote it, byte for byte.
  const RESULT = {
    faxJobId: '200',
    state: 'sent',
    reason: 'ok',
    apiStatus: 'success',
    message: 'Sent! Fax Has Been Answered.',
    userCashBalance: '100.2',
    polls: '3',
    enqueuedAt: '2026-11-20T10:00:00.000Z',
    completedAt: '2026-11-20T10:01:15.000Z',
    metadata: '{"invoice":"A-17"}',
  };
  const EVENT =
    '{"specversion":"1.0","id":"fax-200","source":"/faxwatch","type":"fax.job.completed","subject":"200","time":"2026-11-20T10:01:15.000Z","datacontenttype":"application/json",' +
    '"data":{"faxJobId":200,"state":"sent","reason":"ok","apiStatus":"success","message":"Sent! Fax Has Been Answered.","userCashBalance":100.2,"polls":3,' +
    '"enqueuedAt":"2026-11-20T10:00:00.000Z","completedAt":"2026-11-20T10:01:15.000Z","metadata":{"invoice":"A-17"}}}';

  it.each([
    ['a result', {}],
    ['a result with a field that a later version added, after a downgrade', { pages: '4' }],
  ])('%s: a fax enqueued again completes from it, and its event is the same', async (_what, more) => {
    const { KEY_PREFIX, QUEUE_NAME } = harness.settings;
    await harness.redis.hset(`${KEY_PREFIX}status:200`, { ...RESULT, ...more });
    await harness.redis.xadd(`${KEY_PREFIX}events`, '*', 'event', EVENT);
    await harness.run();
    harness.simulator.send(201, fateOf('busy', 0));
    await harness.enqueue(200);
    expect(await harness.event(200)).toEqual(JSON.parse(EVENT));
    await harness.enqueue(201);
    const client = new FaxStatusClient({
      redis: () => new Redis(redis.url),
      queueName: QUEUE_NAME,
      keyPrefix: KEY_PREFIX,
    });
    const after: FaxCompletedEvent[] = [];
    for await (const event of client.events({ since: 'fax-200' })) {
      after.push(event);
      break;
    }
    expect(after.map(({ id }) => id)).toEqual(['fax-201']);
    expect(await client.status(200)).toEqual({ kind: 'done', result: (JSON.parse(EVENT) as FaxCompletedEvent).data });
    expect(harness.requestsFor(200)).toBe(0);
    expect(await harness.streamEntries(200)).toHaveLength(1);
    await client.close();
  });

  it('a job in flight, with the progress that it had: the polls go on counting', async () => {
    const { KEY_PREFIX } = harness.settings;
    const id = await harness.enqueue(300);
    const job = await harness.queue.getJob(id);
    await job?.updateProgress({
      polls: 4,
      faults: 0,
      apiStatus: 'executed',
      lastMessage: 'Fax is being sent',
      lastPollAt: '2026-11-20T10:00:00.000Z',
      lastPendingAt: '2026-11-20T10:00:00.000Z',
      nextPollAt: null,
    });
    await harness.redis.set(`${KEY_PREFIX}lease:300`, id, 'PX', 60_000);
    await harness.redis.zadd(`${KEY_PREFIX}inflight`, Date.now(), '300');
    harness.simulator.send(300, fateOf('sent', 0));
    await harness.run();
    expect((await harness.event(300)).data).toMatchObject({ state: 'sent', polls: 5 });
  });
});
