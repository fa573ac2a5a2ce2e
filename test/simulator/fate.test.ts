import { describe, expect, it } from '@jest/globals';
import { answerAt, endOf, fateOf, stateIn, UNDER_WAY, type FateName } from '../../src/simulator/fate.ts';

describe('a fate in time', () => {
  it('is under way until its end, whatever its first polls were told', () => {
    const fate = { ...fateOf('busy', 1_000), first: [{ code: 500 }] };
    expect([0, 999, 1_000].map((age) => stateIn(answerAt(fate, age)))).toEqual(['executed', 'executed', 'failed']);
  });

  it('is under way before its first answer holds', () => {
    expect(answerAt({ then: [{ afterMs: 5, answer: { code: 404 } }] }, 4)).toBe(UNDER_WAY);
  });
});

it.each<[FateName, number | undefined]>([
  ['sent', 300],
  ['hangup', 300],
  ['odd', 0],
  ['pending', undefined],
  ['not-found', undefined],
])('%s ends after %p ms of 300', (name, afterMs) => {
  expect(endOf(fateOf(name, 300))?.afterMs).toBe(afterMs);
});

it.each([
  [{ code: 404, body: { status: 'failed' } }, undefined],
  [{ code: 500, body: { status: 'failed' } }, 'executed'],
  [{ body: { status: 'success' } }, 'success'],
  [{ body: { status: 'delivered' } }, 'executed'],
  [{ body: 'success' }, 'executed'],
  [{}, 'executed'],
])('the answer %j leaves a fax %p', (answer, state) => {
  expect(stateIn(answer)).toBe(state);
});
