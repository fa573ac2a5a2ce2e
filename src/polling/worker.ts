import { UnrecoverableError, Worker, type Processor, type Queue, type Telemetry } from 'bullmq';
import type { Settings } from '../settings/table.ts';
import type { Log } from '../log/log.ts';
import { OnceAMinute } from '../log/once-a-minute.ts';
import { faultBackoff } from '../schedule/fault-backoff.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { readableJob, repair } from './unreadable-job.ts';

type WorkerSettings = Pick<
  Settings,
  | 'QUEUE_PREFIX'
  | 'WORKER_CONCURRENCY'
  | 'LOCK_DURATION_MS'
  | 'STALLED_INTERVAL_MS'
  | 'POLL_MIN_INTERVAL_MS'
  | 'POLL_MAX_INTERVAL_MS'
>;

const DAY_SECONDS = 24 * 60 * 60;

/**
 * A BullMQ worker that does not sleep on a job, nor hang on one that it cannot read. While the queue is limited,
 * BullMQ's main loop sleeps until the next slot, and a job that a finishing one has fetched meanwhile (its slot was
 * given back, or a hold has ended) would wait for the loop to wake: up to `maximumRateLimitDelay`. Here a fetched job
 * wakes it.
 */
class PromptWorker extends Worker {
  #wake: () => void = () => undefined;

  override async delay(...[milliseconds, abort]: Parameters<Worker['delay']>): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([super.delay(milliseconds && Math.max(1, milliseconds), abort), woken]);
  }

  protected override createJob(...[fields, jobId]: Parameters<Worker['createJob']>): ReturnType<Worker['createJob']> {
    return readableJob(fields, (readable) => super.createJob(readable, jobId));
  }

  protected override async nextJobFromJobData(
    ...fetched: Parameters<Worker['nextJobFromJobData']>
  ): ReturnType<Worker['nextJobFromJobData']> {
    const job = await super.nextJobFromJobData(...fetched);
    if (fetched[0]) this.#wake();
    return job;
  }
}

/**
 * The BullMQ worker, not yet running: `run()` starts it.
 *
 * It has no limiter of its own, as the pace is the queue's (BullMQ would take max from one and duration from the
 * other).
 */
export function createWorker(
  queue: Queue,
  connection: RedisClient,
  process: Processor,
  settings: WorkerSettings,
  log: Log,
  telemetry?: Telemetry,
): Worker {
  const bounds = { minMs: settings.POLL_MIN_INTERVAL_MS, maxMs: settings.POLL_MAX_INTERVAL_MS };
  const worker = new PromptWorker(queue.name, process, {
    connection,
    prefix: settings.QUEUE_PREFIX,
    autorun: false,
    ...(telemetry && { telemetry }),
    concurrency: settings.WORKER_CONCURRENCY,
    lockDuration: settings.LOCK_DURATION_MS,
    stalledInterval: settings.STALLED_INTERVAL_MS,
    // Between tries of a visit that fails, as when Redis refuses what it needs: each try may cost a request to the API.
    settings: { backoffStrategy: (attempts: number) => faultBackoff(attempts, bounds, Math.random()) },
    // BullMQ counts stalls over a job's whole life, and fails it at the second by default. A fax is polled for a day:
    // however often a worker dies under it, only its age ends it.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    // How long a worker may sleep on a hold that another has ended meanwhile.
    maximumRateLimitDelay: 1_000,
    // Finished jobs stay for the dashboard, bounded; the results themselves are kept apart (RESULT_TTL_SECONDS).
    removeOnComplete: { age: DAY_SECONDS, count: 1_000 },
    removeOnFail: { age: 7 * DAY_SECONDS, count: 1_000 },
  });
  const refusals = new OnceAMinute();
  worker.on('error', ({ name, message: reason }) => {
    // What Redis refuses lasts; that it is away is logged elsewhere.
    if (name !== 'ReplyError') log.debug({ reason }, 'worker: will try again');
    else if (refusals.isDue(reason)) log.warn({ reason }, 'Redis refuses what the worker needs: trying again');
  });
  logFailures(worker, log);
  worker.on('stalled', (jobId) => {
    log.warn({ jobId }, 'a worker died or hung while it had this job: taken over');
    void repair(connection, queue, jobId).then(
      (repaired) => repaired && log.warn({ jobId }, 'options or progress of this job were no JSON: replaced'),
      (err: unknown) => log.debug({ err, jobId }, 'not looked at: it is taken over as it is'),
    );
  });
  return worker;
}

/**
 * A visit that fails is tried again. Each reason is logged at most once a minute, as every fax in flight may fail for
 * the same one.
 */
function logFailures(worker: Worker, log: Log): void {
  const failures = new OnceAMinute();
  worker.on('failed', (job, error) => {
    if (error instanceof UnrecoverableError) return; // a wrong payload: logged where it was found
    if (!failures.isDue(error.message)) return;
    log.warn({ jobId: job?.id, reason: error.message }, 'a visit of a job failed: it will be tried again');
  });
}
