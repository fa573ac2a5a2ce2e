import { expect, it } from '@jest/globals';
import { judgeAccounts } from '../../src/overview/judge-accounts.ts';
import { GOOD_STATE, NOW } from './good-state.ts';
import type { AccountState } from '../../src/overview/state.ts';

const account = (name: string, more: Partial<AccountState> = {}) => ({ name, state: { ...GOOD_STATE, ...more } });
const brake = { reason: 'unauthorized', refusals: 1, since: NOW, heldUntil: NOW, cause: '' } as const;
const refused = { fleet: { ...GOOD_STATE.fleet, brake } };

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
  const idle = account('a', { workers: 0, fleet: { ...GOOD_STATE.fleet, jobs } });
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
