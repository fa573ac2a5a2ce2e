import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import { firstMeaning, NO_RECORD, pollsFor, provesPending, tellsNothing } from '../../src/hints/words.ts';

const rules = loadRules(null);
const record = (more: Partial<typeof NO_RECORD>) => ({ ...NO_RECORD, ...more });
const count = fc.nat({ max: 1_000 });
const anyRecord = fc.record({ confirmed: count, early: count, pending: count, stale: count });
const anyMeaning = fc.constantFrom('final', 'pending', 'unknown');

describe('what a word means at first', () => {
  it.each([
    ['failed', 'final'],
    ['success', 'unknown'], // a fax is sent only if the message says so too
    ['sent fax has been answered', 'final'],
    ['busy', 'unknown'],
    ['executed', 'pending'],
    ['delivered', 'unknown'],
    ['in flight', 'unknown'],
  ])('%s: %s', (word, meaning) => {
    expect(firstMeaning(word, rules)).toBe(meaning);
  });
});

describe('how many polls a word leads to', () => {
  it('is three for one that the rules know as final, one for one that nobody knows, none for one that is pending', () => {
    expect(pollsFor(NO_RECORD, 'final')).toBe(3);
    expect(pollsFor(NO_RECORD, 'unknown')).toBe(1);
    expect(pollsFor(NO_RECORD, 'pending')).toBe(0);
  });

  it('is none after four polls of which most were early, whatever the rules say', () => {
    expect(pollsFor(record({ early: 3 }), 'final')).toBe(3);
    expect(pollsFor(record({ early: 3, confirmed: 1 }), 'final')).toBe(0);
    expect(pollsFor(record({ early: 2, confirmed: 2 }), 'unknown')).toBe(3);
  });

  it('depends on which outcome is more frequent, and no word is a hint and a proof of pending at once', () => {
    fc.assert(
      fc.property(anyRecord, anyMeaning, (known, first) => {
        const polls = pollsFor(known, first);
        if (known.confirmed + known.early >= 4 && first !== 'pending') {
          expect(polls > 0).toBe(known.confirmed >= known.early);
        }
        expect(polls > 0 && provesPending(known, first)).toBe(false);
      }),
    );
  });
});

describe('a word that stands for pending', () => {
  it('is believed once polls have agreed three times, with hardly any finished fax behind it', () => {
    expect(provesPending(record({ pending: 2 }), 'pending')).toBe(false);
    expect(provesPending(record({ pending: 3 }), 'pending')).toBe(true);
    expect(provesPending(record({ pending: 4, stale: 1 }), 'pending')).toBe(true);
    expect(provesPending(record({ pending: 4, stale: 2 }), 'pending')).toBe(false);
  });
});

it('a word tells nothing that was tried in vain and stands at finished faxes', () => {
  expect(tellsNothing(record({ early: 4, stale: 3 }))).toBe(true);
  expect(tellsNothing(record({ early: 4, stale: 2 }))).toBe(false);
  expect(tellsNothing(record({ early: 3, stale: 9 }))).toBe(false);
  expect(tellsNothing(record({ early: 4, confirmed: 4, stale: 9 }))).toBe(false);
});
