import { expect, it } from '@jest/globals';
import { parseDuration } from '../../src/cli/duration.ts';

it.each([
  ['250ms', 250],
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['0s', undefined],
  ['30', undefined],
  ['1.5h', undefined],
  ['-1m', undefined],
  ['m', undefined],
  ['30 m', undefined],
])('%s is %s ms', (text, ms) => expect(parseDuration(text)).toBe(ms));
