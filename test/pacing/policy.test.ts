import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BINS, emptyTable, EDGES, hazards } from '../../src/pacing/completion-model.ts';
import { curveOf, intervalAt, policyOf, pollsPerSecond, priceFor, type AgeGroup } from '../../src/pacing/policy.ts';
import { optimum } from '../bench/optimum.ts';
import { faxLike, lateOnly, seeded, type Distribution } from '../bench/trace.ts';

const HOUR = 3_600_000;
const free = { minMs: 1, maxMs: 24 * HOUR };

/** The life table of faxes whose ends are all known. */
function tableFrom(ages: Float64Array) {
  const table = emptyTable();
  for (const age of ages) {
    for (let bin = 0; bin < BINS && (EDGES[bin] ?? Infinity) < age; bin += 1) {
      table.exposure[bin] = (table.exposure[bin] ?? 0) + Math.min(age, EDGES[bin + 1] ?? age) - (EDGES[bin] ?? 0);
      if (age <= (EDGES[bin + 1] ?? Infinity)) table.completions[bin] = (table.completions[bin] ?? 0) + 1;
    }
  }
  return table;
}

/** Polls per fax and mean lag, ms, of following a policy on faxes of a distribution. */
function follow(ages: Float64Array, interval: (age: number) => number): { polls: number; lag: number } {
  let [polls, lag] = [0, 0];
  for (const age of ages) {
    let at = 0;
    while (at < age) {
      at += interval(at);
      polls += 1;
    }
    lag += at - age;
  }
  return { polls: polls / ages.length, lag: lag / ages.length };
}

it.each<[string, Distribution, number]>([
  ['fax-like', faxLike, 2],
  ['fax-like', faxLike, 4],
  ['fax-like', faxLike, 8],
  ['late only', lateOnly, 4],
])('with the hazard known, the policy is within 5 %% of the optimum (%s, %s polls per fax)', (_name, distribution, budget) => {
  const random = seeded(3);
  const ages = Float64Array.from({ length: 20_000 }, () => distribution.draw(random) * 1000);
  const curve = curveOf(hazards(tableFrom(ages)), free, 24 * HOUR);
  let [low, high] = [1, 1e9];
  for (let i = 0; i < 25; i += 1) {
    const middle = Math.sqrt(low * high);
    const policy = policyOf(curve, free, middle);
    if (follow(ages, (age) => intervalAt(policy, free, age)).polls > budget) low = middle;
    else high = middle;
  }
  const policy = policyOf(curve, free, high);
  const { polls, lag } = follow(ages, (age) => intervalAt(policy, free, age));
  expect(polls).toBeLessThanOrEqual(budget);
  expect(lag / optimum(distribution, 1, polls).meanLagMs).toBeLessThan(1.05);
});

const known = hazards(tableFrom(Float64Array.from({ length: 5_000 }, ((random) => () => faxLike.draw(random) * 1000)(seeded(5)))));
const bounds = { minMs: 5_000, maxMs: 300_000 };
const curve = curveOf(known, bounds, 24 * HOUR);

it('an interval is within its bounds at every age and price', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.double({ min: 1e-3, max: 1e9, noNaN: true }), (age, price) => {
      const interval = intervalAt(policyOf(curve, bounds, price), bounds, age);
      expect(interval).toBeGreaterThanOrEqual(bounds.minMs);
      expect(interval).toBeLessThanOrEqual(bounds.maxMs);
    }),
    { numRuns: 200 },
  );
});

it('is dense where completions are likely, and sparse where they are not', () => {
  const policy = policyOf(curve, bounds, 5_000);
  const [early, likely, late] = [15_000, 70_000, 220_000].map((age) => intervalAt(policy, bounds, age)) as [number, number, number];
  expect(likely).toBeLessThan(early / 1.5);
  expect(likely).toBeLessThan(late / 1.5);
});

it('polls are counted as the policy makes them', () => {
  const every = policyOf(curve, { minMs: 10_000, maxMs: 10_000 }, 1);
  expect(pollsPerSecond(every, { minMs: 10_000, maxMs: 10_000 }, [{ fromMs: 0, toMs: 60_000, count: 50 }])).toBeCloseTo(5);
  expect(pollsPerSecond(every, { minMs: 10_000, maxMs: 10_000 }, [])).toBe(0);
});

it('the price is that at which the faxes in flight use the pace; there is slack when they cannot', () => {
  const groups: AgeGroup[] = [
    { fromMs: 0, toMs: 60_000, count: 300 },
    { fromMs: 60_000, toMs: 600_000, count: 200 },
  ];
  for (const pace of [3, 10, 40]) {
    const { policy, slack } = priceFor(curve, bounds, groups, pace);
    expect(slack).toBe(false);
    expect(pollsPerSecond(policy, bounds, groups) / pace).toBeGreaterThan(0.85);
    expect(pollsPerSecond(policy, bounds, groups) / pace).toBeLessThan(1.05);
  }
  const alone = priceFor(curve, bounds, [{ fromMs: 0, toMs: 60_000, count: 1 }], 1);
  expect(alone.slack).toBe(true);
  for (const age of [0, 30_000, HOUR, 20 * HOUR]) expect(intervalAt(alone.policy, bounds, age)).toBe(bounds.minMs);
});

it('a few old faxes use the whole pace, though the grid of ages is coarse where they are', () => {
  const groups: AgeGroup[] = [{ fromMs: HOUR, toMs: 1.2 * HOUR, count: 20 }];
  const { policy, slack } = priceFor(curve, bounds, groups, 1);
  expect(slack).toBe(true);
  expect(pollsPerSecond(policy, bounds, groups)).toBeGreaterThan(0.95);
  expect(pollsPerSecond(policy, bounds, groups)).toBeLessThanOrEqual(1);
});
