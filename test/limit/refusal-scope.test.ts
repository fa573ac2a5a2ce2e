import { expect, it } from '@jest/globals';
import { notFoundMeaning } from '../../src/limit/not-found.ts';
import { refusalScope, type RefusalContext } from '../../src/limit/refusal-scope.ts';

const first: RefusalContext = {
  reason: 'unauthorized',
  refusedBeforeAt: 0,
  refusedAloneBefore: false,
  newInARow: 0,
  workerAnsweredAt: 900,
  othersAnsweredAt: 900,
  unauthorizedFaxes: 1,
  unauthorizedSince: 1_000,
};
const scope = (more: Partial<RefusalContext>): string => refusalScope({ ...first, ...more });

it('a first refusal is of everyone, whoever was answered before it', () => {
  expect(scope({})).toBe('everyone');
  expect(scope({ reason: 'rate_limited' })).toBe('everyone');
});

it('a refusal is of the fax alone once others were answered since it was last refused, and stays so', () => {
  expect(scope({ refusedBeforeAt: 900 })).toBe('everyone');
  expect(scope({ refusedBeforeAt: 899 })).toBe('fax');
  expect(scope({ refusedBeforeAt: 899, workerAnsweredAt: 0 })).toBe('fax');
  expect(scope({ refusedBeforeAt: 899, othersAnsweredAt: 0 })).toBe('fax');
  expect(scope({ refusedBeforeAt: 2_000, refusedAloneBefore: true })).toBe('fax');
});

it('where faxes are refused alone lately, a new one may be another, unless there were several in a row', () => {
  for (const reason of ['unauthorized', 'rate_limited'] as const)
    expect([1, 3, 4].map((newInARow) => scope({ newInARow, reason }))).toEqual(['maybe_fax', 'maybe_fax', 'everyone']);
});

it('a 401 is of the worker alone if its key is refused for one fax after another while others are answered', () => {
  expect(scope({ unauthorizedFaxes: 2, othersAnsweredAt: 1_001 })).toBe('worker');
  expect(scope({ unauthorizedFaxes: 1, othersAnsweredAt: 1_001 })).toBe('everyone');
  expect(scope({ unauthorizedFaxes: 2, othersAnsweredAt: 1_000 })).toBe('everyone');
  expect(scope({ unauthorizedFaxes: 2, othersAnsweredAt: 1_001, reason: 'rate_limited' })).toBe('everyone');
});

it('a 404 is of its fax, unless the last ten answers were all 404, of five faxes or more', () => {
  const meaning = (answers: number, faxes: number): string => notFoundMeaning({ answers, faxes, others: 50 }, true);
  expect([meaning(9, 9), meaning(10, 4), meaning(10, 5), meaning(50, 20)]).toEqual([
    'of_this_fax',
    'of_this_fax',
    'of_all',
    'of_all',
  ]);
});

it('a process that has had no other answer yet makes no fax not_found while several are polled', () => {
  const meaning = (others: number): string => notFoundMeaning({ answers: 1, faxes: 1, others }, false);
  expect([meaning(0), meaning(3), meaning(4)]).toEqual(['of_this_fax', 'of_this_fax', 'unclear']);
});
