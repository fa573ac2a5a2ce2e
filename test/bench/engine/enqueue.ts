import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { FaxStatusClient } from '../../../src/client/client.ts';
import { startTestRedis } from '../../support/redis-server.ts';

/**
 * Faxes per second of `trackMany`, from a source that makes them as they are read, and of bare `addBulk`; and how much
 * memory the former took.
 */
export async function enqueueing(faxes: number): Promise<{ trackMany: number; addBulk: number; grownMiB: number }> {
  const server = await startTestRedis();
  const client = new FaxStatusClient({ redis: server.url, queueName: 'tracked' });
  await client.trackMany(ids(1_000));
  const before = process.memoryUsage().rss;
  let peak = before;
  let started = performance.now();
  await client.trackMany(
    (function* () {
      for (const id of ids(faxes, 1_000)) {
        if (id % 1_000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
        yield id;
      }
    })(),
  );
  const trackMany = (faxes * 1000) / (performance.now() - started);
  await client.close();

  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  const queue = new Queue('bulk', { connection: redis });
  const job = (id: number) => ({ name: 'poll', data: { faxJobId: id }, opts: { deduplication: { id: `fax-${id}` } } });
  await queue.addBulk([...ids(1_000)].map(job));
  const all = [...ids(faxes, 1_000)].map(job);
  started = performance.now();
  for (let at = 0; at < faxes; at += 1_000) await queue.addBulk(all.slice(at, at + 1_000));
  const addBulk = (faxes * 1000) / (performance.now() - started);
  await queue.close();
  redis.disconnect();
  await server.stop();
  return { trackMany, addBulk, grownMiB: (peak - before) / 2 ** 20 };
}

function* ids(count: number, after = 0): Generator<number> {
  for (let id = after + 1; id <= after + count; id += 1) yield id;
}
