import { describe, expect, it } from '@jest/globals';
import type { Fleet } from '../../src/dashboard/fleet.ts';
import { notReady, refusedAccounts, type AccountHealth } from '../../src/dashboard/readiness.ts';

const calm: Fleet = {
  pacePerSecond: 1,
  brake: undefined,
  paused: false,
  jobs: { wait: 0, active: 0, delayed: 0, prioritized: 0 },
  candidates: 0,
  historyTrusted: false,
  oldestInFlightMs: 0,
  overdueMs: 0,
};
type More = { readonly storageProblem?: string; readonly ownKeyRefused?: boolean };
const reason = (fleet: Fleet | undefined, idleMs: number | undefined, more: More = {}): string | undefined => {
  const { storageProblem, ownKeyRefused = false } = more;
  const awake = [{ name: undefined, fleet, idleMs, ownKeyRefused }];
  return notReady({ redisUp: fleet !== undefined, storageProblem, awake, served: 1 });
};
const held = { refusals: 1, since: 0, heldUntil: 0, cause: '' };

it('the service is ready while Redis answers, the key is taken and its worker works', () => {
  expect(reason(calm, 0)).toBeUndefined();
  expect(reason({ ...calm, brake: { ...held, reason: 'rate_limited' } }, 0)).toBeUndefined();
  expect(reason(calm, 3_600_000)).toBeUndefined();
  expect(reason(undefined, 0)).toMatch(/redis/);
  expect(reason({ ...calm, brake: { ...held, reason: 'unauthorized' } }, 0)).toMatch(/key/);
});

it('a worker that leaves due jobs alone is not ready, unless the brake is on', () => {
  const overdue = { ...calm, overdueMs: 90_000 };
  expect(reason(overdue, 90_000)).toMatch(/taken no job for 90 s/);
  expect(reason(overdue, 10_000)).toBeUndefined();
  expect(reason(overdue, undefined)).toBeUndefined();
  expect(reason({ ...overdue, brake: { ...held, reason: 'api_down' } }, 90_000)).toBeUndefined();
});

it('jobs with a priority are due jobs too', () => {
  const prioritised = { ...calm, jobs: { ...calm.jobs, prioritized: 3 } };
  expect(reason(prioritised, 90_000)).toMatch(/taken no job for 90 s/);
  expect(reason(prioritised, 10_000)).toBeUndefined();
});

it('a paused queue is called paused, not its worker stuck, in a process without a worker too', () => {
  const paused = { ...calm, paused: true, overdueMs: 90_000 };
  for (const idleMs of [0, 90_000, undefined]) expect(reason(paused, idleMs)).toMatch(/queue is paused: resume it/);
  expect(reason({ ...paused, brake: { ...held, reason: 'unauthorized' } }, 0)).toMatch(/key/);
});

it('a process that cannot store results, or whose own key is refused, is not ready', () => {
  expect(reason(calm, 0, { storageProblem: 'redis is out of memory' })).toMatch(
    /results cannot be stored: redis is out of memory/,
  );
  expect(reason(calm, 0, { ownKeyRefused: true })).toMatch(/key of this worker.*FAX_API_KEY/);
  expect(reason(undefined, 0, { storageProblem: 'no answer' })).toBe('redis is away');
});

describe('with accounts', () => {
  const unauthorized: Fleet = { ...calm, brake: { ...held, reason: 'unauthorized' } };
  const account = (name: string, fleet: Fleet, more: Partial<AccountHealth> = {}): AccountHealth => ({
    name,
    fleet,
    idleMs: 0,
    ownKeyRefused: false,
    ...more,
  });
  const of = (served: number, ...awake: AccountHealth[]) =>
    notReady({ redisUp: true, storageProblem: undefined, awake, served });

  it('a refused key is a problem of the service only if every account has one', () => {
    const [north, south] = [account('north', unauthorized), account('south', calm)];
    expect(of(2, north, south)).toBeUndefined();
    expect(of(2, north)).toBeUndefined(); // the other sleeps
    expect(of(2, north, account('south', calm, { ownKeyRefused: true }))).toMatch(
      /^account north: the API refuses the key.*; account south: .*ACCOUNTS_FILE$/,
    );
    expect(refusedAccounts([north, south])).toEqual(['north']);
    expect(of(0)).toBeUndefined();
  });

  it('a worker that hangs is a problem of the process, whosever jobs it leaves alone', () => {
    const stuck = account('north', { ...calm, overdueMs: 90_000 }, { idleMs: 90_000 });
    expect(of(2, stuck, account('south', calm))).toMatch(/^account north: the worker has taken no job for 90 s/);
    expect(of(2, account('north', { ...calm, paused: true }), account('south', calm))).toBeUndefined();
  });
});
