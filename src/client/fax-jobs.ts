import type { Job, Queue } from 'bullmq';
import type { Keys } from '../contract/keys.ts';
import { faxIdOf } from '../redis/fax-of-job.ts';
import type { RedisClient } from '../redis/redis-client.ts';

/** The deduplication id under which a fax is enqueued; producers may use it as a job id, too. */
export const dedupId = (faxId: string): string => `fax-${faxId}`;

/**
 * The job that watches a fax: the one that polls it or will poll it. A reference to a job may be older than the job:
 * ids start over when a queue is obliterated, and a producer may use any id. So a job counts only if its data names the
 * fax.
 */
export async function findJob(redis: RedisClient, queue: Queue, keys: Keys, faxId: string): Promise<Job | undefined> {
  const pointers = [
    () => redis.get(keys.lease(faxId)),
    () => queue.getDeduplicationJobId(dedupId(faxId)),
    () => Promise.resolve(dedupId(faxId)),
  ];
  for (const pointer of pointers) {
    const id = await pointer();
    const job = id === null ? undefined : await queue.getJob(id);
    if (job?.finishedOn === undefined && faxIdOf(job?.data) === faxId) return job;
  }
  return undefined;
}

/** Removes the job that watches a fax, with its lease. `busy`: a worker is polling the fax; try again. */
export async function removeJob(
  redis: RedisClient,
  queue: Queue,
  keys: Keys,
  faxId: string,
): Promise<'removed' | 'none' | 'busy'> {
  const job = await findJob(redis, queue, keys, faxId);
  if (!job) return 'none';
  try {
    await job.remove();
  } catch (error) {
    if ((error as Error).message.includes('locked by another worker')) return 'busy';
    throw error;
  }
  // Not one step: if another job of the fax comes in between, at worst two jobs poll it, and it still has one result.
  if ((await redis.get(keys.lease(faxId))) === job.id) await redis.del(keys.lease(faxId));
  await redis.zrem(keys.inFlight, faxId);
  return 'removed';
}
