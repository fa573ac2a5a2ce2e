import { expect, it } from '@jest/globals';
import { OnceAMinute } from '../../src/log/once-a-minute.ts';

it('lets each reason through once a minute', () => {
  const failures = new OnceAMinute();
  const due = [
    ['full', 0],
    ['full', 59_999],
    ['gone', 59_999],
    ['full', 60_000],
    ['gone', 60_000],
  ] as const;
  expect(due.map(([reason, at]) => failures.isDue(reason, at))).toEqual([true, false, true, true, false]);
});

it('holds no more than a hundred reasons', () => {
  const failures = new OnceAMinute();
  for (let i = 0; i <= 100; i += 1) failures.isDue(`fax ${i}`, 0);
  expect([failures.isDue('fax 100', 1), failures.isDue('fax 0', 1)]).toEqual([false, true]);
});
