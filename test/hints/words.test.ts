import { describe, expect, it } from '@jest/globals';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import { firstMeaning, NO_RECORD, pollsFor, provesPending, tellsNothing } from '../../src/hints/words.ts';

const rules = loadRules(null);

describe('a word of the list', () => {
  it('means at first what the rules say of it, as a status or as a message', () => {
    expect(['failed', 'executed', 'queued', 'in progress'].map((word) => firstMeaning(word, rules))).toEqual([
      'final',
      'pending',
      'pending',
      'pending',
    ]);
    expect(firstMeaning('sent', rules)).toBe('final');
    expect(firstMeaning('success', rules)).toBe('unknown'); // of a request, not of a fax
    expect(firstMeaning('delivered', rules)).toBe('unknown');
  });

  it('that is unknown is tried, one poll each, until it mostly proves right or wrong', () => {
    expect(pollsFor(NO_RECORD, 'unknown')).toBe(1);
    expect(pollsFor({ ...NO_RECORD, early: 3 }, 'unknown')).toBe(1);
    expect(pollsFor({ ...NO_RECORD, early: 4 }, 'unknown')).toBe(0);
    expect(pollsFor({ ...NO_RECORD, confirmed: 3, early: 1 }, 'unknown')).toBe(3);
    expect(pollsFor({ ...NO_RECORD, confirmed: 50, early: 51 }, 'unknown')).toBe(0);
  });

  it('that stands for an end is believed at once, until it mostly proves wrong', () => {
    expect(pollsFor(NO_RECORD, 'final')).toBe(3);
    expect(pollsFor({ ...NO_RECORD, confirmed: 1, early: 4 }, 'final')).toBe(0);
  });

  it('that stands for pending is never a hint, and counts as an observation once polls agreed', () => {
    expect(pollsFor({ ...NO_RECORD, confirmed: 9 }, 'pending')).toBe(0);
    expect(provesPending(NO_RECORD, 'pending')).toBe(false);
    expect(provesPending({ ...NO_RECORD, pending: 3 }, 'pending')).toBe(true);
    expect(provesPending({ ...NO_RECORD, pending: 3, stale: 1 }, 'pending')).toBe(false);
    expect(provesPending({ ...NO_RECORD, pending: 8, stale: 2 }, 'pending')).toBe(true);
  });

  it('that is unknown counts as pending only once it was tried in vain', () => {
    expect(provesPending({ ...NO_RECORD, pending: 9 }, 'unknown')).toBe(false);
    expect(provesPending({ ...NO_RECORD, pending: 9, early: 4 }, 'unknown')).toBe(true);
  });

  it('tells nothing if it was tried in vain and stands at finished faxes too', () => {
    expect(tellsNothing({ ...NO_RECORD, early: 4, stale: 3 })).toBe(true);
    expect(tellsNothing({ ...NO_RECORD, early: 4, stale: 2 })).toBe(false);
    expect(tellsNothing({ ...NO_RECORD, stale: 9 })).toBe(false); // a list that lags has pending ones at finished faxes
  });
});
