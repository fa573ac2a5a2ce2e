import { DelayedError, type Job } from 'bullmq';

const LONGEST_MS = 30 * 24 * 60 * 60_000; // above any POLL_MAX_INTERVAL_MS, far below any time since 1970

/**
 * Puts a job back into the queue until a time. The only place that does: BullMQ's `moveToDelayed` takes a time, and a duration passed
 * by mistake would make the job due at once, again and again.
 *
 * @param at when it is due, ms since 1970, by the time of Redis
 * @param now the time of Redis, ms since 1970
 * @throws DelayedError always, which tells BullMQ that the job is in good hands
 * @throws RangeError if `at` is not a time from now up to 30 days ahead
 */
export async function delayUntil(job: Job, token: string, at: number, now: number): Promise<never> {
  const ms = Math.ceil(at - now);
  if (!(ms >= 0 && ms <= LONGEST_MS)) throw new RangeError(`a job can be delayed by up to 30 days, not until ${at}`);
  // BullMQ measures the delay on this process's clock, so the time of Redis is carried over as a duration.
  await job.moveToDelayed(Date.now() + ms, token);
  throw new DelayedError();
}
