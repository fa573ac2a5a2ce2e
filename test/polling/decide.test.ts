import { describe, expect, it } from '@jest/globals';
import type { Verdict } from '../../src/fax-api/classify.ts';
import { decide, type Situation } from '../../src/polling/decide.ts';

const at = (verdict: Verdict, ageMs: number, more: Partial<Situation> = {}) =>
  decide({
    verdict,
    ageMs,
    claimedMs: ageMs,
    faults: 0,
    refusedAlone: false,
    notFoundForAll: false,
    deadlineMs: 1_000,
    notFoundGraceMs: 300,
    ...more,
  });
const expired = { do: 'finish', outcome: { state: 'expired', reason: 'deadline_exceeded' } };

describe('decide', () => {
  it('finishes what is final, however old', () => {
    for (const age of [0, 5_000]) {
      expect(at({ kind: 'sent' }, age)).toEqual({ do: 'finish', outcome: { state: 'sent', reason: 'ok' } });
      expect(at({ kind: 'failed', reason: 'busy' }, age)).toEqual({
        do: 'finish',
        outcome: { state: 'failed', reason: 'busy' },
      });
    }
  });

  it('polls on until the deadline, then lets the fax expire', () => {
    for (const verdict of [{ kind: 'pending' }, { kind: 'unrecognised', wording: 'x' }] as const) {
      expect(at(verdict, 999)).toEqual({ do: 'poll_again' });
      expect(at(verdict, 1_000)).toEqual(expired);
    }
  });

  it('takes a 404 as too early within the grace, and as final after it', () => {
    expect(at({ kind: 'not_found' }, 299)).toEqual({ do: 'poll_again' });
    expect(at({ kind: 'not_found' }, 300)).toEqual({
      do: 'finish',
      outcome: { state: 'not_found', reason: 'not_found' },
    });
  });

  it('backs off from server faults, counting them, until the deadline', () => {
    expect(at({ kind: 'fault' }, 999, { faults: 4 })).toEqual({ do: 'back_off', faults: 5 });
    expect(at({ kind: 'fault' }, 1_000, { faults: 4 })).toEqual(expired);
  });

  it('counts the grace of a 404 from the first claim, whatever the producer’s clock says', () => {
    expect(at({ kind: 'not_found' }, 900, { claimedMs: 299 })).toEqual({ do: 'poll_again' });
    expect(at({ kind: 'not_found' }, 900, { claimedMs: 300 })).toMatchObject({ outcome: { state: 'not_found' } });
  });

  it('makes no fax not_found while the API knows none, but lets it expire', () => {
    expect(at({ kind: 'not_found' }, 999, { notFoundForAll: true })).toEqual({ do: 'poll_again' });
    expect(at({ kind: 'not_found' }, 1_000, { notFoundForAll: true })).toEqual(expired);
  });

  it('backs off from refusals of this fax alone as from faults, until the deadline', () => {
    for (const kind of ['unauthorized', 'rate_limited'] as const) {
      expect(at({ kind }, 999, { refusedAlone: true, faults: 2 })).toEqual({ do: 'back_off', faults: 3 });
      expect(at({ kind }, 1_000, { refusedAlone: true })).toEqual(expired);
    }
  });

  it('never ends a fax for a refusal of everyone', () => {
    for (const kind of ['unauthorized', 'rate_limited'] as const) {
      expect(at({ kind }, 0)).toEqual({ do: 'put_back' });
      expect(at({ kind }, 1e9)).toEqual({ do: 'put_back' });
    }
  });
});
