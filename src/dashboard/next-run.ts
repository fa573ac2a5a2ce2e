import { parseProgress } from '../contract/progress.ts';

/** A job as Bull Board's API hands it out, as far as it is read here. */
type ShownJob = {
  readonly timestamp?: unknown;
  readonly progress?: unknown;
  readonly delay?: unknown;
  readonly opts?: unknown;
};

/**
 * Puts right when Bull Board says that a delayed job runs. It adds `delay` to the time of enqueue, which holds for the
 * first delay of a job alone, and says that the time is unknown unless `opts.delay` is the same. A fax that competes
 * for slots has no such time: without a delay the board names none. Pure.
 */
export function withNextRun<J extends ShownJob>(job: J): J {
  const { timestamp, progress, delay, opts } = job;
  const { nextPollAt, polls } = parseProgress(progress);
  // What its producer delayed is right as it is.
  if (typeof timestamp !== 'number' || !delay || polls === 0) return job;
  if (nextPollAt === null) return { ...job, delay: 0 };
  const untilNext = Math.max(0, Date.parse(nextPollAt) - timestamp);
  return { ...job, delay: untilNext, opts: { ...(opts as object), delay: untilNext } };
}

/** The same for all jobs in an answer of Bull Board's API. Pure. */
export function withNextRuns(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const { job, queues } = body as { job?: ShownJob; queues?: readonly { readonly jobs?: readonly ShownJob[] }[] };
  if (!job && !queues) return body; // an array, of the lines of a log
  return {
    ...body,
    ...(job && { job: withNextRun(job) }),
    ...(queues && {
      queues: queues.map((queue) => ({ ...queue, jobs: queue.jobs?.map((each) => withNextRun(each)) })),
    }),
  };
}
