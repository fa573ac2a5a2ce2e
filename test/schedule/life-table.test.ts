import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  binOf,
  BINS,
  EDGES,
  emptyTable,
  estimate,
  hazards,
  learnCompletion,
  learnPending,
  plus,
  tableOf,
  type LifeTable,
} from '../../src/schedule/life-table.ts';
import { shippedPrior } from '../../src/schedule/prior.ts';

const age = fc.double({ min: 0, max: 1e9, noNaN: true }); // past the last edge too
const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);

it('each age falls into the bin between its edges', () => {
  fc.assert(
    fc.property(age, (ms) => {
      const bin = binOf(ms);
      expect(EDGES[bin]).toBeLessThanOrEqual(ms);
      expect(EDGES[bin + 1] ?? Infinity).toBeGreaterThan(ms);
    }),
  );
  for (let bin = 0; bin < BINS; bin += 1) expect(binOf(EDGES[bin] as number)).toBe(bin);
  for (let bin = 1; bin < BINS; bin += 1) expect(binOf((EDGES[bin] as number) * (1 - Number.EPSILON))).toBe(bin - 1);
  expect(binOf(Number.MAX_VALUE)).toBe(BINS - 1);
});

it('the bins reach from the moment of enqueueing to beyond the longest usual deadline', () => {
  expect(EDGES[0]).toBe(0);
  expect(EDGES.at(-1)).toBeGreaterThan(5 * 24 * 3_600_000);
});

it('a hazard is completions per ms of exposure, and none where no fax was ever watched', () => {
  const table = emptyTable();
  table.exposure.set([4_000, 500]);
  table.completions.set([2, 1, 1]);
  expect([...hazards(table)]).toEqual([0.0005, 0.002, ...Array.from({ length: BINS - 2 }, () => 0)]);
});

it('a fax found pending adds exposure from its last poll to now, and no completion', () => {
  fc.assert(
    fc.property(age, age, (a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const table = emptyTable();
      learnPending(table, from, to);
      expect(sum(table.exposure)).toBeCloseTo(to - from, 3);
      expect(sum(table.completions)).toBe(0);
    }),
  );
});

it('a fax found final adds one completion, spread over the time since it was last pending', () => {
  fc.assert(
    fc.property(age, age, (a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const table = emptyTable();
      learnCompletion(
        table,
        hazards(
          tableOf(
            [
              [1, 0.1],
              [60, 0.9],
            ],
            10,
          ),
        ),
        from,
        to,
      );
      expect(sum(table.completions)).toBeCloseTo(1, 6);
      expect(sum(table.exposure)).toBeLessThanOrEqual(to - from + 1e-3);
      const isOutside = (bin: number): boolean => (EDGES[bin + 1] ?? Infinity) <= from || (EDGES[bin] as number) > to;
      const outside = table.completions.filter((_, bin) => isOutside(bin));
      expect(outside.some((completions) => completions !== 0)).toBe(false);
    }),
  );
});

it.each([
  [0, 1_000],
  [0, 60_000],
  [700, 19_000],
  [15_000, 16_000],
  [18_500, 45_000],
  [39_000, 100_000],
])('a completion between %i and %i ms lies where the known hazard says; the fax was watched until then', (from, to) => {
  const known = hazards(
    tableOf(
      [
        [1, 0.05],
        [20, 0.1],
        [40, 0.8],
        [200, 0.95],
      ],
      100,
    ),
  );
  const table = emptyTable();
  learnCompletion(table, known, from, to);
  const expected = bruteForce(known, from, to);
  expect(furthest(table.completions, expected.completions)).toBeLessThan(0.005);
  expect(furthest(table.exposure, expected.exposure) / (to - from)).toBeLessThan(0.005);
});

const furthest = (a: Float64Array, b: Float64Array): number =>
  Math.max(...a.map((value, bin) => Math.abs(value - (b[bin] ?? NaN))));

it('where no completion was ever seen, one is spread evenly over the time in which it fell', () => {
  const table = emptyTable();
  learnCompletion(table, hazards(emptyTable()), 10_000, 30_000);
  for (let bin = 0; bin < BINS; bin += 1) {
    const inside = Math.min(30_000, EDGES[bin + 1] ?? Infinity) - Math.max(10_000, EDGES[bin] ?? 0);
    expect(table.completions[bin]).toBeCloseTo(Math.max(0, inside) / 20_000, 6);
  }
});

/** What is expected of one completion between two ages, summed over small steps: its bin, and the time watched. */
function bruteForce(known: Float64Array, from: number, to: number) {
  const STEPS = 2_000;
  const table = emptyTable();
  const step = (to - from) / STEPS;
  const middles = Array.from({ length: STEPS }, (_, i) => from + (i + 0.5) * step);
  let survival = 1;
  const density = middles.map((at) => {
    const before = survival;
    survival *= Math.exp(-(known[binOf(at)] ?? 0) * step);
    return before - survival;
  });
  const total = density.reduce((a, b) => a + b, 0);
  let pending = 1;
  for (const [i, at] of middles.entries()) {
    const share = (density[i] ?? 0) / total;
    const bin = binOf(at);
    table.completions[bin] = (table.completions[bin] ?? 0) + share;
    table.exposure[bin] = (table.exposure[bin] ?? 0) + step * (pending - share / 2);
    pending -= share;
  }
  return table;
}

it('learns the hazard of faxes that it sees only every so often', () => {
  let state = 1;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  let model = tableOf(
    [
      [1, 0.02],
      [600, 0.9],
    ],
    5,
  );
  for (let round = 0; round < 20; round += 1) {
    const learned = emptyTable();
    const known = hazards(model);
    for (let fax = 0; fax < 200; fax += 1) {
      const takes = -Math.log(random()) * 60_000; // constant hazard: one in a minute
      let last = 0;
      for (let poll = 7_000 * random(); ; poll += 7_000) {
        if (poll >= takes) {
          learnCompletion(learned, known, last, poll);
          break;
        }
        learnPending(learned, last, poll);
        last = poll;
      }
    }
    model = plus(model, learned);
  }
  const found = hazards(model);
  for (const seconds of [10, 30, 60, 100]) expect((found[binOf(seconds * 1000)] ?? 0) * 60_000).toBeCloseTo(1, 0);
});

it('a prior has the distribution that it is given, and as much weight', () => {
  const table = tableOf(
    [
      [10, 0.2],
      [100, 0.8],
    ],
    50,
  );
  expect(sum(table.completions)).toBeCloseTo(40, 5);
  const survival = (ms: number): number =>
    Math.exp(
      -EDGES.reduce(
        (total, edge, bin) =>
          total + (edge < ms ? (hazards(table)[bin] ?? 0) * (Math.min(ms, EDGES[bin + 1] ?? ms) - edge) : 0),
        0,
      ),
    );
  expect(survival(10_000)).toBeCloseTo(0.8, 1);
  expect(survival(100_000)).toBeCloseTo(0.2, 1);
});

it('between two ages of a prior the logarithm of age counts as uniform, and before the first age itself', () => {
  const table = tableOf(
    [
      [10, 0.2],
      [1_000, 0.8],
    ],
    50,
  );
  const expected = (seconds: number): number => {
    if (seconds <= 10) return (seconds / 10) * 0.2;
    return seconds >= 1_000 ? 0.8 : 0.2 + 0.6 * (Math.log(seconds / 10) / Math.log(100));
  };
  let finished = 0;
  for (let bin = 0; bin + 1 < BINS; bin += 1) {
    finished += (table.completions[bin] ?? 0) / 50;
    expect(finished).toBeCloseTo(expected((EDGES[bin + 1] as number) / 1_000), 6);
  }
});

it('the faxes of a prior were watched for as long as they were pending', () => {
  const table = tableOf(
    [
      [10, 0.2],
      [1_000, 0.8],
    ],
    50,
  );
  const pending = (ms: number): number => 50 - sum(table.completions.filter((_, bin) => (EDGES[bin] ?? 0) < ms));
  for (let bin = 0; bin + 1 < BINS; bin += 1) {
    const [from, to] = [EDGES[bin] as number, EDGES[bin + 1] as number];
    expect((table.exposure[bin] ?? 0) / (to - from)).toBeCloseTo((pending(from) + pending(to)) / 2, 6);
  }
});

it('a prior that knows nothing has no completion', () => {
  expect(sum(tableOf([], 50).completions)).toBe(0);
});

const SHIPPED = shippedPrior();

/** The share of faxes that finish between two ages, of those pending at the first. */
function finishing(rates: Float64Array, fromMs: number, toMs: number): number {
  let sum = 0;
  for (let bin = binOf(fromMs); bin < BINS && (EDGES[bin] as number) < toMs; bin += 1) {
    sum += (rates[bin] as number) * (Math.min(toMs, EDGES[bin + 1] ?? toMs) - Math.max(fromMs, EDGES[bin] as number));
  }
  return -Math.expm1(-sum);
}

/** Faxes that take so long, each asked for every 20 s from an age of its own on. */
function watch(learned: LifeTable, faxes: number, takesMs: (fax: number) => number): void {
  for (let fax = 0; fax < faxes; fax += 1) {
    let last = 0;
    for (let poll = (20_000 * (fax % 7)) / 7; ; poll += 20_000) {
      if (poll >= takesMs(fax)) {
        learnCompletion(learned, estimate(learned, SHIPPED), last, poll);
        break;
      }
      learnPending(learned, last, poll);
      last = poll;
    }
  }
}

it('bins are 3 % wide where faxes mostly finish, and few enough for Redis', () => {
  for (let bin = binOf(5_000); bin < binOf(3_500_000); bin += 1) {
    expect((EDGES[bin + 1] as number) / (EDGES[bin] as number)).toBeLessThan(1.031);
  }
  expect(BINS).toBeLessThan(350);
});

it('the shipped prior says something of every age', () => {
  for (const rate of SHIPPED) expect(rate).toBeGreaterThan(0);
});

it('the shipped prior knows the usual times of retries', () => {
  const minute = 60_000;
  for (const retry of [5, 10, 15]) {
    const around = finishing(SHIPPED, (retry - 0.5) * minute, (retry + 0.5) * minute);
    expect(around).toBeGreaterThan(2 * finishing(SHIPPED, (retry - 2) * minute, (retry - 1) * minute));
  }
});

it('while nothing was learned the estimate is the prior', () => {
  expect(estimate(emptyTable(), SHIPPED)).toEqual(SHIPPED);
});

it('the estimate comes to what was seen, where much was', () => {
  const truth = tableOf(
    [
      [1, 0.1],
      [60, 0.5],
      [600, 0.99],
      [1_209_600, 0.999],
    ],
    1e6,
  );
  const estimated = estimate(truth, SHIPPED);
  const expected = hazards(truth);
  for (let bin = 0; bin < binOf(600_000); bin += 1) {
    expect((estimated[bin] as number) / (expected[bin] as number)).toBeCloseTo(1, 2);
  }
});

it('a completion lifts its own bin most, its surroundings a little, and nothing far away', () => {
  const learned = emptyTable();
  const bin = binOf(100_000);
  learned.completions[bin] = 1;
  const lift = (other: number): number => (estimate(learned, SHIPPED)[other] as number) / (SHIPPED[other] as number);
  const group = bin - (bin % 64);
  const scale = 1.3 / 0.3; // nothing was expected, one was seen
  expect(lift(bin)).toBeCloseTo(scale ** 4, 6);
  expect(lift(group + (group + 63 - bin < 32 ? 0 : 63))).toBeCloseTo(scale, 6);
  expect(lift(group - 1)).toBe(1);
  expect(lift(group + 64)).toBe(1);
});

it('a prior of early completions is soon forgotten where faxes are watched, and stays where none has been', () => {
  const learned = emptyTable();
  for (let fax = 0; fax < 100; fax += 1) learnPending(learned, 0, 400_000);
  const estimated = estimate(learned, SHIPPED);
  expect(finishing(estimated, 0, 400_000)).toBeLessThan(0.01);
  for (let bin = binOf(400_000) + 64; bin < BINS; bin += 1) expect(estimated[bin]).toBe(SHIPPED[bin]);
});

it('sees a retry after 11 minutes, give or take 12 s', () => {
  const learned = emptyTable();
  watch(learned, 300, (fax) => 648_000 + ((fax * 7_919) % 24_000));
  const estimated = estimate(learned, SHIPPED);
  expect(finishing(estimated, 0, 640_000)).toBeLessThan(0.1); // 0.34 in bins of 10 %
  expect(finishing(estimated, 640_000, 680_000)).toBeGreaterThan(0.9); // 0.69
});
