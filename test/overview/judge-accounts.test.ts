import { expect, it } from '@jest/globals';
import { NOTHING } from '../../src/overview/day-counts.ts';
import { judgeAccounts } from '../../src/overview/judge-accounts.ts';
import type { AccountState } from '../../src/overview/state.ts';

const NOW = Date.parse('2030-01-01T12:00:30Z');
const GOOD: AccountState = {
  now: NOW,
  fleet: {
    pacePerSecond: 0.95,
    brake: undefined,
    paused: false,
    jobs: { wait: 0, active: 0, delayed: 3, prioritized: 0 },
    oldestInFlightMs: 1_000,
  },
  workers: 1,
  limitPerSecond: 1,
  ownKeyRefused: false,
  storageProblem: undefined,
  historyStoppedUntil: undefined,
  wordings: [],
  counts: { hour: [NOTHING], day: [] },
  durations: { survival: [], pollAges: [] },
};
const account = (name: string, more: Partial<AccountState> = {}) => ({ name, state: { ...GOOD, ...more } });
const brake = { reason: 'unauthorized', refusals: 1, since: NOW, heldUntil: NOW, cause: '' } as const;
const refused = { fleet: { ...GOOD.fleet, brake } };

it('puts the accounts that need somebody first, the others by name', () => {
  const wordings = [{ apiStatus: 'x', message: 'y' }];
  const awake = [account('c'), account('b'), account('d', { wordings }), account('e', refused)];
  const { severity, sentence, accounts } = judgeAccounts({ awake, asleep: ['a'], redisUp: true });
  expect(accounts.map(({ view }) => view.name)).toEqual(['e', 'd', 'b', 'c']);
  expect(severity).toBe('critical');
  expect(sentence).toBe('4 accounts are awake, with 12 faxes in flight; 1 sleeps, with nothing in flight.');
});

it('says once what several accounts have in common, and how the key of an account is put right', () => {
  const awake = [account('a', refused), account('b'), account('c', refused)];
  const { problems } = judgeAccounts({ awake, asleep: [], redisUp: true });
  expect(problems).toMatchObject([{ short: 'key refused', accounts: ['a', 'c'] }]);
  expect(problems[0]?.remedy).toContain('put the right one into ACCOUNTS_FILE');
});

it('misses no worker of an account that has nothing in flight', () => {
  const jobs = { wait: 0, active: 0, delayed: 0, prioritized: 0 };
  const idle = account('a', { workers: 0, fleet: { ...GOOD.fleet, jobs } });
  expect(judgeAccounts({ awake: [idle], asleep: [], redisUp: true }).problems).toEqual([]);
  const busy = account('a', { workers: 0 });
  expect(judgeAccounts({ awake: [busy], asleep: [], redisUp: true }).problems).toMatchObject([
    { short: 'no worker runs', accounts: ['a'] },
  ]);
});

it('says that Redis is away also when all accounts seemed to sleep', () => {
  const { severity, problems } = judgeAccounts({ awake: [], asleep: ['a'], redisUp: false });
  expect([severity, problems.map(({ short }) => short)]).toEqual(['critical', ['Redis is away']]);
});
