import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { binOf, BINS, EDGES, emptyTable, hazards, learnCompletion, learnPending, plus, tableOf } from '../../src/pacing/completion-model.ts';

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
