import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { BINS, hazards, tableOf } from '../../src/schedule/life-table.ts';
import { durationsCsv, durationsOf } from '../../src/schedule/durations.ts';
import { fromCsv, seeded } from '../bench/trace.ts';

const model = hazards(
  tableOf(
    [
      [1, 0.1],
      [60, 0.6],
      [600, 0.9],
      [1_209_600, 0.999],
    ],
    1,
  ),
);

it('the durations are distributed as the model says', () => {
  const durations = durationsOf(model, 10_000);
  expect(durations).toHaveLength(10_000);
  for (const [seconds, share] of [
    [1, 0.1],
    [60, 0.6],
    [600, 0.9],
  ] as const) {
    expect(durations.filter((duration) => duration <= seconds).length / 10_000).toBeCloseTo(share, 2);
  }
  expect(durations).toEqual([...durations].sort((a, b) => a - b));
});

it('a constant hazard gives the quantiles of the exponential distribution, past the last bin too', () => {
  const [perMs, count] = [1e-9, 50];
  const expected = Array.from({ length: count }, (_, fax) => -Math.log(1 - (fax + 0.5) / count) / perMs / 1000);
  const durations = durationsOf(new Float64Array(BINS).fill(perMs), count);
  durations.forEach((duration, fax) => expect(duration / (expected[fax] as number)).toBeCloseTo(1, 9));
});

it('no fax finishes where the model knows no completion', () => {
  const rates = new Float64Array(BINS);
  rates[BINS - 1] = 1e-6;
  for (const seconds of durationsOf(rates, 3)) expect(seconds).toBeGreaterThan(500_000);
});

it('the benchmarks read the exported file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'durations-'));
  try {
    const file = join(folder, 'durations.csv');
    const durations = durationsOf(model, 100);
    const csv = durationsCsv(durations);
    expect(csv).toMatch(/^seconds\n(\d+\.\d{3}\n){100}$/);
    writeFileSync(file, csv);
    const random = seeded(1);
    const distribution = fromCsv(file);
    for (let i = 0; i < 50; i += 1) {
      const drawn = distribution.draw(random);
      expect(durations.some((duration) => Math.abs(duration - drawn) < 0.001)).toBe(true);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
