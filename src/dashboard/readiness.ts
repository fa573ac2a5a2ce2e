import type { Fleet } from './fleet.ts';

const STUCK_MS = 60_000;

/** What readiness depends on, of an account with something in flight. */
export type AccountHealth = {
  /** Undefined in a service without accounts. */
  readonly name: string | undefined;
  /** Undefined while Redis is away. */
  readonly fleet: Fleet | undefined;
  /** Since this process last worked on a job of it, ms; undefined if it has no worker. */
  readonly idleMs: number | undefined;
  /** Whether the API refuses this worker's key while it accepts those of others. */
  readonly ownKeyRefused: boolean;
};

/** What readiness depends on. */
export type Health = {
  readonly redisUp: boolean;
  /** Why results cannot be stored; undefined if they can. */
  readonly storageProblem: string | undefined;
  readonly awake: readonly AccountHealth[];
  /** How many accounts are served, those that sleep included. */
  readonly served: number;
};

/**
 * Why the service is not ready, or undefined if it is. Pure. A problem of some accounts is no reason to take the
 * service from the others: it is not ready if every account has one. A worker that hangs is a problem of the process.
 */
export function notReady({ redisUp, storageProblem, awake, served }: Health): string | undefined {
  if (!redisUp) return 'redis is away';
  if (storageProblem !== undefined) return `results cannot be stored: ${storageProblem}`;
  const problems = awake.map((account) => problemOf(account));
  if (served > 0 && awake.length === served && problems.every((problem) => problem !== undefined)) {
    const [first] = awake;
    return first?.name === undefined
      ? problems[0]
      : awake.map(({ name }, i) => `account ${name ?? ''}: ${problems[i] ?? ''}`).join('; ');
  }
  const stuck = awake.find((account, i) => problems[i] === undefined && stuckFor(account) !== undefined);
  if (!stuck) return undefined;
  const whose = stuck.name === undefined ? '' : `account ${stuck.name}: `;
  return `${whose}the worker has taken no job for ${stuckFor(stuck) ?? 0} s although some are due`;
}

/** The accounts whose keys are refused. */
export function refusedAccounts(awake: readonly AccountHealth[]): string[] {
  return awake.filter(isRefused).flatMap(({ name }) => (name === undefined ? [] : [name]));
}

const isRefused = ({ fleet, ownKeyRefused }: AccountHealth): boolean =>
  fleet?.brake?.reason === 'unauthorized' || ownKeyRefused;

function problemOf({ name, fleet, ownKeyRefused }: AccountHealth): string | undefined {
  if (!fleet) return 'redis is away';
  if (fleet.brake?.reason === 'unauthorized')
    return 'the API refuses the key: polling is stopped until a probe succeeds';
  if (ownKeyRefused) {
    const where = name === undefined ? 'FAX_API_KEY' : 'key in ACCOUNTS_FILE';
    return `the API refuses the key of this worker, and takes that of others: check its ${where}`;
  }
  // Before the worker is looked at: with its key refused it rightly takes no job.
  return fleet.paused
    ? 'the queue is paused: resume it on the dashboard, or with resume() of a BullMQ client'
    : undefined;
}

/** For how many seconds a worker has left due jobs alone; undefined if it does not. */
function stuckFor({ fleet, idleMs }: AccountHealth): number | undefined {
  if (!fleet || fleet.brake || idleMs === undefined) return undefined;
  const slotMs = fleet.pacePerSecond === undefined ? 0 : 1000 / fleet.pacePerSecond;
  const patience = STUCK_MS + 10 * slotMs;
  const waiting = fleet.overdueMs > patience || fleet.jobs.wait + fleet.jobs.prioritized > 0;
  return idleMs > patience && waiting ? Math.round(idleMs / 1000) : undefined;
}
