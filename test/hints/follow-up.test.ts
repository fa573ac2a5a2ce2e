import { describe, expect, it } from '@jest/globals';
import type { Verdict } from '../../src/fax-api/classify.ts';
import { followUp } from '../../src/hints/follow-up.ts';
import type { Hint } from '../../src/hints/hint.ts';

const hint = (pollsLeft: number): Hint => ({ source: 'history', pollsLeft, word: 'success' });

describe('the answer to a hinted poll', () => {
  it.each<Verdict>([{ kind: 'sent' }, { kind: 'failed', reason: 'busy' }])('$kind proves the hint right', (verdict) => {
    expect(followUp(hint(3), verdict, false)).toEqual({ outcome: 'confirmed', left: undefined });
  });

  it.each<Verdict>([{ kind: 'pending' }, { kind: 'unrecognised', wording: 'x' }, { kind: 'not_found' }])(
    '$kind was early: the hint has one poll less',
    (verdict) => {
      expect(followUp(hint(3), verdict, false)).toEqual({ outcome: 'early', left: hint(2) });
      expect(followUp(hint(1), verdict, false)).toEqual({ outcome: 'early', left: undefined });
    },
  );

  it('that is a server fault says nothing of the hint, and costs it a poll', () => {
    expect(followUp(hint(2), { kind: 'fault' }, false)).toEqual({ outcome: undefined, left: hint(1) });
    expect(followUp(hint(1), { kind: 'fault' }, false)).toEqual({ outcome: undefined, left: undefined });
  });

  it.each<Verdict>([{ kind: 'unauthorized' }, { kind: 'rate_limited' }])(
    '$kind costs the hint nothing if it is of everyone, and ends it if it is of this fax alone',
    (verdict) => {
      expect(followUp(hint(1), verdict, false)).toEqual({ outcome: undefined, left: hint(1) });
      expect(followUp(hint(3), verdict, true)).toEqual({ outcome: undefined, left: undefined });
    },
  );
});
