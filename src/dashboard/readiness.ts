import type { Fleet } from './fleet.ts';

const STUCK_MS = 60_000;

/**
 * Why the service is not ready, or undefined if it is (contract §5). Pure.
 * A worker that hangs while Redis answers shows by the work that it leaves: jobs due for long and none taken, with no brake on.
 *
 * @param fleet undefined while Redis is away
 * @param idleMs since this process last worked on a job; undefined if it has no worker
 * @param slotMs time between two requests at the pace in force
 */
export function notReady(fleet: Fleet | undefined, idleMs: number | undefined, slotMs: number): string | undefined {
  if (!fleet) return 'redis is away';
  if (fleet.brake?.reason === 'unauthorized') return 'the API refuses the key: polling is stopped until a probe succeeds';
  // Before the worker is looked at: it takes no job, and rightly so.
  if (fleet.paused) return 'the queue is paused: resume it on the dashboard, or with resume() of a BullMQ client';
  const patience = STUCK_MS + 10 * slotMs;
  const waiting = fleet.overdueMs > patience || fleet.jobs.wait + fleet.jobs.prioritized > 0;
  if (!fleet.brake && idleMs !== undefined && idleMs > patience && waiting) {
    return `the worker has taken no job for ${Math.round(idleMs / 1000)} s although some are due`;
  }
  return undefined;
}
