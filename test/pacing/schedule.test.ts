import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { faultBackoff, pollInterval } from '../../src/pacing/schedule.ts';

const bounds = { minMs: 5_000, maxMs: 300_000 };
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

it('a pending fax is polled less often the older it is, within the bounds', () => {
  expect(pollInterval(0, bounds, 0.5)).toBe(5_000);
  expect(pollInterval(100_000, bounds, 0)).toBe(25_000);
  expect(pollInterval(1e9, bounds, 0)).toBe(300_000);
  fc.assert(fc.property(fc.nat(), random, (age, r) => pollInterval(age, bounds, r) >= bounds.minMs && pollInterval(age, bounds, r) <= bounds.maxMs));
});

it('server faults are backed off from with full jitter, within the bounds', () => {
  expect([1, 2, 3, 10].map((faults) => faultBackoff(faults, bounds, 0.999_999))).toEqual([10_000, 20_000, 40_000, 300_000].map((ms) => expect.closeTo(ms, -1)));
  expect(faultBackoff(50, bounds, 0)).toBe(5_000);
  fc.assert(fc.property(fc.nat({ max: 10_000 }), random, (faults, r) => faultBackoff(faults + 1, bounds, r) <= bounds.maxMs));
});
