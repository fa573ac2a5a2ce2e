import { beforeEach, expect, it } from '@jest/globals';
import type { Account } from '../../src/account.ts';
import { ServedAccount } from '../../src/accounts/served-account.ts';
import { silentLog } from '../support/log.ts';

let calls: string[] = [];
let failing = false;
const account = {
  name: 'north',
  start: () => {
    calls.push('start');
    return failing ? Promise.reject(new Error('no start')) : Promise.resolve();
  },
  stop: () => Promise.resolve(void calls.push('stop')),
} as unknown as Account;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  calls = [];
  failing = false;
});

it('wakes with its first job, sleeps a minute after its last, and wakes again', async () => {
  const served = new ServedAccount(account, true, silentLog);
  for (const [at, inFlight, awake] of [
    [0, false, false],
    [1_000, true, true],
    [50_000, true, true],
    [109_000, false, true],
    [110_000, false, false],
    [300_000, false, false],
    [301_000, true, true],
  ] as const) {
    served.seen(inFlight, at);
    await settled();
    expect([at, served.awake]).toEqual([at, awake]);
  }
  expect(calls).toEqual(['start', 'stop', 'start']);
});

it('is started again if its start fails, and counts as awake while there is something in flight', async () => {
  const served = new ServedAccount(account, true, silentLog);
  failing = true;
  served.seen(true, 0);
  await settled();
  expect(served.awake).toBe(true);
  failing = false;
  served.seen(true, 1_000);
  await settled();
  expect([served.awake, calls]).toEqual([true, ['start', 'start']]);
});

it('sleeps if it never started, and nothing is in flight any more', async () => {
  const served = new ServedAccount(account, true, silentLog);
  failing = true;
  for (const [at, inFlight] of [
    [0, true],
    [30_000, false],
    [60_000, false],
  ] as const) {
    served.seen(inFlight, at);
    await settled();
  }
  expect(served.awake).toBe(false);
});

it('once ended it wakes no more', async () => {
  const served = new ServedAccount(account, true, silentLog);
  served.seen(true, 0);
  await served.end();
  served.seen(true, 1_000);
  await settled();
  expect([served.awake, calls]).toEqual([false, ['start', 'stop']]);
});

it('in a dashboard it is awake without polling', async () => {
  const served = new ServedAccount(account, false, silentLog);
  served.seen(true, 0);
  await settled();
  expect([served.awake, calls]).toEqual([true, []]);
});
