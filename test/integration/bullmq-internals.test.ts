import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Queue, RateLimitError, Worker, type Job, type Processor, type WorkerOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { useRedis } from '../support/use-redis.ts';

// What the service takes for granted of BullMQ beyond its documented interface, each with the file in src that does. A
// failure here after an upgrade says where to look.

const HOUR_MS = 3_600_000;

/** Notes the calls of what src/polling/worker.ts overrides. */
class NotedWorker extends Worker {
  readonly notes = new EventEmitter();
  readonly fetched: Parameters<Worker['nextJobFromJobData']>[] = [];
  readonly delays: Parameters<Worker['delay']>[] = [];

  override async delay(...args: Parameters<Worker['delay']>): Promise<void> {
    this.delays.push(args);
    this.notes.emit('delay');
    await super.delay(...args);
  }

  protected override async nextJobFromJobData(
    ...args: Parameters<Worker['nextJobFromJobData']>
  ): ReturnType<Worker['nextJobFromJobData']> {
    this.fetched.push(args);
    return super.nextJobFromJobData(...args);
  }
}

/** A method of Worker that its type calls private: it is reached by name. */
type PutsBack = { moveLimitedBackToWait: (job: Job, token: string) => Promise<number> };

describe('BullMQ', () => {
  const server = useRedis();
  let redis: Redis;
  let queue: Queue;
  let worker: NotedWorker | undefined;
  beforeEach(() => {
    redis = new Redis(server.url, { maxRetriesPerRequest: null });
    queue = new Queue(randomUUID(), { connection: redis });
  });
  afterEach(async () => {
    await worker?.close(true);
    worker = undefined;
    await queue.close();
    redis.disconnect();
  });

  const work = (process: Processor, options: Partial<WorkerOptions> = {}): NotedWorker =>
    (worker = new NotedWorker(queue.name, process, { connection: redis, ...options }));
  const add = async (data: object = { faxJobId: 1 }, options = {}): Promise<Job> => queue.add('poll', data, options);

  describe('meta', () => {
    // pacing/rate-limit, dashboard/fleet
    it('has the limit as max and duration, the concurrency, and paused while the queue is', async () => {
      await queue.setGlobalRateLimit(3, 700);
      await queue.setGlobalConcurrency(5);
      await queue.pause();
      const meta = queue.toKey('meta');
      expect(await redis.hgetall(meta)).toMatchObject({ max: '3', duration: '700', concurrency: '5', paused: '1' });
      await queue.resume();
      await queue.removeGlobalConcurrency();
      await queue.removeGlobalRateLimit();
      expect(await redis.hmget(meta, 'max', 'duration', 'concurrency', 'paused')).toEqual([null, null, null, null]);
    });

    // dashboard/fleet
    it('is obeyed as it stands in Redis: paused by the field alone', async () => {
      expect(await queue.isPaused()).toBe(false);
      await redis.hset(queue.toKey('meta'), 'paused', 1);
      expect(await queue.isPaused()).toBe(true);
    });

    // polling/worker
    it('has the max that wins over a worker’s, while the worker’s duration wins: so ours has no limiter', async () => {
      await queue.setGlobalRateLimit(1, 2 * HOUR_MS);
      for (let i = 0; i < 3; i += 1) await add();
      const limited = work(() => Promise.resolve(), { limiter: { max: 100, duration: HOUR_MS } });
      await once(limited.notes, 'delay'); // it sleeps on the limit
      expect(await queue.getJobCounts('completed', 'wait')).toEqual({ completed: 1, wait: 2 });
      expect(await redis.get(queue.toKey('limiter'))).toBe('1');
      expect(await redis.pttl(queue.toKey('limiter'))).toBeLessThanOrEqual(HOUR_MS);
    });
  });

  describe('the limiter key', () => {
    // pacing/give-back.lua
    it('counts the jobs fetched, and lasts for the duration from the first', async () => {
      await queue.setGlobalRateLimit(3, HOUR_MS);
      for (let i = 0; i < 4; i += 1) await add();
      const limited = work(() => Promise.resolve());
      await once(limited.notes, 'delay');
      expect(await redis.get(queue.toKey('limiter'))).toBe('3');
      const ttl = await redis.pttl(queue.toKey('limiter'));
      expect(ttl).toBeLessThanOrEqual(HOUR_MS);
      expect(ttl).toBeGreaterThan(HOUR_MS - 60_000);
      await redis.decr(queue.toKey('limiter')); // a slot given back is one for the next job
      await limited.close(true);
      const [job] = (await once(
        work(() => Promise.resolve()),
        'completed',
      )) as [Job];
      expect(job.id).toBe('4');
    });

    // pacing/rate-limit, pacing/give-back.lua
    it('is a hold with the greatest safe integer, which another hold replaces', async () => {
      await queue.rateLimit(HOUR_MS);
      expect(await redis.get(queue.toKey('limiter'))).toBe(String(Number.MAX_SAFE_INTEGER));
      await queue.rateLimit(60_000);
      expect(await redis.pttl(queue.toKey('limiter'))).toBeLessThanOrEqual(60_000);
      await queue.removeRateLimitKey();
      expect(await redis.exists(queue.toKey('limiter'))).toBe(0);
    });
  });

  describe('where jobs are', () => {
    // dashboard/fleet
    it('delayed has the time in ms times 0x1000 as score, plus a counter below it', async () => {
      const timestamp = Date.now();
      const jobs = await Promise.all([1, 2, 3].map(async () => add({}, { timestamp, delay: HOUR_MS })));
      const ids = jobs.map(({ id = '' }) => id);
      const scores = (await redis.zmscore(queue.toKey('delayed'), ...ids)).map(Number);
      expect(scores.map((score) => Math.floor(score / 0x1000))).toEqual([1, 2, 3].map(() => timestamp + HOUR_MS));
      expect(scores.map((score) => score % 0x1000).sort()).toEqual([0, 1, 2]);
    });

    // dashboard/fleet
    it('wait is a list whose jobs stay there while the queue is paused, prioritized a sorted set', async () => {
      await queue.pause();
      await add();
      await add({}, { priority: 2 });
      expect(await redis.llen(queue.toKey('wait'))).toBe(1);
      expect(await redis.zcard(queue.toKey('prioritized'))).toBe(1);
      expect(await queue.getJobCounts('wait', 'prioritized')).toEqual({ wait: 1, prioritized: 1 });
    });

    // dashboard/oldest-in-flight
    it('a job that is removed or drained is gone from its key', async () => {
      const [removed, drained, delayed] = [await add(), await add(), await add({}, { delay: HOUR_MS })];
      await removed.remove();
      await queue.drain(true);
      const keys = [removed, drained, delayed].map(({ id = '' }) => queue.toKey(id));
      expect(await Promise.all(keys.map(async (key) => redis.exists(key)))).toEqual([0, 0, 0]);
    });
  });

  describe('the hash of a job', () => {
    // polling/note.lua, dashboard/oldest-in-flight
    it('has data and progress as JSON, its log beside it', async () => {
      const job = await add({ faxJobId: 7 });
      const key = queue.toKey(job.id ?? '');
      await job.updateProgress({ polls: 2 });
      await job.log('a line');
      expect(await redis.hmget(key, 'data', 'progress', 'finishedOn')).toEqual(['{"faxJobId":7}', '{"polls":2}', null]);
      expect(await redis.lrange(`${key}:logs`, 0, -1)).toEqual(['a line']);
      expect(`${job.queueQualifiedName}:${job.id}`).toBe(key);
      // And what is written there is what it reads.
      await redis.hset(key, 'progress', '{"polls":3}');
      await redis.rpush(`${key}:logs`, 'another');
      expect((await queue.getJob(job.id ?? ''))?.progress).toEqual({ polls: 3 });
      expect((await queue.getJobLogs(job.id ?? '')).logs).toEqual(['a line', 'another']);
    });

    // client, dashboard/oldest-in-flight
    it('has finishedOn once it is completed or failed, and no more when it is retried', async () => {
      const finishedOn = async ({ id = '' }: Job): Promise<string | null> => redis.hget(queue.toKey(id), 'finishedOn');
      const [good, bad] = [await add({ good: true }), await add({ good: false })];
      const done = work(({ data }: Job<{ good: boolean }>) =>
        data.good ? Promise.resolve() : Promise.reject(new Error('bad')),
      );
      await once(done, 'failed');
      await done.close(true);
      for (const job of [good, bad]) expect(await finishedOn(job)).toMatch(/^\d{13}$/);
      await (await queue.getJob(bad.id ?? ''))?.retry();
      expect(await finishedOn(bad)).toBeNull();
    });
  });

  describe('Worker', () => {
    // polling/worker
    it('passes each job that it fetches through nextJobFromJobData, also one that a finishing job fetches', async () => {
      const [first, second] = [await add(), await add()];
      const busy = work(() => Promise.resolve());
      await once(busy, 'drained');
      const ids = busy.fetched.filter(([data]) => data).map(([, id]) => id);
      expect(ids).toEqual([first.id, second.id]);
      expect(busy.fetched.at(-1)?.[0]).toBeFalsy(); // nothing fetched comes there too
    });

    // polling/worker
    it('sleeps on the limit by delay, with a controller that ends it, no longer than maximumRateLimitDelay', async () => {
      await queue.setGlobalRateLimit(1, HOUR_MS);
      await queue.rateLimit(HOUR_MS);
      await add();
      const limited = work(() => Promise.resolve(), { maximumRateLimitDelay: 1_234 });
      await once(limited.notes, 'delay');
      expect(limited.delays[0]).toEqual([1_234, expect.any(AbortController)]);
    });

    // polling/poll
    it('puts a refused job back by moveLimitedBackToWait: first in line, its attempts untouched', async () => {
      await queue.setGlobalRateLimit(1, 1);
      const refused = await add();
      await add();
      const visits: string[] = [];
      const refusing = work(async (job) => {
        visits.push(job.id ?? '');
        if (visits.length > 1) return;
        await queue.rateLimit(50);
        throw new RateLimitError();
      });
      const putBack: [id: string | undefined, token: string][] = [];
      const internals = refusing as unknown as PutsBack;
      const moveLimitedBackToWait = internals.moveLimitedBackToWait.bind(refusing);
      internals.moveLimitedBackToWait = async (job, token) => {
        putBack.push([job.id, token]);
        return moveLimitedBackToWait(job, token); // ms until the hold ends
      };
      await once(refusing, 'completed');
      expect(putBack).toEqual([[refused.id, expect.any(String)]]);
      expect(visits.slice(0, 2)).toEqual([refused.id, refused.id]);
      expect((await queue.getJob(refused.id ?? ''))?.attemptsMade).toBe(1); // of the visit that completed it
    });
  });
});
