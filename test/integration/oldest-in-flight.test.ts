import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { Cluster, Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { OldestInFlight } from '../../src/dashboard/oldest-in-flight.ts';
import { InFlight } from '../../src/schedule/in-flight.ts';
import { keysOf, type Keys } from '../../src/contract/keys.ts';
import type { RedisClient } from '../../src/redis/redis-client.ts';
import { HAS_REDIS_SERVER } from '../support/redis-server.ts';
import { startCluster } from '../support/redis-topologies.ts';
import { useRedis } from '../support/use-redis.ts';

// What jobs that went by hand leave behind, and what of it counts.

/** A queue, and the faxes in flight beside it, as claims leave them. */
class Faxes {
  readonly keys: Keys;
  readonly queue: Queue;
  readonly oldest: OldestInFlight;
  readonly #redis: RedisClient;

  constructor(redis: RedisClient, prefix = `{${randomUUID()}}`) {
    this.#redis = redis;
    this.keys = keysOf(`{fax-${randomUUID()}}:`);
    this.queue = new Queue('faxes', { connection: redis, prefix });
    this.oldest = new OldestInFlight(this.queue, redis, this.keys, new InFlight(redis, this.keys));
  }

  /** A fax with a job and a lease. @param enqueuedAt ms since 1970 */
  async add(faxId: string, enqueuedAt: number): Promise<string> {
    const { id = '' } = await this.queue.add('poll', { faxJobId: faxId }, { timestamp: enqueuedAt });
    await this.lease(faxId, id, enqueuedAt);
    return id;
  }

  async lease(faxId: string, jobId: string, enqueuedAt: number): Promise<void> {
    await this.#redis.set(this.keys.lease(faxId), jobId);
    await this.#redis.zadd(this.keys.inFlight, enqueuedAt, faxId);
  }

  /** What is left of the faxes in flight, oldest first. */
  async left(): Promise<string[]> {
    return this.#redis.zrange(this.keys.inFlight, '0', '-1');
  }

  async leased(faxId: string): Promise<string | null> {
    return this.#redis.get(this.keys.lease(faxId));
  }
}

describe('the oldest fax in flight', () => {
  const server = useRedis();
  let redis: Redis;
  let faxes: Faxes;
  beforeEach(() => {
    redis = new Redis(server.url, { maxRetriesPerRequest: null });
    faxes = new Faxes(redis);
  });
  afterEach(() => redis.disconnect());

  it('is the first with a job, and none without any', async () => {
    expect(await faxes.oldest.enqueuedAt()).toBeUndefined();
    await faxes.add('b', 2_000);
    await faxes.add('a', 1_000);
    expect(await faxes.oldest.enqueuedAt()).toBe(1_000);
    expect(await faxes.left()).toEqual(['a', 'b']);
  });

  it('is found among 2,000 whose jobs were drained, at the first look', async () => {
    const opts = { delay: 60_000 };
    const jobs = Array.from({ length: 2_000 }, (_, i) => ({ name: 'poll', data: { faxJobId: i + 1 }, opts }));
    const added = await faxes.queue.addBulk(jobs);
    await Promise.all(added.map(({ id = '' }, i) => faxes.lease(String(i + 1), id, 1_000 + i)));
    await faxes.queue.drain(true);
    await faxes.add('one', 9_000);
    expect(await faxes.oldest.enqueuedAt()).toBe(9_000);
    expect([await faxes.left(), await faxes.leased('1'), await faxes.leased('2000')]).toEqual([['one'], null, null]);
  });

  it('is none whose lease has run out, whose job is finished, or is another fax’s by now', async () => {
    await redis.zadd(faxes.keys.inFlight, 1_000, 'without lease');
    await faxes.lease('jobless', '12345', 1_000);
    const other = await faxes.add('other', 5_000);
    await faxes.lease('replaced', other, 1_000); // job ids begin again after an obliterate
    const odd = await faxes.queue.add('poll', ['no fax job']);
    await faxes.lease('odd', odd.id ?? '', 1_000);
    const finished = await faxes.add('finished', 1_000);
    await redis.hset(faxes.queue.toKey(finished), 'finishedOn', 2_000);
    expect(await faxes.oldest.enqueuedAt()).toBe(5_000);
    expect(await faxes.left()).toEqual(['other']);
    expect([await faxes.leased('replaced'), await faxes.leased('other')]).toEqual([null, other]);
  });

  it('stays in flight if another job takes it while the stale lease is looked at', async () => {
    await faxes.lease('fax', 'gone', 1_000);
    const { id = '' } = await faxes.queue.add('poll', { faxJobId: 'fax' });
    const pipeline = redis.pipeline.bind(redis);
    redis.pipeline = (...args) => {
      redis.pipeline = pipeline;
      void redis.set(faxes.keys.lease('fax'), id); // leaves before what looks for the job that is gone
      return pipeline(...args);
    };
    expect(await faxes.oldest.enqueuedAt()).toBe(1_000);
    expect([await faxes.left(), await faxes.leased('fax')]).toEqual([['fax'], id]);
  });
});

(HAS_REDIS_SERVER ? it : it.skip)(
  'is found on a cluster, where queue and leases are on different nodes',
  async () => {
    const topology = await startCluster();
    const nodes = topology.ports.map((port) => ({ host: '127.0.0.1', port }));
    const cluster = new Cluster(nodes, {
      redisOptions: { maxRetriesPerRequest: null },
      clusterRetryStrategy: () => 100,
    });
    try {
      const faxes = new Faxes(cluster, '{bull}');
      const gone = await Promise.all(Array.from({ length: 50 }, async (_, i) => faxes.add(`gone-${i}`, 1_000 + i)));
      await Promise.all(gone.map(async (id) => faxes.queue.remove(id)));
      await faxes.add('one', 9_000);
      expect(await faxes.oldest.enqueuedAt()).toBe(9_000);
      expect(await faxes.left()).toEqual(['one']);
    } finally {
      cluster.disconnect();
      await topology.stop();
    }
  },
  60_000,
);
