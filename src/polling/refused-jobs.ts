import type { Queue } from 'bullmq';
import { parseProgress } from '../contract/progress.ts';
import type { RedisClient } from '../redis/redis-client.ts';

const MOST = 100; // one is refused per hold, and they are due before all that the safety net keeps

/**
 * Brings forward the jobs that wait as their faxes were refused: the key that was refused is another now. A job that
 * cannot be read, or is no longer delayed, stays as it is.
 */
export async function wakeRefused(redis: RedisClient, queue: Queue): Promise<void> {
  const ids = await redis.zrange(queue.toKey('delayed'), '0', String(MOST - 1));
  await Promise.allSettled(ids.map(async (id) => wakeIfRefused(queue, id)));
}

async function wakeIfRefused(queue: Queue, jobId: string): Promise<void> {
  const job = await queue.getJob(jobId);
  if (job && parseProgress(job.progress).refusedAt !== null) await job.promote();
}
