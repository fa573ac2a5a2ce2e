import { DelayedError, type Job } from 'bullmq';

const LONGEST_MS = 30 * 24 * 60 * 60_000; // above any POLL_MAX_INTERVAL_MS, far below any time since 1970
const DELAYED = new DelayedError(); // one for all: BullMQ looks at its kind only, and a stack trace for each costs 5 µs

/**
 * Puts a job back into the queue for a while. The only place that does: BullMQ's `moveToDelayed` takes a time by this
 * process's clock, and a duration passed by mistake would make the job due at once, again and again.
 *
 * @param ms how long, from now
 * @throws DelayedError always: it tells BullMQ that the job is taken care of
 * @throws RangeError if `ms` is not a duration of up to 30 days: a time since 1970, say
 */
export async function delayFor(job: Job, token: string, ms: number): Promise<never> {
  if (!(ms >= 0 && ms <= LONGEST_MS))
    throw new RangeError(`a job can be delayed by 0 to ${LONGEST_MS} ms, not by ${ms}`);
  await job.moveToDelayed(Date.now() + Math.ceil(ms), token);
  throw DELAYED;
}
