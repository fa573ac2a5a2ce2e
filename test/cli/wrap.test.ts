import { expect, it } from '@jest/globals';
import { wrap } from '../../src/cli/wrap.ts';

it.each([60, 80, 120])('breaks a line between words within %i columns, and loses none', (width) => {
  const line =
    '2030-01-01T00:01:15.000Z  sent       200           ok, 3 polls  Sent! Fax Has Been Answered. And more words of it.';
  const wrapped = wrap(line, width);
  expect(wrapped.split('\n').every((part) => part.length <= width)).toBe(true);
  expect(wrapped.split(/\s+/)).toEqual(line.split(/\s+/));
});

it('leaves a line that fits as it is', () => expect(wrap('a   b', 10)).toBe('a   b'));
