import type { Job, Queue } from 'bullmq';
import type { RedisClient } from '../redis/redis-client.ts';

/** In place of the data of a job that are no JSON. */
export const UNREADABLE = Symbol('data that are no JSON');

const REPAIRED = { opts: '{}', progress: '0' } as const;

/**
 * A job from what Redis has of it. Data that are no JSON are {@link UNREADABLE}: the job can fail with a reason, where
 * BullMQ would throw, leave the job to be fetched again and again, and spend a slot each time.
 *
 * @param create makes a job from fields whose `data` are JSON
 */
export function readableJob<T extends { data?: string }>(fields: T, create: (fields: T) => Job): Job {
  if (isJson(fields.data)) return create(fields);
  const job = create({ ...fields, data: '{}' });
  job.data = UNREADABLE;
  return job;
}

/**
 * Replaces the options and the progress of a job where they are no JSON, as BullMQ cannot hand such a job out.
 *
 * @returns whether something was replaced
 */
export async function repair(redis: RedisClient, queue: Queue, jobId: string): Promise<boolean> {
  const key = queue.toKey(jobId);
  const names = Object.keys(REPAIRED) as (keyof typeof REPAIRED)[];
  const values = await redis.hmget(key, ...names);
  const broken = names.filter((_, i) => !isJson(values[i] ?? undefined));
  if (broken.length === 0) return false;
  await redis.hset(key, Object.fromEntries(broken.map((name) => [name, REPAIRED[name]])));
  return true;
}

/** Whether BullMQ can read it: an absent text counts as empty. */
function isJson(text: string | undefined): boolean {
  if (!text) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
