import type { Queue } from 'bullmq';
import type { RedisClient } from './redis-client.ts';
import { parseFaxJob } from '../contract/fax-job.ts';

/** Which fax a job is for; undefined if its data is not that of a fax job. */
export function faxIdOf(data: unknown): string | undefined {
  try {
    return parseFaxJob(data).faxId;
  } catch {
    return undefined;
  }
}

/** The fields of BullMQ's job hash that show whether a job watches a fax. */
export type StoredJob = readonly [data: string | null | undefined, finishedOn: string | null | undefined];
export const STORED_JOB_FIELDS = ['data', 'finishedOn'] as const;

/**
 * Whether a job still watches a fax. A job's id alone does not show that: jobs are removed by people, buttons and other
 * clients, and ids are used again, for other faxes too. False if the job is gone, finished, or another fax's.
 */
export function watches([data, finishedOn]: StoredJob, faxId: string): boolean {
  return Boolean(data) && !finishedOn && faxIdOf(parsed(data as string)) === faxId;
}

/** The same, read from Redis. @param jobId empty for none */
export async function watchesFax(redis: RedisClient, queue: Queue, jobId: string, faxId: string): Promise<boolean> {
  if (jobId === '') return false;
  const [data, finishedOn] = await redis.hmget(queue.toKey(jobId), ...STORED_JOB_FIELDS);
  return watches([data, finishedOn], faxId);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
