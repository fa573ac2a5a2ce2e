import { describe, expect, it } from '@jest/globals';
import { containsWords, normalise, oneLine, startsWithWords } from '../../src/fax-api/wording.ts';

describe('a wording', () => {
  it.each([
    ['  Sent!  Fax Has Been ANSWERED. ', 'sent fax has been answered'],
    ['Hang-up (line 2)', 'hang up line 2'],
    ['Ｓｅｎｔ', 'sent'], // full width
    ['Übertragen\n', 'übertragen'],
    [' .!? ', ''],
    ['', ''],
  ])('%j is compared as %j', (text, compared) => {
    expect(normalise(text)).toBe(compared);
  });

  it.each([
    ['sent', 'sent', true],
    ['sent on monday', 'sent', true],
    ['sentinel', 'sent', false],
    ['not sent', 'sent', false],
    ['sent', 'sent on', false],
  ])('%j begins with the words %j: %s', (text, phrase, begins) => {
    expect(startsWithWords(text, phrase)).toBe(begins);
  });

  it.each([
    ['fax is being sent now', 'being sent', true],
    ['being sent', 'being sent', true],
    ['now being sent', 'being sent', true],
    ['unsent', 'sent', false],
    ['sentinel', 'sent', false],
    ['being not sent', 'being sent', false],
  ])('%j holds the words %j: %s', (text, phrase, holds) => {
    expect(containsWords(text, phrase)).toBe(holds);
  });
});

describe('text from outside, for a log or a terminal', () => {
  it('is one line without control characters, each run of which becomes one space', () => {
    expect(oneLine('a\r\n\tb\u2028c\u2029d\u0000e\u001b[2Jf\u202eg h', 100)).toBe('a b c d e [2Jf g h');
  });

  it('is cut to its first characters', () => {
    expect(oneLine('Sent to nobody', 4)).toBe('Sent');
  });
});
