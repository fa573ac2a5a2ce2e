import { describe, expect, it } from '@jest/globals';
import { expectationOf, leastLag } from '../../src/overview/expected-lag.ts';
import { sized } from '../../src/overview/sizing.ts';
import { BINS, emptyTable, estimate, learnCompletion, learnPending } from '../../src/schedule/life-table.ts';
import { shippedPrior } from '../../src/schedule/prior.ts';
import { SurvivalCurve } from '../../src/schedule/worth.ts';
import { optimum } from '../bench/optimum.ts';
import { faxLike, seeded } from '../bench/trace.ts';

const EXACT_MS = 100;
const FREE = { minMs: 1, maxMs: 86_400_000 };
const BOUNDS = { minMs: 5_000, maxMs: 300_000 };

/** What is learned from faxes that were watched closely. */
function curveOf(faxes: number): SurvivalCurve {
  const random = seeded(5);
  const table = emptyTable();
  for (let i = 0; i < faxes; i += 1) {
    const takesMs = faxLike.draw(random) * 1_000;
    learnPending(table, 0, Math.max(0, takesMs - EXACT_MS));
    learnCompletion(table, new Float64Array(BINS), Math.max(0, takesMs - EXACT_MS), takesMs);
  }
  return SurvivalCurve.of(estimate(table, shippedPrior()));
}
const curve = curveOf(20_000);

describe('the least lag of a schedule of polls', () => {
  it.each([2, 4, 8])('at %d polls per fax is that of the optimum, found another way', (polls) => {
    const found = leastLag(curve, FREE, polls);
    expect(found?.pollsPerFax).toBeLessThanOrEqual(polls);
    expect(found?.pollsPerFax).toBeGreaterThan(polls * 0.97);
    const ratio = (found?.meanLagMs ?? 0) / optimum(faxLike, 1, polls).meanLagMs;
    expect(ratio).toBeGreaterThan(0.85);
    expect(ratio).toBeLessThan(1.15);
  });

  it('is that of the least interval where there are polls to spare', () => {
    const always = expectationOf(curve, BOUNDS, 0);
    expect(leastLag(curve, BOUNDS, always.pollsPerFax + 1)).toEqual(always);
    expect(always.meanLagMs).toBeLessThan(BOUNDS.minMs);
  });

  it('does not exist where the greatest interval takes more polls than there are', () => {
    expect(leastLag(curve, BOUNDS, 1.01)).toBeUndefined();
  });
});

describe('a load', () => {
  it('at a pace gives polls per fax and their lag; twice the pace as half the faxes', () => {
    const now = sized(curve, BOUNDS, { faxesPerHour: 900, pace: 1 });
    expect(now.pollsPerFax).toBeCloseTo(4, 1);
    const twice = sized(curve, BOUNDS, { faxesPerHour: 900, pace: 2 });
    expect(twice.meanLagMs).toBeLessThan((now.meanLagMs ?? 0) / 1.5);
    expect(twice.pollsPerFax).toBeCloseTo(sized(curve, BOUNDS, { faxesPerHour: 450, pace: 1 }).pollsPerFax);
  });

  it('that needs a greater interval gets one; one that takes all polls for the last look falls behind', () => {
    expect(sized(curve, BOUNDS, { faxesPerHour: 3_000, pace: 1 }).meanLagMs).toBeGreaterThan(60_000);
    expect(sized(curve, BOUNDS, { faxesPerHour: 3_600, pace: 1 }).meanLagMs).toBeNull();
  });
});
