import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeHint, encodeHint, HINT_SOURCES } from '../../src/hints/hint.ts';

it('a hint is read back from Redis as it was written, whatever its word', () => {
  const anyHint = fc.record({
    source: fc.constantFrom(...HINT_SOURCES),
    pollsLeft: fc.integer({ min: 1, max: 9 }),
    word: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', ' ', 'in flight', 'a\nb', '\u2028')),
  });
  fc.assert(fc.property(anyHint, (hint) => expect(decodeHint(encodeHint(hint))).toEqual(hint)));
});

it.each(['', 'history', 'history 3', 'history 0 success', 'history 10 success', 'mail 3 success', 'callback x '])(
  'what something else wrote is no hint: %j',
  (text) => {
    expect(decodeHint(text)).toBeUndefined();
  },
);
