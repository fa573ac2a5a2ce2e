import { expect, it } from '@jest/globals';
import { editDistance } from '../../src/settings/edit-distance.ts';

it.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['abc', '', 3],
  ['abc', 'abc', 0],
  ['abc', 'abd', 1],
  ['abc', 'ac', 1],
  ['abc', 'abxc', 1],
  ['abc', 'bac', 1],
  ['abcd', 'badc', 2],
  ['kitten', 'sitting', 3],
  ['RATE_LIMT_MAX', 'RATE_LIMIT_MAX', 1],
])('from "%s" to "%s" it is %i edits', (a, b, edits) => {
  expect(editDistance(a, b)).toBe(edits);
  expect(editDistance(b, a)).toBe(edits);
});
