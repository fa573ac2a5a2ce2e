import type { Fleet } from './fleet.ts';

const STUCK_MS = 60_000;

/** What readiness depends on. */
export type Health = {
  /** Undefined while Redis is away. */
  readonly fleet: Fleet | undefined;
  /** Since this process last worked on a job, ms; undefined if it has no worker. */
  readonly idleMs: number | undefined;
  /** Why results cannot be stored; undefined if they can. */
  readonly storageProblem: string | undefined;
  /** Whether the API refuses this worker's key while it accepts those of others. */
  readonly ownKeyRefused: boolean;
};

/**
 * Why the service is not ready, or undefined if it is. Pure. A worker that hangs while Redis answers is recognised by
 * what it leaves undone: jobs long due and none taken, with no brake on.
 */
export function notReady({ fleet, idleMs, storageProblem, ownKeyRefused }: Health): string | undefined {
  if (!fleet) return 'redis is away';
  if (storageProblem !== undefined) return `results cannot be stored: ${storageProblem}`;
  if (fleet.brake?.reason === 'unauthorized')
    return 'the API refuses the key: polling is stopped until a probe succeeds';
  if (ownKeyRefused) return 'the API refuses the key of this worker, and takes that of others: check its FAX_API_KEY';
  // Before the worker is looked at: with its key refused it rightly takes no job.
  if (fleet.paused) return 'the queue is paused: resume it on the dashboard, or with resume() of a BullMQ client';
  const slotMs = fleet.pacePerSecond === undefined ? 0 : 1000 / fleet.pacePerSecond;
  const patience = STUCK_MS + 10 * slotMs;
  const waiting = fleet.overdueMs > patience || fleet.jobs.wait + fleet.jobs.prioritized > 0;
  if (!fleet.brake && idleMs !== undefined && idleMs > patience && waiting) {
    return `the worker has taken no job for ${Math.round(idleMs / 1000)} s although some are due`;
  }
  return undefined;
}
