import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { binOf, BINS, EDGES, hazards, tableOf } from '../../src/schedule/life-table.ts';
import { SurvivalCurve, worth } from '../../src/schedule/worth.ts';

const LAST_EDGE_MS = EDGES[BINS - 1] as number;
const flat = (perMs: number): Float64Array => new Float64Array(BINS).fill(perMs);

/** The same integral, bin by bin from the definition: S relative to its value at `from`, by Simpson's rule in steps. */
function byIntegration(hazard: Float64Array, fromMs: number, toMs: number): number {
  let [sum, passed, from] = [0, 0, fromMs]; // `passed`: hazard since `fromMs`
  for (let bin = binOf(fromMs); from < toMs; bin += 1) {
    const to = Math.min(toMs, EDGES[bin + 1] ?? Infinity);
    const rate = hazard[bin] as number;
    const steps = Math.ceil(Math.min(1_000, rate * (to - from) * 50)) + 1;
    const width = (to - from) / steps;
    const finished = (ms: number): number => -Math.expm1(-passed - rate * ms);
    for (let step = 0; step < steps; step += 1) {
      const start = step * width;
      sum += (width / 6) * (finished(start) + 4 * finished(start + width / 2) + finished(start + width));
    }
    passed += rate * (to - from);
    from = to;
  }
  return sum;
}

// Hazards that differ from bin to bin: of the faxes that reach a bin none, a few, most, or all but e^-30 finish in it.
const width = (bin: number): number => (EDGES[bin + 1] ?? 2 * LAST_EDGE_MS) - (EDGES[bin] as number);
const passed = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 6, arbitrary: fc.double({ min: 0, max: 0.1, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 30, noNaN: true }) },
);
const hazard = fc
  .array(passed, { minLength: BINS, maxLength: BINS })
  .map((values) => Float64Array.from(values, (value, bin) => value / width(bin)));
const age = fc.double({ min: 0, max: 8, noNaN: true }).map((exponent) => 10 ** exponent - 1);

it('is the integral of the share that has finished since the fax was last known pending', () => {
  fc.assert(
    fc.property(hazard, age, age, (rates, a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const expected = byIntegration(rates, from, to);
      expect(Math.abs(worth(SurvivalCurve.of(rates), from, to) - expected)).toBeLessThan(1e-3 + expected * 1e-3);
    }),
    { numRuns: 300 },
  );
});

it('a constant hazard has the worth that the formula gives, in one bin, across bins and past the last edge', () => {
  const perMs = 1e-6;
  const curve = SurvivalCurve.of(flat(perMs));
  const spans = [
    [0, 40],
    [61_000, 61_100],
    [0, 600_000],
    [300_000, 3e8],
    [LAST_EDGE_MS - 5, LAST_EDGE_MS + 5e6],
    [LAST_EDGE_MS + 1, 2e9],
  ] as const;
  for (const [from, to] of spans) {
    const ms = to - from;
    expect(worth(curve, from, to)).toBeCloseTo(ms + Math.expm1(-perMs * ms) / perMs, 4);
  }
});

it('nothing is worth anything where no fax finishes, past the last edge too', () => {
  const curve = SurvivalCurve.of(flat(0));
  expect(worth(curve, 0, 60_000)).toBe(0);
  expect(worth(curve, 1_000, LAST_EDGE_MS * 3)).toBe(0);
  expect(worth(curve, LAST_EDGE_MS + 10, LAST_EDGE_MS * 2)).toBe(0);
});

it('a hazard too small to matter is none, and spoils no figure', () => {
  for (const perMs of [1e-13, 1e-17, 5e-324]) {
    expect(worth(SurvivalCurve.of(flat(perMs)), 60_000, 90_000)).toBe(0);
    expect(worth(SurvivalCurve.of(flat(perMs)), 60_000, LAST_EDGE_MS * 2)).toBe(0);
  }
  expect(worth(SurvivalCurve.of(flat(1e-12)), 0, 1e9)).toBeCloseTo((1e-12 * 1e18) / 2, -3); // one in 30 years counts
});

it('a fax that finished for certain is worth the time since then, and one asked just now nothing', () => {
  const rates = flat(0);
  const bin = binOf(60_000);
  rates[bin] = 10; // all finish within a few ms after this edge
  const curve = SurvivalCurve.of(rates);
  const finishedAt = EDGES[bin] as number;
  expect(worth(curve, 0, finishedAt + 10_000)).toBeCloseTo(10_000, 0);
  expect(worth(curve, 0, finishedAt)).toBeCloseTo(0, 6);
  expect(worth(curve, 70_000, 70_000)).toBe(0);
});

it('holds where survival itself is too small for a number', () => {
  const perMs = 1; // e^-1000000 of the faxes are left at 1,000 s: only what is relative to them can be computed
  const curve = SurvivalCurve.of(flat(perMs));
  expect(worth(curve, 1_000_000, 1_000_010)).toBeCloseTo(10 + Math.expm1(-10), 6);
  expect(worth(curve, 0, 1_000_000)).toBeCloseTo(999_999, 3);
});

it('grows with the time since the fax was asked for, from 0 up to that time', () => {
  const curve = SurvivalCurve.of(
    hazards(
      tableOf(
        [
          [1, 0.02],
          [60, 0.5],
          [900, 0.95],
          [86_400, 0.999],
        ],
        5,
      ),
    ),
  );
  fc.assert(
    fc.property(age, age, age, (a, b, c) => {
      const [from, sooner, later] = [a, b, c].sort((x, y) => x - y) as [number, number, number];
      const [less, more] = [worth(curve, from, sooner), worth(curve, from, later)];
      expect(less).toBeGreaterThanOrEqual(0);
      expect(more).toBeGreaterThanOrEqual(less - 1e-4);
      expect(more).toBeLessThanOrEqual(later - from + 1e-4);
    }),
  );
});
