import { describe, expect, it } from '@jest/globals';
import { followUp } from '../../src/hints/follow-up.ts';
import { decodeHint, encodeHint, type Hint } from '../../src/hints/hint.ts';

const HINT: Hint = { source: 'history', pollsLeft: 3, word: 'delivered late' };

describe('a hint', () => {
  it('is read back from Redis as it was kept', () => {
    const callback: Hint = { source: 'callback', pollsLeft: 1, word: '' };
    for (const hint of [HINT, callback]) expect(decodeHint(encodeHint(hint))).toEqual(hint);
  });

  it.each(['', 'history', 'history 0 word', 'elsewhere 3 word', 'callback x '])('is none if it is "%s"', (text) => {
    expect(decodeHint(text)).toBeUndefined();
  });
});

describe('the poll that a hint led to', () => {
  it('confirms it if the fax is final, and nothing is left of it', () => {
    expect(followUp(HINT, { kind: 'sent' })).toEqual({ outcome: 'confirmed', left: undefined });
    expect(followUp(HINT, { kind: 'failed', reason: 'busy' })).toEqual({ outcome: 'confirmed', left: undefined });
  });

  it('was early if the fax is not final, and two more polls follow', () => {
    const second = followUp(HINT, { kind: 'pending' });
    expect(second).toEqual({ outcome: 'early', left: { ...HINT, pollsLeft: 2 } });
    expect(followUp({ ...HINT, pollsLeft: 1 }, { kind: 'pending' })).toEqual({ outcome: 'early', left: undefined });
    expect(followUp(HINT, { kind: 'not_found' }).outcome).toBe('early');
    expect(followUp(HINT, { kind: 'unrecognised', wording: 'so so' }).outcome).toBe('early');
  });

  it('says nothing of it if it met a fault, which costs it a poll, or a refusal, which does not', () => {
    expect(followUp(HINT, { kind: 'fault' })).toEqual({ outcome: undefined, left: { ...HINT, pollsLeft: 2 } });
    expect(followUp(HINT, { kind: 'rate_limited' })).toEqual({ outcome: undefined, left: HINT });
    expect(followUp(HINT, { kind: 'unauthorized' })).toEqual({ outcome: undefined, left: HINT });
  });
});
