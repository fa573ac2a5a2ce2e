import type { Queue } from 'bullmq';
import type { RedisClient } from '../redis/redis-client.ts';
import { parseFaxJob } from './job.ts';

/**
 * Whether a job still watches a fax. A job's id alone does not tell: jobs are removed by people, buttons and other clients, and ids are used
 * again, for other faxes too.
 *
 * @returns false if the job is gone, finished, or another fax's
 */
export async function watchesFax(redis: RedisClient, queue: Queue, jobId: string, faxId: string): Promise<boolean> {
  if (jobId === '') return false;
  const [data, finishedOn] = await redis.hmget(queue.toKey(jobId), 'data', 'finishedOn');
  return Boolean(data) && !finishedOn && faxOf(data as string) === faxId;
}

function faxOf(json: string): string | undefined {
  try {
    return parseFaxJob(JSON.parse(json)).faxId;
  } catch {
    return undefined; // of no fax
  }
}
