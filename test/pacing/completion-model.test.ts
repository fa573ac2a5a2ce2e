import { readFileSync } from 'node:fs';
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
} from '../../src/pacing/completion-model.ts';

const age = fc.double({ min: 0, max: 6e8, noNaN: true });
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
      learnCompletion(table, hazards(tableOf([[1, 0.1], [60, 0.9]], 10)), from, to);
      expect(sum(table.completions)).toBeCloseTo(1, 6);
      expect(sum(table.exposure)).toBeLessThanOrEqual(to - from + 1e-3);
      for (let bin = 0; bin < BINS; bin += 1) {
        if ((EDGES[bin + 1] ?? Infinity) <= from || (EDGES[bin] as number) > to) expect(table.completions[bin]).toBe(0);
      }
    }),
  );
});

it('learns the hazard of faxes that it sees only every so often', () => {
  let state = 1;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  let model = tableOf([[1, 0.02], [600, 0.9]], 5);
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
  const table = tableOf([[10, 0.2], [100, 0.8]], 50);
  expect(sum(table.completions)).toBeCloseTo(40, 5);
  const survival = (ms: number): number => Math.exp(-EDGES.reduce((total, edge, bin) => total + (edge < ms ? (hazards(table)[bin] ?? 0) * (Math.min(ms, EDGES[bin + 1] ?? ms) - edge) : 0), 0));
  expect(survival(10_000)).toBeCloseTo(0.8, 1);
  expect(survival(100_000)).toBeCloseTo(0.2, 1);
});

const prior = JSON.parse(readFileSync(new URL('../../config/completion-prior.json', import.meta.url), 'utf8')) as {
  distribution: [number, number][];
};
const SHIPPED = hazards(tableOf(prior.distribution, 1));

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
  const truth = tableOf([[1, 0.1], [60, 0.5], [600, 0.99], [1_209_600, 0.999]], 1e6);
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
