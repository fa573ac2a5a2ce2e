import type { Job } from 'bullmq';
import type { FaxJob } from '../contract/fax-job.ts';
import type { FaxProgress } from '../contract/progress.ts';

/** One visit of a job: what is known of its fax when it is looked at. Times are ms since 1970, by Redis's clock. */
export type Visit = {
  readonly job: Job;
  readonly token: string;
  readonly fax: FaxJob;
  readonly progress: FaxProgress;
  /** When the job was enqueued; not later than its first claim, as the producer's clock may be ahead. */
  readonly enqueuedAt: number;
  readonly claimedAt: number;
  readonly deadlineMs: number;
};

const SAME_MS = 1_000; // closer than that, the producer's clock and the first claim count as the same

/** Whether no worker has seen the job before. */
export const isFirst = ({ polls, nextPollAt, claimedAt }: FaxProgress): boolean =>
  polls === 0 && nextPollAt === null && claimedAt === null;

/**
 * The visit that a claim has made possible.
 *
 * @param now when it was claimed, ms since 1970
 */
export function visitOf(found: Pick<Visit, 'job' | 'token' | 'fax' | 'progress' | 'deadlineMs'>, now: number): Visit {
  const { job, progress } = found;
  const claimedAt =
    progress.claimedAt === null ? (isFirst(progress) ? now : job.timestamp) : Date.parse(progress.claimedAt);
  const differs = isFirst(progress) && Math.abs(claimedAt - job.timestamp) >= SAME_MS;
  return {
    ...found,
    progress: differs ? { ...progress, claimedAt: new Date(claimedAt).toISOString() } : progress,
    enqueuedAt: Math.min(job.timestamp, claimedAt),
    claimedAt,
  };
}

/** The age at which a fax was last known not to be final, ms: 0 if it was never asked for. */
export const pendingAge = ({ enqueuedAt, progress: { lastPendingAt } }: Visit): number =>
  lastPendingAt === null ? 0 : Math.max(0, Date.parse(lastPendingAt) - enqueuedAt);
