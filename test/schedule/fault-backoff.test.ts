import { expect, it } from '@jest/globals';
import { faultBackoff } from '../../src/schedule/fault-backoff.ts';

const bounds = { minMs: 5_000, maxMs: 300_000 };
const almostOne = 1 - Number.EPSILON;

it('the longest wait after a fault doubles with each in a row, up to the greatest interval', () => {
  const longest = [1, 2, 3, 6, 7, 1_000].map((faults) => Math.round(faultBackoff(faults, bounds, almostOne)));
  expect(longest).toEqual([10_000, 20_000, 40_000, 300_000, 300_000, 300_000]);
});

it('the wait is drawn from all that lies under the longest, and is never under the least interval', () => {
  expect(faultBackoff(3, bounds, 0.5)).toBe(20_000);
  expect(faultBackoff(3, bounds, 0.125)).toBe(5_000);
  for (const faults of [1, 5, 1_000]) expect(faultBackoff(faults, bounds, 0)).toBe(5_000);
});
